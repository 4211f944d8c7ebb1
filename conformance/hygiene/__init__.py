"""What must not get out: secrets in output, addresses that are too open."""

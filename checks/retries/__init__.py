"""Making retries safe: whatever goes wrong on the line, a customer's order exists once."""

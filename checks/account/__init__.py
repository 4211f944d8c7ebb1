"""Securing your account: the key goes to the API, in its header, and nowhere else."""

"""Handling error responses: what a client reads, and what it must not depend on."""

"""Handling error responses: stop where stopping is right, go on where going on is right, and never guess."""

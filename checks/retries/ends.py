"""Making retries safe: every call, and every attempt of it, comes to an end."""

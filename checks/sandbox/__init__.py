"""The endpoint that the client will meet: it keeps the promises that safe retries stand on."""

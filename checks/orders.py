"""Asynchronous mode: an order that was accepted is not finished yet, and may still fail."""

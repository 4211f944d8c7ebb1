"""Clients that are each wrong in one way, and correct ones in unlike styles: the checks are measured by them.

`catalogue.py` says which check must catch which client; `python -m gallery` examines them and prints the table.
Not part of the distribution.
"""

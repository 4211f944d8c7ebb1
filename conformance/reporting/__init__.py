"""Findings in, readiness report out: what all of it adds up to, and how it is told to people and programs.

What lives here: the report's model and verdict, and one module for each form that it is written in.
What must never be known here: how trials are run, what a vendor promises, how a check judges.
"""

"""Judging: pure functions from evidence to remarks. No I/O, no clock, no sandbox."""

"""Time, as the client under test lives it.

What lives here: the virtual clock, under which a whole process waits without waiting. `virtual.install()` is
the way in.
What must never be known here: checks, contracts, the sandbox and what any of the waiting is for.
"""

"""Whether a report can be relied on: what in it has to agree with what else, who signed it, what stands in its files.

What lives here: what follows from what, signatures, and reading what strangers hand over. Pure but for reading the
files of a folder.
What must never be known here: how a report comes about.
"""

"""Two reports, and what is different: what got worse, what got better, and how far the two can be compared. Pure.

What lives here: a comparison as data, how it comes about, and what it looks like.
What must never be known here: where the reports are, and how a single one looks.
"""

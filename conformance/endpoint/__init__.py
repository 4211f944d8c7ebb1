"""The real endpoint: what is asked of it, gently, and what it said.

What lives here: scripts of requests as data, an endpoint that plays them within limits, and dialogues, which are what
is judged.
What must never be known here: any check, clients, and any vendor's name for anything.
"""

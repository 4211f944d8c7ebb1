"""Correct clients in unlike styles, which no check may accuse of anything. Each stands alone, as in the field."""

"""What must go at its term goes, and is on record: content, what waits, whom old records are about.

`job.py` is what to read first: what it does, in which order, and what happens when a part fails.
"""

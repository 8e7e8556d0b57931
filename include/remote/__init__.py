"""What it takes to talk to a system elsewhere: sessions, sign-in, pace, and what its refusals mean.

Sources ask by it and destinations are written to by it; which objects and which rows is theirs alone.
"""

"""Which profile each record belongs to, from one run to the next."""

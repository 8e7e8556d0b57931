"""Stage: cleans the current state of each source row, and sets aside what cannot be used."""

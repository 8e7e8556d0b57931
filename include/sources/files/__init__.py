"""Export files: found, read, checked."""

"""The warehouse: what is published."""

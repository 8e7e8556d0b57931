"""A sample company: its exports in vendor formats, and their truth."""

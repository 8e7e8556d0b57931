"""Retention: what no longer serves anybody goes after its declared time; what somebody needs stays, however old."""

"""Segment: definitions, membership, and why."""

"""Audit: expectations, quarantine, and the gate before publishing."""

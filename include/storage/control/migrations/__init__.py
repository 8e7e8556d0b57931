"""Alembic migrations of the control schema; a test holds them against ``include/contracts/control.py``."""

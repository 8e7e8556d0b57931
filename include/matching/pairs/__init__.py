"""Which pairs of records are compared, and by what levels they agree."""

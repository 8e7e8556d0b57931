"""Values only: sources, matching, survivorship, segments."""

"""What each system's exports mean."""

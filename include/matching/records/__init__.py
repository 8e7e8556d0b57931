"""What a record says, cleaned and encoded: names, addresses, numbers."""

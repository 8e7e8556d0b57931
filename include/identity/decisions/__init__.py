"""What stewards decided."""

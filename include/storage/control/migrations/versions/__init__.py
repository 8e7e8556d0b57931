"""The migrations, each frozen once it is released."""

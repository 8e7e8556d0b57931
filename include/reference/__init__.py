"""The generated pages of the documentation, from the declarations."""

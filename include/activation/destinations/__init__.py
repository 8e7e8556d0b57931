"""The destinations, one module each; ``include/activation/registry.py`` lists them."""

"""How each system is asked: a module a system, after its vendor's public documentation."""

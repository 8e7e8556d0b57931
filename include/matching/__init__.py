"""The engine: which records are one person. Usable alone: ``engine.resolve(table, spec)``."""

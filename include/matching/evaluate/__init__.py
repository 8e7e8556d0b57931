"""How well the engine does, and beside what."""

"""Erasure and access: every trace of one person, gathered, shown to them or erased, and looked for afterwards."""

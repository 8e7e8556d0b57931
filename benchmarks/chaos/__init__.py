"""A pipeline under faults: whether it publishes what an undisturbed one does, and says what stopped it."""

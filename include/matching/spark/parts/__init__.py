"""What tasks do: the engine's own functions on the part of a table, or of its pairs, that a task holds.

Everything here takes and gives Arrow tables and knows nothing of Spark. ``at`` is a record's place in the order of the
whole table, which its pairs are named by; within a task, records are numbered anew in the same order.
"""

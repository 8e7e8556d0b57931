"""What whoever operates it has to know: figures, health, alerts and lineage, from what the stages have left behind."""

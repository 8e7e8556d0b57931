"""Unify: durable profile ids, golden records, contact points, consent, lineage."""

"""Drift: figures of each run, held against those of the weeks before."""

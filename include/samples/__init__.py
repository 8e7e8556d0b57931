"""A sample company: its exports in the vendors' formats with the flaws of life, and the truth behind them."""

from include.samples.generation import SampleSummary, generate

__all__ = ["SampleSummary", "generate"]

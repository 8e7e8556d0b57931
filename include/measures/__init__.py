"""Measure: NPS, usage, renewal, engagement and relation of each profile and account."""

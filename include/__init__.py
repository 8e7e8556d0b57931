"""Kindred: one profile a person from scattered customer data, and segments on those profiles."""

"""Answers to people's questions, across the stages: data only; words are made where they are shown."""

"""Extract: takes exports in, verbatim, by window."""

"""Vendors' systems in small: local servers that speak their documented protocols, with the sample company's rows.

They are written after the vendors' public documentation and take their errors from it. Tests and
`make run SOURCES=simulated` ask them as they would ask the vendors, over real sockets, and let them fail as those do.
"""

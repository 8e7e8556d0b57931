"""What lies in a folder of exports: each table held against every system that is known, by its header and content."""

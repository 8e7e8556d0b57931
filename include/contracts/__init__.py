"""What the stages agree on: tables, references, errors, settings. Imports nothing of the other packages."""

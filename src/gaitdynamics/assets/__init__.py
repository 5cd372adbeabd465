"""Data files that ship with the package: the generic skeleton and the notes on where its numbers are from."""

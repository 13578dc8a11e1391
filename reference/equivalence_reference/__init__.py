"""NumPy references of the operations, one family a module."""

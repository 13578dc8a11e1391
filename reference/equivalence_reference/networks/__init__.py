"""Whole networks as graphs of the catalogue's operations, small enough to be compared number by number."""

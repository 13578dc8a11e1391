"""Statements of the seed documents, computed through the catalogue's operations; a module for each document."""

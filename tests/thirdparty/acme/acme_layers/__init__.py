"""Acme's layers: NumPy with gradients by complex steps."""

"""Acme's operations in PyTorch, whose adapter comes with the suite."""

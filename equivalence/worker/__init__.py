"""The worker process: one framework, in its own interpreter, called through frames.

These modules need the standard library and NumPy >= 1.23 alone, because they run in every stack.
"""

"""Slow, literal implementations: witnesses that share no code with the references."""

"""How the parameters of networks are drawn: small enough that no step saturates, and never all alike."""

from __future__ import annotations

from equivalence.inputs import Real


def weights(axes: str, width: float = 0.5) -> Real:
    """Numbers on both sides of 0."""
    return Real(axes, low=-width, high=width)


def biases(axes: str) -> Real:
    """Positive numbers, so that few windows hold nothing but zeros of a relu."""
    return Real(axes, low=0.1, high=0.8)

"""Layers that one input conditions on another."""

from __future__ import annotations

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import case, operation


@operation(
    inputs={"x": "n h", "condition": "n c", "weight": "g c", "bias": "g"},
    output="n h",
    parameters={"gain": (1.0, 0.5)},
    sizes={"g": "3*h"},
    blocks={"g": "scale shift gate"},
    cases=[
        case("distinct_sizes", {"n": 2, "h": 4, "c": 3}),
        case("equal_sizes", {"n": 3, "h": 3, "c": 3}),
        case("gain", {"n": 4, "h": 2, "c": 5}, gain=0.5),
        case("without_bias", {"n": 5, "h": 3, "c": 2}, without=["bias"]),
    ],
)
def scale_and_shift(
    x: Array, condition: Array, weight: Array, bias: Array | None = None, *, gain: float = 1.0
) -> Array:
    r"""Scale and shift each feature as the condition says, as far as a gate lets it through.

    .. math:: y_{nh} = \lambda \sigma(q_{nh}) (s_{nh} x_{nh} + t_{nh}), \qquad
        (s, t, q)_{ng} = b_g + \sum_c w_{gc} z_{nc}

    Args:
        x: :math:`x`, features, ``n h``.
        condition: :math:`z`, ``n c``.
        weight: :math:`w`, ``g c``; along ``g = 3 h`` the rows of the scale, of the shift, then of the gate.
        bias: :math:`b`, ``g``, in the same order.
        gain: :math:`\lambda`.

    Returns:
        ``n h``.

    Source: Perez et al., FiLM: Visual reasoning with a general conditioning layer (2018), with a gate.
    """
    scale, shift, gate = _parts(condition, weight, bias)
    return gain * _sigmoid(gate) * (scale * x + shift)


@scale_and_shift.vjp
def scale_and_shift_vjp(
    cotangent: Array, x: Array, condition: Array, weight: Array, bias: Array | None = None, *, gain: float = 1.0
) -> dict[str, Array]:
    """Go back through the product, then through the weighted sum."""
    scale, shift, gate = _parts(condition, weight, bias)
    opened = gain * _sigmoid(gate)
    before = np.concatenate(
        [
            cotangent * opened * x,
            cotangent * opened,
            cotangent * opened * (1 - _sigmoid(gate)) * (scale * x + shift),
        ],
        axis=1,
    )
    gradients = {"x": cotangent * opened * scale, "condition": before @ weight, "weight": before.T @ condition}
    return gradients if bias is None else {**gradients, "bias": before.sum(0)}


def _parts(condition: Array, weight: Array, bias: Array | None) -> list[Array]:
    return np.split(condition @ weight.T + (0 if bias is None else bias), 3, axis=1)


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))

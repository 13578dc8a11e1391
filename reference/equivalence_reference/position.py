"""Position embeddings: what tells a layer where in a sequence a vector stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array, Mask
from equivalence.operation import operation
from equivalence_reference._arguments import known, measured
from equivalence_reference.cases import position as cases
from equivalence_reference.witnesses import position as by_loops

LAYOUTS = ("interleave", "concat")
"""How sines and cosines share an axis: by turns, or one half after the other."""

PAIRINGS = ("half", "interleave")
"""Which features turn together: one of each half, or neighbours."""


def _angles(positions: int, features: int, offset: int, base: float) -> Array:
    """Position times frequency, ``t i``, for half as many frequencies as features."""
    frequencies = base ** (-2 * np.arange(features // 2) / features)
    return np.outer(np.arange(offset, offset + positions), frequencies)


def _even(operation: str, argument: str, letter: str, size: int) -> None:
    if size % 2:
        raise ShapeError(
            f"{argument} of {operation}",
            expected=f"an even size on axis {letter}",
            got=size,
            fix="Every frequency has two features.",
        )


@operation(
    inputs={"x": "n t c"},
    output="n t c",
    parameters={"layout": LAYOUTS, "offset": (0, 3), "base": (10000.0, 100.0)},
    cases=cases.SINUSOIDAL,
)
def sinusoidal_position_embedding(
    x: Array, *, layout: str = "interleave", offset: int = 0, base: float = 10000.0
) -> Array:
    r"""Add waves whose lengths grow from one pair of features to the next.

    .. math:: y_{ntc} = x_{ntc} + p_{tc}, \qquad
        p_{t,2i} = \sin \frac{t + o}{b^{2i/C}}, \qquad p_{t,2i+1} = \cos \frac{t + o}{b^{2i/C}}

    for :math:`i < C/2`, and with ``layout="concat"`` all sines first: :math:`p_{t,i}` and :math:`p_{t,C/2+i}`.

    Args:
        x: :math:`x`, ``n t c``, an even number :math:`C` of features.
        layout: ``interleave`` or ``concat``.
        offset: :math:`o`, the position of the first step.
        base: :math:`b`.

    Returns:
        ``n t c``.

    Raises:
        ParameterError: for another layout.
        ShapeError: for an odd number of features.

    Source: Vaswani et al., Attention is all you need (2017), section 3.5.
    """
    t, c = measured(sinusoidal_position_embedding, x=x)["t"], x.shape[2]
    known("layout of sinusoidal_position_embedding", layout, LAYOUTS)
    _even("sinusoidal_position_embedding", "x", "c", c)
    angles = _angles(t, c, offset, base)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=1 if layout == "concat" else 2)
    return np.asarray(x + waves.reshape(t, c).astype(x.dtype))


@sinusoidal_position_embedding.vjp
def sinusoidal_position_embedding_vjp(cotangent: Array, x: Array, **_: Any) -> dict[str, Array]:
    """The cotangent as it is: what is added does not depend on ``x``."""
    return {"x": np.array(cotangent, x.dtype)}


sinusoidal_position_embedding.witness("a sine or a cosine for each number")(by_loops.sinusoidal)
sinusoidal_position_embedding.values(
    "worked by hand: the position 3 with frequencies 1 and 1/10, all sines first",
    x=[[[1.0, 1.0, 1.0, 1.0]]],
    layout="concat",
    offset=3,
    base=100.0,
    expected=[[[1 + math.sin(3.0), 1 + math.sin(0.3), 1 + math.cos(3.0), 1 + math.cos(0.3)]]],
)


@operation(
    inputs={"x": "n m t d"},
    output="n m t d",
    parameters={"pairing": PAIRINGS, "offset": (0, 3), "base": (10000.0, 100.0)},
    cases=cases.ROTARY,
)
def rotary_position_embedding(x: Array, *, pairing: str = "half", offset: int = 0, base: float = 10000.0) -> Array:
    r"""Turn each pair of features by an angle that grows with the position.

    .. math:: y_{nmta} = x_{nmta} \cos \theta_{ti} - x_{nmtb} \sin \theta_{ti}, \qquad
        y_{nmtb} = x_{nmtb} \cos \theta_{ti} + x_{nmta} \sin \theta_{ti}, \qquad
        \theta_{ti} = (t + o)\, b^{-2i/D}

    for :math:`i < D/2`, where :math:`a = i` and :math:`b = D/2 + i` with ``pairing="half"``, and :math:`a = 2i` and
    :math:`b = 2i + 1` with ``interleave``. Products of two turned vectors depend on the distance of their positions
    alone.

    Args:
        x: :math:`x`, queries or keys of each head, ``n m t d``, an even number :math:`D` of features.
        pairing: ``half`` or ``interleave``.
        offset: :math:`o`, the position of the first step.
        base: :math:`b` in the frequencies :math:`b^{-2i/D}`.

    Returns:
        ``n m t d``.

    Raises:
        ParameterError: for another pairing.
        ShapeError: for an odd number of features.

    Source: Su et al., RoFormer (2021), equation 34 (``interleave``); ``half`` as in
    https://github.com/EleutherAI/gpt-neox (rotate_half).
    """
    d = measured(rotary_position_embedding, x=x)["d"]
    known("pairing of rotary_position_embedding", pairing, PAIRINGS)
    _even("rotary_position_embedding", "x", "d", d)
    return _turned(x, _angles(x.shape[2], d, offset, base), pairing)


def _turned(x: Array, angles: Array, pairing: str) -> Array:
    cosine, sine = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    half = x.shape[3] // 2
    one, other = (x[..., :half], x[..., half:]) if pairing == "half" else (x[..., ::2], x[..., 1::2])
    turned = [one * cosine - other * sine, other * cosine + one * sine]
    return np.asarray(np.stack(turned, axis=3 if pairing == "half" else 4).reshape(x.shape))


@rotary_position_embedding.vjp
def rotary_position_embedding_vjp(
    cotangent: Array, x: Array, *, pairing: str = "half", offset: int = 0, base: float = 10000.0
) -> dict[str, Array]:
    """Turn the cotangent back, by minus the angle."""
    return {"x": _turned(cotangent, -_angles(x.shape[2], x.shape[3], offset, base), pairing)}


rotary_position_embedding.witness("a product of complex numbers for each pair")(by_loops.rotary)
rotary_position_embedding.values(
    "worked by hand: (3, 4) at the position 1 is turned by 1, and (1, 2) by 1/10",
    x=[[[[3.0, 4.0, 1.0, 2.0]]]],
    pairing="interleave",
    offset=1,
    base=100.0,
    expected=[
        [
            [
                [
                    3 * math.cos(1.0) - 4 * math.sin(1.0),
                    4 * math.cos(1.0) + 3 * math.sin(1.0),
                    math.cos(0.1) - 2 * math.sin(0.1),
                    2 * math.cos(0.1) + math.sin(0.1),
                ]
            ]
        ]
    ],
)


@operation(
    inputs={"x": "n t c", "weight": "v c", "mask": Mask("n t")},
    output="n t c",
    parameters={"offset": (0, 2)},
    cases=cases.LEARNED,
)
def learned_position_embedding(x: Array, weight: Array, mask: Array | None = None, *, offset: int = 0) -> Array:
    r"""Add a learned vector for each position.

    .. math:: y_{ntc} = x_{ntc} + W_{p_{nt} c}, \qquad
        p_{nt} = \begin{cases} o + t & \text{without a mask} \\
        o - 1 + M_{nt} \sum_{s \le t} M_{ns} & \text{with one} \end{cases}

    so that positions with a mask :math:`M` count what is no padding, and padding has the position :math:`o - 1`.

    Args:
        x: :math:`x`, ``n t c``.
        weight: :math:`W`, ``v c``, a row for each position; at least :math:`T + o` rows.
        mask: :math:`M`, true where there is no padding, ``n t``.
        offset: :math:`o`, the first position; with a mask at least 1.

    Returns:
        ``n t c``.

    Raises:
        ShapeError: if there are too few rows.
        ParameterError: if the offset is negative, or 0 with a mask.

    Source: https://github.com/facebookresearch/fairseq (make_positions and LearnedPositionalEmbedding, where
    :math:`o` is padding_idx + 1); Devlin et al., BERT (2018), section 3.
    """
    sizes = measured(learned_position_embedding, x=x, weight=weight, mask=mask)
    least = 0 if mask is None else 1
    if offset < least:
        raise ParameterError(
            "offset of learned_position_embedding",
            expected=f"at least {least}",
            got=offset,
            fix="Padding is before it.",
        )
    if sizes["v"] < sizes["t"] + offset:
        raise ShapeError(
            "weight of learned_position_embedding",
            expected=f"at least {sizes['t'] + offset} rows on axis v",
            got=sizes["v"],
            fix="Every position has a row, and those before the offset as well.",
        )
    return np.asarray(x + weight[_positions(x, mask, offset)])


def _positions(x: Array, mask: Array | None, offset: int) -> Array:
    if mask is None:
        return np.broadcast_to(np.arange(offset, offset + x.shape[1]), x.shape[:2])
    counted = mask.astype(np.int64)
    return np.asarray(np.cumsum(counted, axis=1) * counted + offset - 1)


@learned_position_embedding.vjp
def learned_position_embedding_vjp(
    cotangent: Array, x: Array, weight: Array, mask: Array | None = None, *, offset: int = 0
) -> dict[str, Array]:
    """A row of the weight gets the sum of the cotangents where it was added."""
    rows = np.zeros_like(weight)
    np.add.at(rows, _positions(x, mask, offset), cotangent)
    return {"x": np.array(cotangent, x.dtype), "weight": rows}


learned_position_embedding.witness("counting positions one by one")(by_loops.learned)
learned_position_embedding.values(
    "worked by hand: padding takes the row before the first position, and does not count",
    x=[[[100.0], [200.0], [300.0]]],
    weight=[[1.0], [2.0], [3.0], [4.0], [5.0]],
    mask=[[False, True, True]],
    offset=2,
    expected=[[[102.0], [203.0], [304.0]]],
)

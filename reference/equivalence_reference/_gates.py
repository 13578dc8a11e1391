r"""The inside of gated cells: from the sums of a step to its new state, and back.

Gates are the second axis, ``n g ...``; what comes after are units, or units and pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._correlation import correlate
from equivalence_reference._recurrence import sigmoid
from equivalence_reference._windows import Windows, slide


@dataclass(frozen=True)
class Peepholes:
    """What the gates of an LSTM see of its cell; none if nothing."""

    i: Array | None = None
    f: Array | None = None
    o: Array | None = None


@dataclass(frozen=True)
class MemoryNotes:
    """What an LSTM's step keeps for its way back: its gates, the cell before and after, and the cell's tanh."""

    i: Array
    f: Array
    g: Array
    o: Array
    before: Array
    after: Array
    shown: Array


def memory(sums: Array, cell: Array, forget_bias: float, peepholes: Peepholes) -> tuple[Array, Array, MemoryNotes]:
    """The new output and cell of an LSTM from its sums ``i f g o`` and its old cell."""
    i = sigmoid(_peeking(sums[:, 0], peepholes.i, cell))
    f = sigmoid(_peeking(sums[:, 1], peepholes.f, cell) + forget_bias)
    g = np.tanh(sums[:, 2])
    after = f * cell + i * g
    o = sigmoid(_peeking(sums[:, 3], peepholes.o, after))
    shown = np.tanh(after)
    return o * shown, after, MemoryNotes(i, f, g, o, cell, after, shown)


def memory_back(notes: MemoryNotes, output: Array, cell: Array, peepholes: Peepholes) -> tuple[Array, Array]:
    """From the cotangents of the new output and cell to those of the sums and of the old cell."""
    o = output * notes.shown * notes.o * (1 - notes.o)
    cell = _peeking(cell + output * notes.o * (1 - notes.shown * notes.shown), peepholes.o, o)
    i = cell * notes.g * notes.i * (1 - notes.i)
    f = cell * notes.before * notes.f * (1 - notes.f)
    g = cell * notes.i * (1 - notes.g * notes.g)
    before = _peeking(_peeking(cell * notes.f, peepholes.i, i), peepholes.f, f)
    return np.stack([i, f, g, o], axis=1), before


def _peeking(sums: Array, weight: Array | None, seen: Array) -> Array:
    return sums if weight is None else sums + weight * seen


@dataclass(frozen=True)
class Update:
    """The weights of a GRU's state, and whether its reset gate comes after their product with the state."""

    weight: Array
    bias: Array | None
    reset_after: bool


@dataclass(frozen=True)
class UpdateNotes:
    """What a GRU's step keeps for its way back: gates, candidate, the state before, what the weights met of it."""

    r: Array
    z: Array
    candidate: Array
    before: Array
    met: Array
    candidate_sum: Array


def update(sums: Array, state: Array, how: Update) -> tuple[Array, UpdateNotes]:
    """The new state of a GRU from the sums ``r z n`` of its input and its old state."""
    bias = np.zeros_like(sums[0]) if how.bias is None else how.bias
    recurrent = [state @ how.weight[gate].T + bias[gate] for gate in range(2)]
    r, z = sigmoid(sums[:, 0] + recurrent[0]), sigmoid(sums[:, 1] + recurrent[1])
    met = state if how.reset_after else r * state
    candidate_sum = met @ how.weight[2].T + bias[2]
    candidate = np.tanh(sums[:, 2] + (r * candidate_sum if how.reset_after else candidate_sum))
    new = (1 - z) * candidate + z * state
    return new, UpdateNotes(r, z, candidate, state, np.stack([state, state, met], axis=1), candidate_sum)


def update_back(notes: UpdateNotes, new: Array, how: Update) -> tuple[Array, Array, Array]:
    """From the cotangent of the new state to those of the input's sums, of the state's sums, and of the old state."""
    n = new * (1 - notes.z) * (1 - notes.candidate * notes.candidate)
    z = new * (notes.before - notes.candidate) * notes.z * (1 - notes.z)
    recurrent_n = n * notes.r if how.reset_after else n
    met = recurrent_n @ how.weight[2]
    reset = n * notes.candidate_sum if how.reset_after else met * notes.before
    r = reset * notes.r * (1 - notes.r)
    before = new * notes.z + r @ how.weight[0] + z @ how.weight[1] + (met if how.reset_after else met * notes.r)
    return np.stack([r, z, n], axis=1), np.stack([r, z, recurrent_n], axis=1), before


def same(x: Array, weight: Array) -> Windows:
    """Where the filters of a convolution lie that keeps the size of the image."""
    return slide("conv_lstm_cell", x.shape[2:], weight.shape[3:], padding="same_upper")


def packed(weight: Array) -> Array:
    """All filters of all gates in one axis, as a convolution takes them."""
    return weight.reshape(-1, *weight.shape[2:])


def convolved(x: Array, hidden: Array, weight: Array, recurrent_weight: Array, bias: Array | None) -> Array:
    """The sums of all gates, ``n g o h w``."""
    windows = same(x, weight)
    sums = correlate(windows, x, packed(weight), 1) + correlate(windows, hidden, packed(recurrent_weight), 1)
    apart = sums.reshape(x.shape[0], *weight.shape[:2], *x.shape[2:])
    return apart if bias is None else apart + bias[:, :, None, None]

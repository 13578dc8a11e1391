"""Recurrent cells number by number: plain Python loops over examples, steps, units and weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Row = list[float]
Example = Callable[[int, int, dict[str, Row]], dict[str, Row]]
"""From an example, a time and the state by name to the new state."""


def logistic(value: float) -> float:
    """The sigmoid of a number."""
    return 1.0 / (1.0 + math.exp(-value))


def dot(row: Sequence[float], others: Sequence[float]) -> float:
    """Add up products."""
    return math.fsum(a * b for a, b in zip(row, others, strict=True))


def number(array: Array | None, *place: int) -> float:
    """A number of an argument that may be left out, where it counts as zero."""
    return 0.0 if array is None else float(array[place])


def start(given: Array | None, example: int, units: int) -> Row:
    """The state of one example at the start."""
    return [0.0] * units if given is None else [float(value) for value in given[example]]


def loop(
    cell: Example,
    states: Sequence[dict[str, Row]],
    valid: Sequence[Sequence[bool]],
    *,
    backwards: bool,
    masked_output: str,
) -> tuple[Array, list[dict[str, Row]]]:
    """Walk each example by itself; a step that is not valid is stepped over."""
    sequences, finals = [], []
    for example, (state, steps) in enumerate(zip(states, valid, strict=True)):
        current, outputs = dict(state), [[0.0] * len(state["h"]) for _ in steps]
        order = list(range(len(steps)))
        for time in order[::-1] if backwards else order:
            if steps[time]:
                current = cell(example, time, current)
            if steps[time] or masked_output == "repeat":
                outputs[time] = current["h"]
        sequences.append(outputs)
        finals.append(current)
    return np.array(sequences), finals


def as_long_as(lengths: Array | None, examples: int, steps: int) -> list[list[bool]]:
    """Which steps are valid."""
    if lengths is None:
        return [[True] * steps for _ in range(examples)]
    return [[time < int(length) for time in range(steps)] for length in lengths]


def elman_cell(
    x: Array, weight: Array, recurrent_weight: Array, bias: Array | None, activation: Callable[[float], float]
) -> Example:
    """One unit after the other."""

    def cell(example: int, time: int, state: dict[str, Row]) -> dict[str, Row]:
        return {
            "h": [
                activation(
                    dot(x[example, time], weight[unit]) + dot(state["h"], recurrent_weight[unit]) + number(bias, unit)
                )
                for unit in range(len(weight))
            ]
        }

    return cell


def lstm_cell(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None,
    peepholes: tuple[Array | None, Array | None, Array | None],
    forget_bias: float,
) -> Example:
    """One unit after the other; every gate by its own formula."""

    def total(gate: int, unit: int, example: int, time: int, h: Row) -> float:
        given = dot(x[example, time], weight[gate, unit])
        return given + dot(h, recurrent_weight[gate, unit]) + number(bias, gate, unit)

    def cell(example: int, time: int, state: dict[str, Row]) -> dict[str, Row]:
        new: dict[str, Row] = {"h": [], "c": []}
        for unit in range(weight.shape[1]):
            old = state["c"][unit]
            sums = [total(gate, unit, example, time, state["h"]) for gate in range(4)]
            entering = logistic(sums[0] + number(peepholes[0], unit) * old)
            staying = logistic(sums[1] + number(peepholes[1], unit) * old + forget_bias)
            content = staying * old + entering * math.tanh(sums[2])
            leaving = logistic(sums[3] + number(peepholes[2], unit) * content)
            new["c"].append(content)
            new["h"].append(leaving * math.tanh(content))
        return new

    return cell


def gru_cell(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None,
    recurrent_bias: Array | None,
    *,
    reset_after: bool,
) -> Example:
    """All reset gates first, because a candidate may need those of other units."""

    def cell(example: int, time: int, state: dict[str, Row]) -> dict[str, Row]:
        old, units = state["h"], range(weight.shape[1])

        def given(gate: int, unit: int) -> float:
            return dot(x[example, time], weight[gate, unit]) + number(bias, gate, unit)

        def recurrent(gate: int, unit: int, seen: Row) -> float:
            return dot(seen, recurrent_weight[gate, unit]) + number(recurrent_bias, gate, unit)

        reset = [logistic(given(0, unit) + recurrent(0, unit, old)) for unit in units]
        kept = [value * gate for value, gate in zip(old, reset, strict=True)]
        new = []
        for unit in units:
            keep = logistic(given(1, unit) + recurrent(1, unit, old))
            memory = reset[unit] * recurrent(2, unit, old) if reset_after else recurrent(2, unit, kept)
            new.append(keep * old[unit] + (1.0 - keep) * math.tanh(given(2, unit) + memory))
        return {"h": new}

    return cell


def conv_lstm_cell(
    x: Array,
    hidden: Array,
    cell: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    *,
    forget_bias: float,
) -> tuple[Array, Array]:
    """One pixel of one feature map after the other; pixels outside the image are left out."""
    new_hidden, new_cell = np.zeros(cell.shape), np.zeros(cell.shape)
    for n, o, row, column in np.ndindex(cell.shape):
        sums = [
            _window(x[n], weight[gate, o], row, column)
            + _window(hidden[n], recurrent_weight[gate, o], row, column)
            + number(bias, gate, o)
            for gate in range(4)
        ]
        content = logistic(sums[1] + forget_bias) * float(cell[n, o, row, column])
        content += logistic(sums[0]) * math.tanh(sums[2])
        new_cell[n, o, row, column] = content
        new_hidden[n, o, row, column] = logistic(sums[3]) * math.tanh(content)
    return new_hidden, new_cell


def _window(image: Array, kernel: Array, row: int, column: int) -> float:
    channels, height, width = image.shape
    _, p, q = kernel.shape
    total = 0.0
    for c in range(channels):
        for down in range(p):
            for right in range(q):
                y, x = row + down - (p - 1) // 2, column + right - (q - 1) // 2
                if 0 <= y < height and 0 <= x < width:
                    total += float(image[c, y, x] * kernel[c, down, right])
    return total


def simple_rnn(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    mask: Array | None = None,
    *,
    activation: str,
    **walk: Any,
) -> dict[str, Array]:
    """Walk example after example."""
    function = math.tanh if activation == "tanh" else lambda value: max(value, 0.0)
    cell = elman_cell(x, weight, recurrent_weight, bias, function)
    states = [{"h": start(h0, n, len(weight))} for n in range(len(x))]
    valid = as_long_as(None, len(x), x.shape[1]) if mask is None else mask.tolist()
    sequence, finals = loop(cell, states, valid, **walk)
    return {"sequence": sequence, "last": np.array([state["h"] for state in finals])}


def lstm(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    *,
    forget_bias: float,
    backwards: bool,
    masked_output: str,
    **given: Any,
) -> dict[str, Array]:
    """Walk example after example."""
    peepholes = given.get("peephole_i"), given.get("peephole_f"), given.get("peephole_o")
    cell = lstm_cell(x, weight, recurrent_weight, given.get("bias"), peepholes, forget_bias)
    units, valid = weight.shape[1], as_long_as(given.get("lengths"), len(x), x.shape[1])
    states = [{"h": start(given.get("h0"), n, units), "c": start(given.get("c0"), n, units)} for n in range(len(x))]
    sequence, finals = loop(cell, states, valid, backwards=backwards, masked_output=masked_output)
    last, content = (np.array([state[name] for state in finals]) for name in ("h", "c"))
    return {"sequence": sequence, "last": last, "cell": content}


def gru(
    x: Array,
    weight: Array,
    recurrent_weight: Array,
    bias: Array | None = None,
    recurrent_bias: Array | None = None,
    h0: Array | None = None,
    lengths: Array | None = None,
    *,
    reset_after: bool,
    **walk: Any,
) -> dict[str, Array]:
    """Walk example after example."""
    cell = gru_cell(x, weight, recurrent_weight, bias, recurrent_bias, reset_after=reset_after)
    states = [{"h": start(h0, n, weight.shape[1])} for n in range(len(x))]
    sequence, finals = loop(cell, states, as_long_as(lengths, len(x), x.shape[1]), **walk)
    return {"sequence": sequence, "last": np.array([state["h"] for state in finals])}


def bidirectional_gru(x: Array, lengths: Array | None = None, *, merge: str, **both: Any) -> dict[str, Array]:
    """Walk there and back, and merge the outputs of each step."""
    found = []
    for prefix, backwards in (("", False), ("backward_", True)):
        names = ("weight", "recurrent_weight", "bias", "recurrent_bias", "h0")
        own: dict[str, Any] = {name: both.get(prefix + name) for name in names}
        own |= {"lengths": lengths, "backwards": backwards, "masked_output": "zero"}
        found.append(gru(x, reset_after=True, **own))
    rows = []
    for there, here in zip(found[0]["sequence"].tolist(), found[1]["sequence"].tolist(), strict=True):
        pairs = zip(there, here, strict=True)
        rows.append([a + b if merge == "concat" else [p + q for p, q in zip(a, b, strict=True)] for a, b in pairs])
    return {"sequence": np.array(rows), "last": found[0]["last"], "backward_last": found[1]["last"]}

"""How a difference between two layers shows, and whether it shows the same way on other inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equivalence.answer import Probe
from equivalence.comparison import TOLERANCES
from equivalence.diagnosis.evidence import Evidence
from equivalence.engine import random_cotangents
from equivalence.inputs import Array, Positive, Real
from equivalence.observation import Observation, distance
from equivalence.port_judging import Precise, judge
from equivalence.sides import SIDES, Inputs, Run

Runs = Mapping[str, Run]
Shows = Callable[[Inputs], Runs | None]

GRADIENT = 3
"""The rank of a difference in the gradients alone."""

_AGREE = 1e-6
_SHARE = 1e-3
"""How much of a difference must be left."""

_NUDGE = 1e-3


class LostError(Exception):
    """A worker died or did not answer: there is no use in asking it again."""


@dataclass(frozen=True)
class Difference:
    """A difference on one probe.

    Attributes:
        rank: of several, the lowest tells most.
        item: the probe.
        dtype: what it shows in.
        shows: runs both layers on other inputs; what they gave if the difference is there too, else nothing.
    """

    rank: int
    item: Observation
    dtype: str
    shows: Shows


def differences(evidence: Evidence, probes: Sequence[Probe]) -> list[Difference]:
    """The differences seen, those first that tell most: outputs, shapes, exceptions, gradients, precision, effects."""
    apart: dict[str, set[str]] = {}
    for probe in probes:
        if probe.verdict == "different":
            apart.setdefault(probe.kind, set()).add(probe.dtype)
    found = [_difference(evidence, item, apart[item.name]) for item in evidence.observed if item.name in apart]
    return sorted((one for one in found if one is not None), key=lambda one: one.rank)


def cotangents(evidence: Evidence, inputs: Inputs, run: Run) -> dict[str, Array]:
    """The cotangents that come with inputs, or else are drawn for the outputs."""
    state = run.effects.get("state", ())
    outputs = {name: array for name, array in run.outputs.items() if name not in state}
    drawn = random_cotangents(outputs, "float32", evidence.sides.seed, inputs.setting.name)
    return dict(inputs.cotangents) or {name: array.astype(np.float64) for name, array in drawn.items()}


def _difference(evidence: Evidence, item: Observation, dtypes: set[str]) -> Difference | None:
    raised = [side for side in SIDES if getattr(item, side).error is not None]
    limit = max(10 * evidence.tolerance, _AGREE)
    if len(raised) == 1:
        return Difference(2, item, "float64", _raises(evidence, item))
    if raised:
        return None
    if item.error > 10 * evidence.tolerance or ("float64" in dtypes and item.error > TOLERANCES["float64"]):
        rank = int(not math.isfinite(item.error))
        return Difference(rank, item, "float64", _values(evidence, item, min(limit, item.error / 2)))
    if item.ported.gradients and distance(item.ported.gradients, item.original.gradients) > _AGREE:
        return Difference(GRADIENT, item, "float64", _gradient(evidence, item))
    if _seen(item.original) != _seen(item.ported):
        return Difference(5, item, "float64", _effects(evidence, item))
    narrow = sorted(dtypes - {"float64"})
    return Difference(4, item, narrow[0], _precision(evidence, narrow[0])) if narrow else None


def _run(evidence: Evidence, inputs: Inputs, dtype: str = "float64", given: Mapping[str, Array] | None = None) -> Runs:
    runs = evidence.sides.run(inputs, dtype, given)
    if any(run.error is not None and run.error.kind != "raised" for run in runs.values()):
        raise LostError
    return runs


def _fine(runs: Runs) -> bool:
    return not any(run.error for run in runs.values())


def _raises(evidence: Evidence, item: Observation) -> Shows:
    """The same side raises the same exception, and the other does not."""

    def type_of(run: Run) -> str:
        return run.error.raised["type"] if run.error else ""

    expected = {name: type_of(getattr(item, name)) for name in SIDES}

    def shows(inputs: Inputs) -> Runs | None:
        runs = _run(evidence, inputs)
        return runs if {name: type_of(run) for name, run in runs.items()} == expected else None

    return shows


def _values(evidence: Evidence, item: Observation, least: float) -> Shows:
    """The outputs differ in shape, in NaN and infinity, or else in finite numbers, and not by chance alone."""
    kind = _kind(item.original.outputs, item.ported.outputs)
    least = max(least, _SHARE * item.error) if math.isfinite(item.error) else least

    def apart(inputs: Inputs) -> tuple[Runs, bool]:
        runs = _run(evidence, inputs)
        if not _fine(runs):
            return runs, False
        outputs = [runs[side].outputs for side in SIDES]
        return runs, _kind(*outputs) == kind and distance(outputs[1], outputs[0]) > least

    return _lasting(evidence, item, apart) if kind == "finite" else _once(apart)


def _gradient(evidence: Evidence, item: Observation) -> Shows:
    """The gradients differ although the outputs agree, and not by chance alone."""
    before = distance(item.ported.gradients, item.original.gradients)
    least = max(10 * _AGREE, _SHARE * before) if math.isfinite(before) else 10 * _AGREE

    def apart(inputs: Inputs) -> tuple[Runs, bool]:
        runs = _run(evidence, inputs)
        if not _fine(runs) or distance(runs["ported"].outputs, runs["original"].outputs) > 10 * evidence.tolerance:
            return runs, False
        runs = _run(evidence, inputs, given=cotangents(evidence, inputs, runs["original"]))
        if not _fine(runs):
            return runs, False
        return runs, distance(runs["ported"].gradients, runs["original"].gradients) > least

    return _lasting(evidence, item, apart)


def _precision(evidence: Evidence, dtype: str) -> Shows:
    """In the narrower dtype the ported layer is off by much more than the original, and float64 agrees."""

    def shows(inputs: Inputs) -> Runs | None:
        runs = {each: _run(evidence, inputs, each) for each in ("float64", dtype)}
        if not all(_fine(pair) for pair in runs.values()):
            return None
        for name in runs["float64"]["original"].outputs:
            pairs: dict[str, Any] = {
                each: tuple(pair[side].outputs[name] for side in SIDES) for each, pair in runs.items()
            }
            judged = judge(name, pairs, Precise())
            if judged["float64"].verdict == "equal" and judged[dtype].verdict == "different":
                return runs[dtype]
        return None

    return shows


def _effects(evidence: Evidence, item: Observation) -> Shows:
    """Each side changes its arguments, or returns something else when called again, as it does on the probe."""
    expected = _seen(item.original), _seen(item.ported)

    def shows(inputs: Inputs) -> Runs | None:
        runs = _run(evidence, inputs)
        return runs if _fine(runs) and (_seen(runs["original"]), _seen(runs["ported"])) == expected else None

    return shows


def _seen(run: Run) -> tuple[bool, ...]:
    return tuple(bool(run.effects.get(kind)) for kind in ("mutated", "unrepeatable"))


def _kind(left: Mapping[str, Array], right: Mapping[str, Array]) -> str:
    if {n: np.shape(a) for n, a in left.items()} != {n: np.shape(a) for n, a in right.items()}:
        return "shape"
    return "finite" if math.isfinite(distance(left, right)) else "nonfinite"


def _once(apart: Callable[[Inputs], tuple[Runs, bool]]) -> Shows:
    def shows(inputs: Inputs) -> Runs | None:
        runs, found = apart(inputs)
        return runs if found else None

    return shows


def _lasting(evidence: Evidence, item: Observation, apart: Callable[[Inputs], tuple[Runs, bool]]) -> Shows:
    """The difference is there, and is there on both sides of the inputs too.

    Right layers may differ at a tie or in a corner, and simple values are full of both. A difference found on ordinary
    values must not end as one of those.
    """
    if item.inputs.setting.data:
        return _once(apart)

    def shows(inputs: Inputs) -> Runs | None:
        runs, found = apart(inputs)
        return runs if found and all(apart(_nudged(evidence, inputs, sign))[1] for sign in (1, -1)) else None

    return shows


def _nudged(evidence: Evidence, inputs: Inputs, sign: int) -> Inputs:
    rng = np.random.default_rng(evidence.sides.seed)
    arrays = dict(inputs.arrays)
    for name, kind in evidence.port.arguments.items():
        if isinstance(kind, (Real, Positive)):
            size = np.maximum(np.abs(arrays[name]), isinstance(kind, Real) and kind.low is None)
            away = rng.uniform(0.5, 1, size.shape) * rng.choice([-1, 1], size.shape)
            arrays[name] = arrays[name] + sign * _NUDGE * size * away
            if isinstance(kind, Real) and kind.low is not None:
                arrays[name] = np.clip(arrays[name], kind.low, kind.high)
    return replace(inputs, arrays=arrays)

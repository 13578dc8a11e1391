"""Diagnoses from what one layer does and the other does not, whatever it computes: tried by running both again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equivalence import axes as _axes
from equivalence.answer import Diagnosis
from equivalence.diagnosis import curves, epsilons, inside
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.hypothesis import Arrays
from equivalence.inputs import Array, Real
from equivalence.observation import Observation, distance
from equivalence.sides import Inputs

_CONFIDENCE = 0.6
_KEPT = 3
_MIX = 0.3


def diagnose(evidence: Evidence) -> list[Diagnosis]:
    """What one layer does and the other does not, best first; empty if they behave alike."""
    ordinary = [item for item in evidence.telling if not item.inputs.setting.data]
    found = [
        *(_statistics(evidence, ordinary[0]) if ordinary else ()),
        *inside.diagnose(evidence),
        *epsilons.diagnose(evidence),
        *curves.diagnose(evidence),
    ]
    best: dict[str, Diagnosis] = {}
    for one in sorted(found, key=lambda one: -one.confidence):
        best.setdefault(one.code, one)
    return list(best.values())[:_KEPT]


def _statistics(evidence: Evidence, item: Observation) -> Iterator[Diagnosis]:
    """A normalization by its input's own statistics is not affine in it; one by stored statistics is."""
    for name in _data(evidence, item):
        affine = {side: _affine(evidence, item.inputs, side, name) for side in ("original", "ported")}
        if affine["original"] == affine["ported"] or not _normalizes(evidence, item.inputs, name, affine):
            continue
        stored, own = ("ported", "original") if affine["ported"] else ("original", "ported")
        yield Diagnosis(
            code="statistics.source",
            confidence=_CONFIDENCE,
            message=f"The {stored} layer normalizes with stored statistics, the {own} layer with its input's: the "
            f"{stored} one is affine in {name}, and a factor on {name} makes no difference to the {own} one.",
            fix="Run both in the same mode, training or inference; keep running statistics on neither side or both.",
            error_before=item.error,
            error_after=None,
            probe=item.name,
        )


def _data(evidence: Evidence, item: Observation) -> list[str]:
    kinds = evidence.port.arguments
    return [
        name
        for name, role in evidence.roles.items()
        if role == "data" and isinstance(kinds[name], Real) and item.inputs.arrays[name].ndim == _rank(evidence, name)
    ]


def _rank(evidence: Evidence, name: str) -> int:
    return len(_axes.names(evidence.port.arguments[name].axes))


def _run(evidence: Evidence, side: str, inputs: Inputs) -> Arrays | None:
    return evidence.original(inputs) if side == "original" else evidence.ported(inputs)


def _affine(evidence: Evidence, inputs: Inputs, side: str, name: str) -> bool:
    """Whether f(a x + (1 - a) y) is a f(x) + (1 - a) f(y)."""
    one = inputs.arrays[name]
    two = np.roll(one[::-1], 1, axis=-1) * 1.5 + 0.25
    runs = [_run(evidence, side, changed(inputs, **{name: x})) for x in (one, two, _MIX * one + (1 - _MIX) * two)]
    if any(run is None for run in runs):
        return False
    first, second, between = (run or {} for run in runs)
    mixed = {key: _MIX * first[key] + (1 - _MIX) * second[key] for key in between}
    return distance(mixed, between) <= evidence.tolerance


def _normalizes(evidence: Evidence, inputs: Inputs, name: str, affine: dict[str, bool]) -> bool:
    """Whether the layer that is not affine takes no notice of a factor on its input."""
    side = "ported" if affine["original"] else "original"
    first = _run(evidence, side, inputs)
    scaled: Array = inputs.arrays[name] * 4.0
    second = _run(evidence, side, changed(inputs, **{name: scaled}))
    return first is not None and second is not None and distance(first, second) <= _ALIKE


_ALIKE = 1e-2

"""Trying hypotheses: one by one on the probe that tells most, then on every other and on fresh ones, then in pairs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, permutations

import numpy as np

from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Hypothesis, together
from equivalence.observation import Observation

ENOUGH = 2
"""Probes whose outputs differ on which a hypothesis must hold, fresh ones among them."""

PAIRS = 8000
"""Pairs of hypotheses that are tried."""

_TELLING = 3


@dataclass(frozen=True)
class Confirmed:
    """A hypothesis that explains every probe it applies to."""

    hypothesis: Hypothesis
    item: Observation
    before: float
    after: float
    single: bool = True


def confirm(evidence: Evidence, hypothesis: Hypothesis, item: Observation) -> Confirmed | None:
    """Try a hypothesis on the probe, then on the others and on fresh ones; none if it fails anywhere.

    A probe on which a hypothesis does not apply says nothing, unless its outputs differ although it does not.
    """
    first = _after(evidence, hypothesis, item)
    if first is None:
        return None
    others = [other for other in evidence.complete if other is not item]
    worst, shown = first, 1
    for other in [*others, *evidence.fresh(item)]:
        if not other.complete or _nowhere_a_number(other):
            continue
        predicted = hypothesis.predict(evidence.original, other.inputs)
        apart = evidence.apart(other)
        if predicted is None and (not apart or other.inputs.earlier):
            continue
        if not evidence.explained(predicted, other):
            return None
        shown += apart
        if predicted is not None and not other.inputs.setting.data:
            worst = max(worst, evidence.left(predicted, other))
    return Confirmed(hypothesis, item, item.error, worst) if shown >= ENOUGH else None


def _nowhere_a_number(item: Observation) -> bool:
    """Whether the ported layer gave NaN alone, which any wrong argument may have made of it."""
    return all(array.dtype.kind == "f" and np.isnan(array).all() for array in item.ported.outputs.values())


def _after(evidence: Evidence, hypothesis: Hypothesis, item: Observation) -> float | None:
    predicted = hypothesis.predict(evidence.original, item.inputs)
    if predicted is None or not evidence.explained(predicted, item):
        return None
    return evidence.left(predicted, item)


def singles(evidence: Evidence, hypotheses: Iterable[Hypothesis]) -> Iterator[Confirmed]:
    """The hypotheses that explain everything, in the order they come."""
    tried = _spread(evidence.telling)
    for hypothesis in hypotheses:
        item = next((item for item in tried if _applies(evidence, hypothesis, item)), None)
        found = None if item is None else confirm(evidence, hypothesis, item)
        if found is not None:
            yield found


def _applies(evidence: Evidence, hypothesis: Hypothesis, item: Observation) -> bool:
    return hypothesis.predict(evidence.original, item.inputs) is not None


def pairs(evidence: Evidence, hypotheses: Sequence[Hypothesis], deadline: float) -> Iterator[Confirmed]:
    """Two of the common hypotheses at once, in both orders, until a moment of the monotonic clock."""
    common = [hypothesis for hypothesis in hypotheses if hypothesis.common]
    bases = [hypothesis for hypothesis in hypotheses if hypothesis.base and not hypothesis.common]
    ordered = [
        *(((one, other), one + other) for one, other in permutations(range(len(common)), 2)),
        *(((len(common) + one, other), one + other) for one in range(len(bases)) for other in range(len(common))),
    ]
    every = [*common, *bases]
    # The likelier both are, the sooner they are tried.
    ranked = [(every[one], every[other]) for (one, other), _ in sorted(ordered, key=lambda item: item[1])]
    joined = (
        both for pair in islice(ranked, PAIRS) if time.monotonic() < deadline and (both := together(*pair)) is not None
    )
    for found in singles(evidence, joined):
        yield Confirmed(found.hypothesis, found.item, found.before, found.after, single=False)


def _spread(telling: Sequence[Observation]) -> list[Observation]:
    """A few probes that differ, whose sizes are not alike: a hypothesis may need equal sizes, or unequal ones."""
    found: dict[object, Observation] = {}
    for item in telling:
        equal = len({repr(size) for size in item.inputs.setting.sizes.values()}) < len(item.inputs.setting.sizes)
        found.setdefault((equal, bool(item.inputs.setting.data)), item)
    return list(found.values())[:_TELLING]

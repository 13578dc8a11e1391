"""Naming the convention in which two layers differ: hypotheses, each confirmed on fresh probes before it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from equivalence.answer import Diagnosis, Probe
from equivalence.diagnosis import (
    arguments,
    behaviours,
    catalogue,
    curves,
    effects,
    gradients,
    joints,
    layouts,
    outputs,
    sweeps,
    symptoms,
)
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Hypothesis
from equivalence.diagnosis.search import Confirmed, pairs, singles

LIMIT = 4.0
"""Seconds that each kind of hypothesis may take, and the pairs of them; what was found until then is told."""

KEPT = 3
"""Diagnoses that are told."""

_SURE = 0.9

GENERATORS: Sequence[Callable[[Evidence], Iterator[Hypothesis]]] = (
    catalogue.hypotheses,
    catalogue.farther,
    joints.hypotheses,
    curves.hypotheses,
    sweeps.hypotheses,
    layouts.hypotheses,
    arguments.hypotheses,
    outputs.hypotheses,
    sweeps.factors,
)
"""Where hypotheses come from; once one is believed, the others are not asked."""


def diagnose(evidence: Evidence, probes: Sequence[Probe] = ()) -> list[Diagnosis]:
    """What explains the difference, best first; never empty.

    Args:
        evidence: the probes on which both layers ran, and the layers.
        probes: the verdicts in each dtype.
    """
    found = [*effects.diagnose(evidence), *effects.lower(evidence)]
    if found:
        return found
    if evidence.telling:
        found = _told(_search(evidence)) or symptoms.whole(evidence) or behaviours.diagnose(evidence)
    else:
        found = gradients.diagnose(evidence) or list(effects.precision(evidence, probes))
    return found or symptoms.diagnose(evidence, probes)


def _search(evidence: Evidence) -> list[Confirmed]:
    tried: list[Hypothesis] = []
    found: list[Confirmed] = []
    evidence.stand_in = next((fit.predict for fit in catalogue.identify(evidence, "original")), None)
    for generate in GENERATORS:
        found += singles(evidence, _until(time.monotonic() + LIMIT, generate(evidence), tried))
        if any(item.hypothesis.prior >= _SURE for item in found):
            return found
    return found or list(islice(pairs(evidence, tried, time.monotonic() + LIMIT), KEPT))


def _until(deadline: float, hypotheses: Iterable[Hypothesis], tried: list[Hypothesis]) -> Iterator[Hypothesis]:
    for hypothesis in hypotheses:
        tried.append(hypothesis)
        yield hypothesis
        if time.monotonic() > deadline:
            return


def _told(found: Sequence[Confirmed]) -> list[Diagnosis]:
    """One diagnosis per code, ordered by how far it is to be believed."""
    best: dict[str, Confirmed] = {}
    for item in sorted(found, key=lambda item: -item.hypothesis.prior):
        best.setdefault(item.hypothesis.code, item)
    kept = list(best.values())[:KEPT]
    return [_diagnosis(item, rank) for rank, item in enumerate(kept)]


def _diagnosis(item: Confirmed, rank: int) -> Diagnosis:
    hypothesis = item.hypothesis
    return Diagnosis(
        code=hypothesis.code,
        confidence=round(hypothesis.prior / (1 + rank), 3),
        message=hypothesis.message,
        fix=hypothesis.fix,
        error_before=item.before,
        error_after=item.after,
        probe=item.item.name,
    )

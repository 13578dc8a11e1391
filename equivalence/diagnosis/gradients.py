"""Diagnoses of layers that return the same outputs and other gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from equivalence.answer import Diagnosis
from equivalence.diagnosis import catalogue
from equivalence.diagnosis.evidence import Evidence
from equivalence.inputs import Array
from equivalence.observation import Observation, distance
from equivalence.ties import STRATEGIES

_AGREE = 1e-6


def diagnose(evidence: Evidence) -> list[Diagnosis]:
    """What explains a difference in the gradients alone, best first; empty if there is none."""
    apart = [item for item in evidence.complete if _apart(item) > _AGREE]
    if not apart:
        return []
    tied = all(set(item.inputs.setting.data.values()) & set(STRATEGIES) for item in apart)
    found = [*([] if tied else _faults(evidence, apart)), *_patterns(evidence, apart)]
    best = {item.code: item for item in sorted(found, key=lambda item: item.confidence)}
    return sorted(best.values(), key=lambda item: -item.confidence)


def _apart(item: Observation) -> float:
    if not item.original.gradients or not item.ported.gradients:
        return 0.0
    return distance(item.ported.gradients, item.original.gradients)


def _faults(evidence: Evidence, apart: Sequence[Observation]) -> Iterator[Diagnosis]:
    """Faults of the gradient of the operation that both layers are."""
    for hypothesis in catalogue.gradients(evidence):
        if hypothesis.gradient is None:
            continue
        predicted = [hypothesis.gradient(item.inputs, item.cotangents, item.original.gradients) for item in apart]
        after = [
            distance({name: found[name] for name in item.ported.gradients}, item.ported.gradients)
            if found is not None and set(item.ported.gradients) <= set(found)
            else np.inf
            for item, found in zip(apart, predicted, strict=True)
        ]
        if max(after) <= _AGREE:
            yield Diagnosis(
                code=hypothesis.code,
                confidence=hypothesis.prior,
                message=hypothesis.message,
                fix=hypothesis.fix,
                error_before=_apart(apart[0]),
                error_after=max(after),
                probe=apart[0].name,
            )


def _patterns(evidence: Evidence, apart: Sequence[Observation]) -> Iterator[Diagnosis]:
    """Zero, a factor, or another share at ties: what the gradients of each argument look like beside the original's."""
    for name in apart[0].original.gradients:
        pairs = [(item.original.gradients[name], item.ported.gradients[name]) for item in apart]
        differ = [pair for pair in pairs if distance({"": pair[1]}, {"": pair[0]}) > _AGREE]
        if not differ:
            continue
        own = evidence.port.own_name("ported", name)
        if all(not ported.any() for _, ported in differ):
            yield _told(apart[0], "gradient.blocked", 0.95, f"No gradient reaches {own} in the ported layer.", name)
            continue
        factors = [_factor(*pair) for pair in differ]
        if all(factor is not None for factor in factors):
            said = ", ".join(dict.fromkeys(f"{factor:.4g}" for factor in factors))
            message = f"The gradient of {own} in the ported layer is the original's times {said}."
            yield _told(apart[0], "gradient.scale", 0.9, message, name)
        elif all(set(item.inputs.setting.data.values()) & set(STRATEGIES) for item in apart):
            message = f"Where values of {own} are tied, the ported layer's gradient goes to other elements."
            yield _told(apart[0], "gradient.ties", 0.85, message, name)
        elif all(_partly_zero(*pair) for pair in differ):
            message = f"The gradient of {own} is zero in places in the ported layer where the original's is not."
            yield _told(apart[0], "gradient.blocked", 0.7, message, name)
        else:
            message = f"The gradient of {own} differs though the outputs agree: a path is stopped, or an approximation."
            yield _told(apart[0], "gradient.blocked", 0.4, message, name)


def _factor(original: Array, ported: Array) -> float | None:
    """The one factor between two gradients; none if there is none."""
    square = float(np.sum(original * original))
    if square == 0.0:
        return None
    factor = float(np.sum(original * ported)) / square
    return factor if distance({"": ported}, {"": factor * original}) <= _AGREE else None


def _partly_zero(original: Array, ported: Array) -> bool:
    other = np.abs(original - ported) > _AGREE * (1.0 + np.abs(original))
    return bool(np.all(ported[other] == 0.0))


_FIXES = {
    "gradient.blocked": "Remove what stops the gradient: detach, no_grad, stop_gradient, a conversion to NumPy or to "
    "integers.",
    "gradient.scale": "Mend the factor in the custom gradient, such as the 1/(H W) of an average.",
    "gradient.ties": "Nothing to mend if the frameworks document it; else share or pick the tied maximum as the "
    "original does.",
}


def _told(item: Observation, code: str, confidence: float, message: str, name: str) -> Diagnosis:
    before = distance({name: item.ported.gradients[name]}, {name: item.original.gradients[name]})
    return Diagnosis(
        code=code,
        confidence=confidence,
        message=message,
        fix=_FIXES[code],
        error_before=before,
        error_after=None,
        probe=item.name,
    )

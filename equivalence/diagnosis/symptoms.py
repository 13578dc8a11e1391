"""What is said of a difference that no hypothesis explains: where it shows, and what that makes likely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from equivalence import axes as _axes
from equivalence.answer import Diagnosis, Probe
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.spots import View
from equivalence.inputs import Array, Real
from equivalence.observation import Observation

_SEVERAL = 2

_ONLY: Sequence[tuple[frozenset[str], str, str]] = (
    (frozenset({"small", "tiny", "positive-small", "positive-tiny"}), "epsilon.value", "small values"),
    (frozenset({"constant"}), "epsilon.value", "values without spread"),
    (frozenset({"limits"}), "constant.value", "values at their limits"),
    (frozenset({"saturation", "large"}), "constant.value", "large values"),
    (frozenset({"negative"}), "constant.value", "negative values"),
    (frozenset({"offset"}), "precision.cancellation", "data far from zero"),
    (frozenset({"end", "start", "single", "none"}), "sequence.mask", "masks with false elements"),
    (frozenset({"low", "rising"}), "sequence.mask", "short sequences"),
    (frozenset({"ends"}), "index.out-of-range", "indices at the ends of their range"),
)
"""Kinds of data on which alone a difference shows, the code that makes likely, and how they are called."""


def diagnose(evidence: Evidence, probes: Sequence[Probe] = ()) -> list[Diagnosis]:
    """The likeliest code with a low confidence, or ``unknown``; always with what is known."""
    if not evidence.telling:
        return [_raised(evidence, probes)]
    item = evidence.telling[0]
    if (found := _factors(evidence)) is not None:
        return [found]
    for code, message in _guesses(evidence):
        return [_told(item, code, 0.35, f"{message} No single change of the original explains it on every probe.")]
    shown = ", ".join(dict.fromkeys(item.name for item in evidence.telling[:3]))
    message = f"The layers differ on {len(evidence.telling)} of {len(evidence.complete)} probes ({shown}, ...)"
    return [_told(item, "unknown", 0.1, f"{message}, and nothing that is known explains it.")]


def _factors(evidence: Evidence) -> Diagnosis | None:
    """One factor between the outputs on each probe, whatever it depends on."""
    factors, after = [], 0.0
    for item in evidence.telling:
        original, ported = (_flat(run.outputs) for run in (item.original, item.ported))
        square = float(original @ original) if original.shape == ported.shape else 0.0
        if not np.isfinite(square) or square == 0.0 or original.size < _SEVERAL:
            return None
        factors.append(float(original @ ported) / square)
        after = max(after, float(np.max(np.abs(ported - factors[-1] * original)) / np.max(np.abs(original))))
    if after > evidence.tolerance:
        return None
    said = ", ".join(dict.fromkeys(f"{factor:.4g}" for factor in factors[:3]))
    told = _told(
        evidence.telling[0],
        "scale.factor",
        0.8,
        f"On each probe the ported layer's outputs are the original's times one number, which sizes decide ({said}).",
    )
    return replace(told, error_after=after, fix="Look at what the outputs are divided by or scaled with.")


def _flat(outputs: Mapping[str, Array]) -> Array:
    return np.concatenate([np.ravel(np.asarray(array, np.float64)) for array in outputs.values()])


def whole(evidence: Evidence) -> list[Diagnosis]:
    """Whole numbers that are one apart."""
    return [_told(evidence.telling[0], code, 0.7, message) for code, message in _whole(evidence)]


def _guesses(evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield from _shapes(evidence)
    kinds = [set(item.inputs.setting.data.values()) for item in evidence.telling]
    for strategies, code, words in _ONLY:
        if all(kind & strategies for kind in kinds):
            yield code, f"The layers differ on {words} alone."
    if all(item.inputs.setting.earlier for item in evidence.telling):
        training = evidence.port.original.training or evidence.port.ported.training
        yield (
            "statistics.source" if training else "effect.state",
            "The layers differ after earlier batches alone.",
        )
    yield from _borders(evidence)
    yield from _without(evidence)


def _without(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The parameters, one or two, at whose zero the layers agree: what they do with these differs."""
    item = evidence.telling[0]
    real = [name for name in evidence.parameters if isinstance(evidence.port.arguments[name], Real)]
    for names in (*combinations(real, 1), *combinations(real, 2)):
        zeros = {name: np.zeros_like(item.inputs.arrays[name]) for name in names}
        found = evidence.observe(changed(item.inputs, **zeros))
        if found.complete and not evidence.apart(found):
            said = " and ".join(evidence.port.own_name("ported", name) for name in names)
            code = "gate.formula" if View(evidence).recurrent else "unknown"
            yield code, f"The layers agree at {said} = 0: they differ in what they do with it."
            return


def _whole(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Whole numbers on both sides, one apart at most: rounded on one side, cut off on the other."""
    for item in evidence.telling:
        for name, original in item.original.outputs.items():
            ported = item.ported.outputs.get(name)
            if ported is None or ported.shape != original.shape or original.size < _SEVERAL:
                return
            if any(array.dtype.kind == "f" and (array != np.rint(array)).any() for array in (original, ported)):
                return
            if np.max(np.abs(original.astype(np.float64) - ported)) > 1:
                return
    yield "precision.integer", "Both layers give whole numbers that are one apart at most: rounded here, cut off there."


def _shapes(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Output sizes that differ: by a constant, by a factor, or by one for some sizes."""
    pairs = [
        (one, two)
        for item in evidence.complete
        for name, array in item.original.outputs.items()
        if (ported := item.ported.outputs.get(name)) is not None and ported.ndim == array.ndim
        for one, two in zip(array.shape, ported.shape, strict=True)
    ]
    apart = [(one, two) for one, two in pairs if one != two]
    if not apart:
        return
    said = f"An output has {apart[0][1]} elements along an axis in the ported layer, {apart[0][0]} in the original."
    factors = {round(two / one, 1) for one, two in apart if one}
    if all(abs(one - two) == 1 for one, two in apart) and len(apart) < len(pairs) / 4:
        yield "window.rounding", said
    elif len(factors) == 1 and factors <= {0.5, 2.0, 3.0, 0.3}:
        yield "stride.value", said
    else:
        yield "padding.amount", said


def _borders(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Differences along the edges of some axis alone."""
    seen = set()
    for item in evidence.telling:
        for name, axes in evidence.port.original.results.items():
            places = _edges(item, name, axes)
            if places is None:
                return
            seen |= places
    if seen:
        yield "padding.value", f"The layers agree inside and differ at the edges of {', '.join(sorted(seen))}."


def _edges(item: Observation, name: str, axes: str) -> set[str] | None:
    """The axes at whose edges alone two outputs differ; none if they differ inside too."""
    left, right = item.original.outputs[name], item.ported.outputs[name]
    if left.shape != right.shape or "..." in axes:
        return None
    wrong = ~np.isclose(left, right, rtol=1e-7, atol=1e-9, equal_nan=True)
    if not wrong.any():
        return set()
    found = set()
    for place, letter in enumerate(_axes.names(axes)):
        size = left.shape[place]
        inside = tuple(slice(1, -1) if k == place and size > 2 else slice(None) for k in range(left.ndim))  # noqa: PLR2004
        if size > 2 and not wrong[inside].any():  # noqa: PLR2004
            found.add(letter)
    return found or None


def _raised(evidence: Evidence, probes: Sequence[Probe]) -> Diagnosis:
    """Nothing could be compared on the probes that differ: a layer raises there."""
    probe = next((probe for probe in probes if probe.verdict == "different"), None)
    name = probe.name if probe is not None else evidence.observed[0].name
    reason = probe.reason if probe is not None else "the layers differ"
    return Diagnosis(
        code="unknown",
        confidence=0.1,
        message=f"On {name}: {reason}.",
        fix="Look at the line that is named.",
        error_before=np.inf,
        error_after=None,
        probe=name,
    )


def _told(item: Observation, code: str, confidence: float, message: str) -> Diagnosis:
    return Diagnosis(
        code=code,
        confidence=confidence,
        message=message,
        fix="",
        error_before=item.error,
        error_after=None,
        probe=item.name,
    )

"""Diagnoses of what a layer does beside returning outputs, and of the precision it computes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from equivalence.answer import Diagnosis, Probe
from equivalence.comparison import Comparison
from equivalence.diagnosis.evidence import Evidence
from equivalence.sides import Inputs

_CALLS = 5
_FAR = 1e-2


def diagnose(evidence: Evidence) -> Iterator[Diagnosis]:
    """Arguments that are written into, and outputs that change from call to call."""
    original, ported = (evidence.effects.get(side, {}) for side in ("original", "ported"))
    item = next((item for item in evidence.observed if item.inputs.setting.effects), None)
    if item is None:
        return
    if alone := sorted(set(ported.get("mutated", ())) - set(original.get("mutated", ()))):
        names = ", ".join(evidence.port.own_name("ported", name) for name in alone)
        yield Diagnosis(
            code="effect.input-mutated",
            confidence=0.97,
            message=f"The ported layer writes into its argument {names}: what uses it afterwards sees other numbers.",
            fix=f"Work on a copy of {names}, or out of place (inplace=False).",
            error_before=item.error,
            error_after=None,
            probe=item.name,
        )
    if ported.get("unrepeatable") and not original.get("unrepeatable"):
        code, what = _kind(evidence, item.inputs)
        yield Diagnosis(
            code=code,
            confidence=0.9,
            message=f"The ported layer {what}: the same arguments give other outputs when it is called again.",
            fix="Switch it to inference, or pass what is drawn or kept as an argument.",
            error_before=item.error,
            error_after=None,
            probe=item.name,
        )


def _kind(evidence: Evidence, inputs: Inputs) -> tuple[str, str]:
    """State moves on from call to call; random numbers come and go."""
    calls = [evidence.sides.run(inputs, sides=["ported"])["ported"] for _ in range(_CALLS)]
    if any(call.error for call in calls):
        return "effect.state", "keeps state from call to call"
    flat = [np.concatenate([np.ravel(array) for array in call.outputs.values()]) for call in calls]
    moved = [float(np.linalg.norm(values - flat[0])) for values in flat[1:]]
    if all(one <= two for one, two in pairwise(moved)) and moved[-1] > moved[0]:
        return "effect.state", "keeps state from call to call"
    return "effect.random", "draws random numbers"


def lower(evidence: Evidence) -> Iterator[Diagnosis]:
    """A layer that takes no notice of digits float32 does not have, and is nowhere far off."""
    apart = [item for item in evidence.complete if item.error > evidence.tolerance and not item.inputs.setting.data]
    if not evidence.lower or not apart or max(item.error for item in apart) > _FAR:
        return
    worst = max(apart, key=lambda item: item.error)
    yield Diagnosis(
        code="precision.lower",
        confidence=0.95,
        message="The ported layer computes in a lower precision than it is asked for: it is off by "
        f"{worst.error:.1e} in float64, and digits that float32 does not have make no difference to it.",
        fix="Keep the dtype of the arguments: no cast to float32 or half inside, no TF32.",
        error_before=worst.error,
        error_after=None,
        probe=worst.name,
    )


def precision(evidence: Evidence, probes: Sequence[Probe]) -> Iterator[Diagnosis]:
    """What is lost although the formula is right: only in float32, or at float64 no better than float32."""
    for probe in probes:
        if probe.verdict != "different" or not probe.forward:
            continue
        for name, compared in probe.forward.items():
            if compared.verdict == "different":
                found = _lost(evidence, probe, name, compared)
                if found is not None:
                    yield found
                    return


def _lost(evidence: Evidence, probe: Probe, name: str, compared: Comparison) -> Diagnosis | None:
    beside = next((item for item in evidence.observed if item.name == probe.kind), None)
    if beside is None or compared.required_tolerance is None:
        return None
    values = bool(beside.inputs.setting.data)
    shown = f" on {probe.kind}" if values else ""
    own = evidence.port.own_name("ported", name)
    if probe.dtype == "float64" and "lower precision" in compared.reason:
        code, confidence = "precision.lower", 0.95
        message = f"{own} is computed in a lower precision than the float64 that was asked for."
        fix = "Keep the dtype of the arguments: no cast to float32 or half inside, no TF32."
    elif probe.dtype == "float32" and not np.isfinite(compared.required_tolerance):
        code, confidence = "precision.overflow", 0.9
        message = f"{own} overflows in float32{shown} where the original does not; float64 agrees."
        fix = "Use the form that cannot overflow: subtract the maximum, or switch to the asymptote."
    elif probe.dtype == "float32" and beside.error <= evidence.tolerance:
        code, confidence = "precision.cancellation", 0.9 if values else 0.6
        message = f"{own} loses digits in float32{shown} that the original keeps; the formula is right in float64."
        fix = "Subtract before squaring: the variance from centred data, log-softmax from shifted logits."
    else:
        return None
    return Diagnosis(
        code=code,
        confidence=confidence,
        message=message,
        fix=fix,
        error_before=compared.required_tolerance,
        error_after=None,
        probe=probe.name,
    )

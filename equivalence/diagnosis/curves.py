"""Layers that work on each number of an argument by itself: what the ported one is, as a function of that number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from equivalence.answer import Diagnosis
from equivalence.diagnosis import scalars
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.parameters import code_of
from equivalence.diagnosis.sampling import Curve, curves, hidden
from equivalence.diagnosis.scalars import GRID, Piece, Scalar
from equivalence.inputs import Array

if TYPE_CHECKING:
    from equivalence.sides import Inputs

_FAR = 2.0**20
_NEAR = 3.0
_FIX = "Use the slopes and limits of the original."
_SHARPER = (1.0, 0.7, 1.4, 0.5, 2.0, 0.25, 4.0)
_INVERSES: dict[str, Callable[[Array], Array]] = {"sigmoid": lambda y: np.log(y) - np.log1p(-y), "tanh": np.arctanh}


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """What the ported layer is as a function of the number that the original works on."""
    found = curves(evidence)
    candidates = list(scalars.elementwise(evidence.known)) if found else []
    for curve in found:
        names = [_named(evidence, values, candidates) for values in (curve.original, curve.ported)]
        straight = [scalars.pieces(GRID, values) for values in (curve.original, curve.ported)]
        if names[1] is not None or (straight[1] is not None and (straight[0] is None or max(map(len, straight)) > 1)):  # type: ignore[arg-type]
            yield from _replaced(curve, names, straight)
        yield from _related(curve, names, straight)
        yield from _scaled(curve)


def _named(evidence: Evidence, values: Array, candidates: Sequence[Scalar]) -> Scalar | None:
    straight = scalars.pieces(GRID, values)
    found = scalars.recognised(evidence.known, values, candidates)
    made_up = (
        found is not None and straight is not None and any("(k x)" in name or "k f" in name for name in found.settings)
    )
    return None if made_up or (straight is not None and len(straight) == 1) else found


Names = Sequence["Scalar | None"]
Straight = Sequence["list[Piece] | None"]


def _replaced(curve: Curve, names: Names, straight: Straight) -> Iterator[Hypothesis]:
    """The ported layer's function of what the original works on."""
    pieces = straight[1]
    function = names[1].function if names[1] is not None else scalars.piecewise(pieces or ())
    code, message, fix = told(curve, names, straight)
    for inner in _inner(curve, names[0]):

        def base(inputs: Inputs, inner: Callable[[Inputs], Array | None] = inner) -> Arrays | None:
            found = inner(inputs)
            return None if found is None else {curve.sampler.output.name: function(found)}

        yield Hypothesis(code=code, message=message, fix=fix, prior=0.94, base=base)


def _inner(curve: Curve, name: Scalar | None) -> Iterator[Callable[[Inputs], Array | None]]:
    """What the function is applied to: the argument itself, or what is left of the output once it is undone."""
    spot, output, evidence = curve.sampler.spot, curve.sampler.output, curve.sampler.evidence
    if spot.part == "data" and len(spot.axes) == len(output.axes):
        yield lambda inputs: inputs.arrays[spot.name].transpose([spot.axes.index(axis) for axis in output.axes])
    far = curve.original[GRID > 100] - GRID[GRID > 100]  # noqa: PLR2004 - where an activation is straight
    if np.ptp(far) <= 1e-9:  # noqa: PLR2004

        def far_out(inputs: Inputs) -> Array | None:
            found = evidence.original(changed(inputs, **{spot.name: inputs.arrays[spot.name] + _FAR}))
            return None if found is None else found[output.name] - _FAR - far[0]

        yield far_out
    inverse = _INVERSES.get(name.said) if name is not None else None
    if inverse is not None:

        def undone(inputs: Inputs) -> Array | None:
            found = evidence.original(inputs)
            with np.errstate(all="ignore"):
                return None if found is None else inverse(found[output.name])

        yield undone


def _related(curve: Curve, names: Names, straight: Straight) -> Iterator[Hypothesis]:
    """The ported layer's output as straight pieces of the original's."""
    order = np.argsort(curve.original, kind="stable")
    places, first = np.unique(curve.original[order], return_index=True)
    values = curve.ported[order][first]
    if places.size < GRID.size // 3 or not np.isfinite(places).all() or not np.isfinite(values).all():
        return
    found = scalars.pieces(places, values)
    if found is None or len(found) == 1:
        return
    name, function = curve.sampler.output.name, scalars.piecewise(found)
    code, message, fix = told(curve, names, straight)
    yield Hypothesis(
        code=code,
        message=message,
        fix=fix,
        prior=0.93,
        after=lambda outputs, _: {**outputs, name: function(outputs[name])},
    )


def _scaled(curve: Curve) -> Iterator[Hypothesis]:
    """The original's function, sharper or flatter."""
    sampler = curve.sampler
    near = np.abs(GRID) <= _NEAR
    inside, wanted = GRID[near][::2], curve.ported[near][::2]
    if sampler.spot.part != "data" or inside.size > 4 * sampler.many or not np.isfinite(wanted).all():
        return
    for power, form in ((1, "f({0} {1}) / {0}"), (0, "f({0} {1})")):

        def residual(k: float, power: int = power) -> Array | None:
            found = sampler("original", k * inside)
            return None if found is None or not np.isfinite(found).all() else found / k**power - wanted

        k = scalars.solve(residual, _SHARPER)
        if k is None or k == 1:
            continue
        name, output, shown = sampler.spot.name, sampler.output.name, form.format(f"{k:.6g}", sampler.spot.said)
        yield Hypothesis(
            code="constant.value",
            message=f"The ported layer is {shown}, where f is the original as a function of {sampler.spot.said}: "
            "another sharpness.",
            fix=f"Leave out the factor {k:.6g}.",
            prior=0.91,
            before=lambda inputs, k=k, name=name: changed(inputs, **{name: k * inputs.arrays[name]}),  # type: ignore[misc]
            after=partial(_divided, output, k**power),
        )


def _divided(name: str, by: float, outputs: Arrays, _: Inputs) -> Arrays:
    return {**outputs, name: outputs[name] / by}


def told(curve: Curve, names: Names, straight: Straight) -> tuple[str, str, str]:
    """Code, message and fix: by name, by straight pieces, or by the largest difference."""
    one, two = names
    what = f"As a function of {curve.said}, "
    if one is not None and two is not None:
        code = "function.variant"
        if one.operation == two.operation:
            apart = [name for name, value in two.settings.items() if one.settings.get(name) != value]
            named = next((name for name in apart if name in one.settings), None)
            code = (
                code_of(one.operation, named, one.settings[named], two.settings[named]) if named else "constant.value"
            )
        return code, f"{what}the original is {one.said}, the ported layer {two.said}.", f"Use {one.said}."
    if straight[0] is not None and straight[1] is not None:
        same = len(straight[0]) == len(straight[1])
        return "constant.value" if same else "function.variant", what + scalars.compared(straight[0], straight[1]), _FIX
    shown = [name.said if name is not None else None for name in names]
    if any(shown):
        sides = (
            f"the original is {shown[0]}" if shown[0] else "",
            f"the ported layer is {shown[1]}" if shown[1] else "",
        )
        return "function.variant", f"{what}{', '.join(filter(None, sides))}; the other is not: {_worst(curve)}", ""
    return "function.variant", what + _worst(curve), ""


def _worst(curve: Curve) -> str:
    """Where the two functions are farthest apart, beside what they give there."""
    with np.errstate(all="ignore"):
        apart = np.abs(curve.ported - curve.original) / (1 + np.abs(curve.original))
    at = int(np.argmax(np.where((np.abs(GRID) <= 100) & np.isfinite(apart), apart, -1)))  # noqa: PLR2004
    return f"at {GRID[at]:.4g} the original gives {curve.original[at]:.6g}, the ported layer {curve.ported[at]:.6g}."


def diagnose(evidence: Evidence) -> Iterator[Diagnosis]:
    """What was measured along the curves, where nothing explains all of the difference."""
    outer = curves(evidence)
    found = outer or hidden(evidence)
    candidates = list(scalars.elementwise(evidence.known)) if found else []
    for curve in found[:1]:
        names = [_named(evidence, values, candidates) for values in (curve.original, curve.ported)]
        straight = [scalars.pieces(GRID, values) for values in (curve.original, curve.ported)]
        if not outer and any(name is None and bent is None for name, bent in zip(names, straight, strict=True)):
            return
        code, message, fix = told(curve, names, straight)
        if all(bent is not None and len(bent) == 1 for bent in straight):
            code = "scale.factor"
        yield Diagnosis(
            code=code,
            confidence=0.6,
            message=message if outer else f"Inside the layer: {message[0].lower()}{message[1:]}",
            fix=fix,
            error_before=curve.item.error,
            error_after=None,
            probe=curve.item.name,
        )

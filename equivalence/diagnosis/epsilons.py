"""Hypotheses about the constant that keeps a division from nothing: its size, and where it is added."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from equivalence.answer import Diagnosis
from equivalence.diagnosis.evidence import Evidence, changed
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.measuring import (
    SCALES,
    Measured,
    Run,
    bare,
    beside_output,
    ends,
    flat,
    linear,
    measure,
    scaled,
    spread,
)
from equivalence.diagnosis.scalars import exact, solve
from equivalence.diagnosis.spots import Spot, View
from equivalence.inputs import Array, Positive

if TYPE_CHECKING:
    from equivalence.observation import Observation
    from equivalence.sides import Inputs

_STARTS = tuple(float(k) for k in np.geomspace(1e-4, 1e4, 17))
_SHIFTS = tuple(float(k) for k in np.geomspace(1e-12, 1e-1, 12))
_VANISHED = 0.05
_REJECTED = 0.3
_SLOWEST, _FASTEST = 2.4, 10.8
_ROUNDING = 1e-12
_NOTHING = 1e-30
_SAME = 1e-3
_EXACT = 1e-5
_SECONDS = 1.0
_SLOW = 0.02
_GROUPS = 12


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Beside a variance that is an argument; then where a factor on arguments makes the difference vanish."""
    view = View(evidence)
    ordinary = [item for item in evidence.telling if not item.inputs.setting.data]
    item = next(iter(ordinary), None)
    if item is None or len(view.outputs) != 1 or not np.isfinite(item.error):
        return
    for spot in view.parameters:
        if isinstance(spot.kind, Positive):
            yield from _beside(view, item, spot)
    yield from _normalized(view, item)


def _normalized(view: View, item: Observation) -> Iterator[Hypothesis]:
    """Until one is exact, or time is up."""
    started = time.monotonic()
    _apart(view, item.inputs, (), 1.0)
    view.evidence.original(scaled(item.inputs, view.data[:1], 0.5))
    if time.monotonic() - started > _SLOW:
        return
    groups = telling(view, item)
    for group in groups:
        yield from _measured(view, item, group)
    for group, scale in groups.items():
        found = _scaled(view, item, group, scale)
        if found is not None:
            yield found
            return
        if time.monotonic() - started > _SECONDS:
            return


def telling(view: View, item: Observation) -> dict[tuple[Spot, ...], float]:
    """The groups of arguments beside which the difference vanishes, each with the scale that shows it best."""
    found = {group: _telling(view, item, group) for group in _groups(view)}
    return {group: scale for group, scale in found.items() if scale is not None}


def absolute(view: View, item: Observation) -> tuple[Measured | None, Measured | None]:
    """Both layers' constants, where an argument lets them be measured."""
    for group in telling(view, item):
        one, two = (measure(view, item.inputs, group[-1], side) for side in ("original", "ported"))
        if one is not None and two is not None:
            return one, two
    return None, None


def _beside(view: View, item: Observation, spot: Spot) -> Iterator[Hypothesis]:
    """The ported layer adds more, or less, to a variance that it is given."""
    evidence, own = view.evidence, item.inputs.arrays[spot.name]
    inputs = changed(item.inputs, **{spot.name: own * 1e-2})
    wanted = flat(evidence.ported(inputs))
    for sign in (1.0, -1.0):

        def residual(k: float, sign: float = sign) -> Array | None:
            found = flat(evidence.original(changed(inputs, **{spot.name: own * 1e-2 + sign * k})))
            return None if found is None or wanted is None or found.shape != wanted.shape else found - wanted

        k = solve(residual, _SHIFTS)
        if k is None:
            continue
        values = {side: _given(view, inputs, spot, side) for side in ("original", "ported")}
        yield Hypothesis(
            code="epsilon.value",
            message=_told(*values.values())
            or f"The ported layer adds {k:.3g} {'more' if sign > 0 else 'less'} to {spot.said} than the original.",
            fix=_fix(values["original"]),
            prior=0.95,
            before=lambda inputs, k=sign * k: changed(inputs, **{spot.name: inputs.arrays[spot.name] + k}),  # type: ignore[misc]
        )


def _given(view: View, inputs: Inputs, spot: Spot, side: str) -> float | None:
    """What a layer adds to a variance: from outputs with none, with one, and with one beyond all bounds."""
    own = inputs.arrays[spot.name]
    run = view.evidence.original if side == "original" else view.evidence.ported
    none, one, far = (
        flat(run(changed(inputs, **{spot.name: np.full_like(own, v)}))) for v in (_NOTHING, 1.0, 1 / _NOTHING)
    )
    if none is None or one is None or far is None or not np.any(one != far):
        return None
    clear = np.abs(one - far) > 0.1 * np.max(np.abs(one - far))
    square = ((none - far)[clear] / (one - far)[clear]) ** 2
    found = 1 / (square - 1)
    value = float(np.median(found))
    return value if np.ptp(found) <= _SAME * abs(value) else None


def _told(one: float | None, two: float | None) -> str:
    if one is None or two is None:
        return ""
    return f"epsilon is about {one:.3g} in the original, {two:.3g} in the ported layer."


def _fix(value: float | None) -> str:
    return "Use the original's epsilon." if value is None else f"Use {value:.3g}."


def _groups(view: View) -> list[tuple[Spot, ...]]:
    """Arguments that may be what is normalized, each by itself; then a weight with a bias."""
    real = [spot for spot in view.arguments if spot.real and not isinstance(spot.kind, Positive)]
    singles = [(spot,) for spot in sorted(real, key=lambda spot: spot.part != "data")]
    weights = [spot for spot in real if spot.part == "parameter" and len(spot.axes) > 1]
    biases = [spot for spot in real if spot.part == "parameter" and len(spot.axes) == 1]
    both = [(one, two) for one in weights for two in biases if set(two.axes) <= set(one.axes)]
    return [*singles, *both][:_GROUPS]


def _telling(view: View, item: Observation, group: Sequence[Spot]) -> float | None:
    """The scale at which the difference is largest, if it vanishes as a constant beside a square, or a root, does."""
    near, size = _apart(view, item.inputs, group, 1.0)
    if not near or _apart(view, item.inputs, group, 1e3)[0] > _REJECTED * near:
        return None
    for scale in (1.0, 10.0, 100.0, 1e3):
        one, _ = _apart(view, item.inputs, group, scale)
        if one <= _ROUNDING * size:
            return None
        if one <= _VANISHED * size:
            ratio = one / max(_apart(view, item.inputs, group, 3 * scale)[0], _NOTHING)
            if one <= near and _SLOWEST <= ratio <= _FASTEST:
                return max(SCALES[:5], key=lambda by: _apart(view, item.inputs, group, by)[0])
    return None


def _apart(view: View, inputs: Inputs, group: Sequence[Spot], scale: float) -> tuple[float, float]:
    """How far the layers are apart where arguments are scaled, and how large what is normalized is."""
    given = scaled(inputs, group, scale)
    one, two = flat(view.evidence.original(given)), flat(view.evidence.ported(given))
    if one is None or two is None or one.shape != two.shape:
        return 0.0, 0.0
    return float(np.max(np.abs(one - two))), float(np.max(np.abs(one)))


def _smaller(run: Run, inputs: Inputs, group: Sequence[Spot], by: float) -> Arrays | None:
    """What a layer gives where what it normalizes is scaled, and what runs beside it is not."""
    found = run(scaled(inputs, group, by))
    if found is None or by == 1:
        return found
    slope = linear(run, inputs, group)
    return {name: array - (by - 1) * slope.get(name, 0.0) for name, array in found.items()}


def _scaled(view: View, item: Observation, group: tuple[Spot, ...], scale: float) -> Hypothesis | None:
    """A larger constant does what smaller numbers would."""
    evidence = view.evidence
    inputs = scaled(item.inputs, group, scale)
    wanted = flat(evidence.ported(inputs))
    slope = flat(linear(evidence.original, inputs, group) or None)

    def residual(k: float) -> Array | None:
        found = flat(evidence.original(scaled(inputs, group, k)))
        if found is None or wanted is None or found.shape != wanted.shape:
            return None
        return found - wanted - (0.0 if slope is None else (k - 1) * slope)

    k = solve(residual, _STARTS)
    if k is None or not exact(residual, k, _EXACT):
        return None
    names = " and ".join(spot.said for spot in group)
    one, two = absolute(view, item)
    known = _told(one.value, two.value) if one and two and one.inside == two.inside else ""
    grown, ratio = ("larger", 1 / k**2) if k < 1 else ("smaller", k**2)
    return Hypothesis(
        code="epsilon.value",
        message=known
        or f"epsilon is {ratio:.4g} times {grown} in the ported layer, if it stands inside the root: what it gives is "
        f"what the original gives for {k:.4g} times {names}, and both agree on large {names}.",
        fix=_fix(one.value if one is not None else None),
        prior=0.95,
        base=lambda inputs: _smaller(evidence.original, inputs, group, k),
    )


def _measured(view: View, item: Observation, group: tuple[Spot, ...]) -> Iterator[Hypothesis]:
    """The original without its constant, and with the ported layer's, where what follows is affine."""
    spot = group[0]
    one, two = (measure(view, item.inputs, spot, side) for side in ("original", "ported"))
    if (
        len(group) > 1
        or spot.part != "data"
        or one is None
        or two is None
        or not set(spot.axes) & set(view.outputs[0].axes)
    ):
        return
    nicer = sorted([(one, two), (one.sums(), two.sums())], key=lambda pair: sum(len(f"{m.value:.6g}") for m in pair))
    for rank, (right, wrong) in enumerate(nicer):
        same = right.inside == wrong.inside
        yield Hypothesis(
            code="epsilon.value" if same else "epsilon.placement",
            message=_told(right.value, wrong.value)
            if same
            else f"epsilon is {right.said} in the original, {wrong.said} in the ported layer.",
            fix=f"Use {right.said}.",
            prior=0.96 - 0.02 * rank,
            base=_with_constant(view, spot, wrong),
        )


def _with_constant(view: View, spot: Spot, constant: Measured) -> Run:
    [output] = view.outputs
    run = bare(view.evidence.original, [spot])

    def base(inputs: Inputs) -> Arrays | None:
        array = inputs.arrays[spot.name]
        far, nothing = ends(run, inputs, spot)
        if far is None or nothing is None:
            return None
        own = spread(array, constant.axes, centred=constant.centred)
        if constant.summed:
            own = own * np.sqrt(array.size / own.size)
        root = np.sqrt(own**2 + constant.value) if constant.inside else own + constant.value
        share = beside_output(own / root, spot, output)
        slope = linear(view.evidence.original, inputs, [spot])
        return None if share is None else {output.name: nothing + share * (far - nothing) + slope.get(output.name, 0.0)}

    return base


def diagnose(evidence: Evidence) -> Iterator[Diagnosis]:
    """A difference that vanishes as a constant's does, where nothing explains all of it."""
    view = View(evidence)
    item = next((item for item in evidence.telling if not item.inputs.setting.data), None)
    if item is None or len(view.outputs) != 1 or not np.isfinite(item.error):
        return
    for group in list(telling(view, item))[:1]:
        one, two = absolute(view, item)
        names = " and ".join(spot.said for spot in group)
        message = f"The difference vanishes for large {names}, as that of an epsilon does."
        if one is not None and two is not None:
            message = f"epsilon is about {one.said} in the original, {two.said} in the ported layer. {message}"
        yield Diagnosis(
            code="epsilon.placement" if one and two and one.inside != two.inside else "epsilon.value",
            confidence=0.7 if one and two else 0.5,
            message=message,
            fix=f"Use {one.said}." if one else "",
            error_before=item.error,
            error_after=None,
            probe=item.name,
        )

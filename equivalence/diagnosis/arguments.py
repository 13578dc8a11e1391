"""Hypotheses about arguments: exchanged, left out, counted twice, in another form, scaled, masked otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from equivalence.diagnosis import discrete, factors, wording
from equivalence.diagnosis.evidence import Evidence
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.spots import Move, Spot, View, given, letter, likely_first, moving
from equivalence.inputs import Positive

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_BIAS_AXES = 2
_COARSE = 13
_COARSER = 16
"""Bits of float32's mantissa that TF32 and bfloat16 drop."""

Form = tuple[str, Callable[["Array"], "Array"], str, float]

_FORMS: tuple[Form, ...] = (
    ("1 + {0}", lambda w: 1 + w, "{0} - 1", 0.95),
    ("{0} - 1", lambda w: w - 1, "1 + {0}", 0.95),
    ("1 - {0}", lambda w: 1 - w, "1 - {0}", 0.93),
    ("-{0}", lambda w: -w, "-{0}", 0.9),
    ("exp({0})", np.exp, "log({0})", 0.94),
    ("log({0})", np.log, "exp({0})", 0.94),
    ("sqrt({0})", np.sqrt, "square({0})", 0.94),
    ("square({0})", np.square, "sqrt({0})", 0.94),
    ("1 / {0}", np.reciprocal, "1 / {0}", 0.94),
    ("1 / sqrt({0})", lambda w: 1 / np.sqrt(w), "1 / square({0})", 0.92),
    ("abs({0})", np.abs, "{0}, not abs({0}),", 0.88),
    ("relu({0})", lambda w: np.maximum(w, 0), "{0}, not relu({0}),", 0.88),
    ("softplus({0})", lambda w: np.logaddexp(w, 0), "{0}, not softplus({0}),", 0.88),
    ("sigmoid({0})", lambda w: 1 / (1 + np.exp(-w)), "{0}, not sigmoid({0}),", 0.88),
    ("tanh({0})", np.tanh, "{0}, not tanh({0}),", 0.88),
)
"""What the ported layer takes an argument for, that as a function, what is to be given instead, and how believable."""

_ALIKE = {"sqrt({0})", "square({0})", "1 / {0}", "1 / sqrt({0})"}


def hypotheses(evidence: Evidence) -> Iterator[Hypothesis]:
    """Exchanged arguments, biases, other forms, masks and indices, factors, lower precision."""
    view = View(evidence)
    kinds = (_left_out, _exchanged, discrete.hypotheses, _forms, _elsewhere, factors.hypotheses, _shortened)
    yield from likely_first(hypothesis for kind in kinds for hypothesis in kind(view))


def constant(value: float) -> Move:
    """All numbers of an argument replaced by one."""
    return lambda array, _: np.full_like(array, value)


def _left_out(view: View) -> Iterator[Hypothesis]:
    for spot in view.arguments:
        if not spot.real:
            continue
        small = len(spot.axes) <= _BIAS_AXES
        bias = spot.bias_like or (small and spot.part == "parameter" and not isinstance(spot.kind, Positive))
        if spot.part == "parameter" or spot.bias_like:
            yield _ignored(view, spot, 0.0, bias=bias)
            yield _ignored(view, spot, 1.0, bias=False)
            yield moving(
                [(spot, lambda array, _: 2 * array)],
                code="bias.duplicated" if bias else "scale.factor",
                message=f"{spot.said} counts twice in the ported layer.",
                fix=f"add {spot.said} once",
                prior=0.96 if spot.bias_like else 0.88,
                common=bias,
            )
    yield from _instead(view)


def _ignored(view: View, spot: Spot, value: float, *, bias: bool) -> Hypothesis:
    other = "gate.formula" if view.recurrent else "parameter.transformed" if spot.axes else "scale.factor"
    return moving(
        [(spot, constant(value))],
        code="bias.missing" if bias else other,
        message=f"The ported layer does not use {spot.said}: it is as if it were {value:g}.",
        fix=f"{'add' if bias else 'use'} {spot.said}",
        prior=0.97 if bias else 0.93,
        common=bias,
    )


def _alike(view: View) -> Iterator[tuple[Spot, Spot, tuple[int, ...]]]:
    """Two real arguments with the same axes, and the order that brings the second's into the first's."""
    for one, two in combinations([spot for spot in view.arguments if spot.real], 2):
        if sorted(map(letter, one.axes)) != sorted(map(letter, two.axes)):
            continue
        if set(one.axes) == set(two.axes):
            yield one, two, tuple(two.axes.index(axis) for axis in one.axes)
        elif [letter(axis) for axis in one.axes] == [letter(axis) for axis in two.axes]:
            yield one, two, tuple(range(len(one.axes)))


def _exchanged(view: View) -> Iterator[Hypothesis]:
    pairs = list(_alike(view))
    for one, two, order in pairs:
        yield Hypothesis(
            code="momentum.convention" if _averages(view, one, two, order) else "parameter.swapped",
            message=f"The ported layer takes {one.said} for {two.said} and {two.said} for {one.said}.",
            fix=f"exchange {one.said} and {two.said}",
            prior=0.96 if one.part == two.part == "parameter" else 0.93,
            before=_taking({one.name: (two.name, order), two.name: (one.name, tuple(np.argsort(order)))}),
            common=one.part == "parameter",
        )
    yield from _in_a_circle(view, {frozenset((one.name, two.name)) for one, two, _ in pairs})


def _averages(view: View, one: Spot, two: Spot, order: tuple[int, ...]) -> bool:
    """Whether the original is a weighted mean of both: exchanging them is giving one the other's share."""
    item = next((item for item in view.evidence.telling if not item.inputs.setting.data), None)
    if item is None:
        return False
    array = item.inputs.arrays[one.name]
    same = array.transpose(np.argsort(order))
    changed = given(item.inputs, {two.name: lambda *_: same})
    outputs = {} if changed is None else view.evidence.original(changed) or {}
    return any(found.shape == array.shape and np.allclose(found, array) for found in outputs.values())


def _in_a_circle(view: View, known: set[frozenset[str]]) -> Iterator[Hypothesis]:
    """Three parameters, none of which is where it should be."""
    for three in combinations([spot for spot in view.parameters if spot.real], 3):
        if not all(frozenset((a.name, b.name)) in known and a.axes == b.axes for a, b in combinations(three, 2)):
            continue
        own = tuple(range(len(three[0].axes)))
        for given_ in permutations(three):
            if all(a is not b for a, b in zip(three, given_, strict=True)):
                told = ", ".join(f"{a.said} for {b.said}" for a, b in zip(given_, three, strict=True))
                yield Hypothesis(
                    code="parameter.swapped",
                    message=f"The ported layer takes {told}.",
                    fix=f"give {wording.listed([spot.said for spot in three])} in their order",
                    prior=0.95,
                    before=_taking({b.name: (a.name, own) for a, b in zip(given_, three, strict=True)}),
                )


def _taking(sources: dict[str, tuple[str, tuple[int, ...]]]) -> Callable[[Inputs], Inputs | None]:
    """Inputs in which some arguments have the values of others."""

    def before(inputs: Inputs) -> Inputs | None:
        def move(source: str, order: tuple[int, ...]) -> Move:
            def moved(array: Array, inputs: Inputs) -> Array | None:
                other = inputs.arrays[source]
                taken = other.transpose(order) if other.ndim == len(order) else other
                return taken if taken.shape == array.shape else None

            return moved

        return given(inputs, {name: move(source, order) for name, (source, order) in sources.items()})

    return before


def _instead(view: View) -> Iterator[Hypothesis]:
    """One argument stands in for another too, as one bias that counts twice where the other should count."""
    for one, two, order in _alike(view):
        for kept, lost, turn in ((one, two, tuple(np.argsort(order))), (two, one, order)):
            if kept.part == "parameter" or kept.bias_like:
                bias = kept.bias_like and lost.bias_like
                yield Hypothesis(
                    code="bias.duplicated" if bias else "parameter.swapped",
                    message=f"The ported layer uses {kept.said} where it should use {lost.said}.",
                    fix=f"use {lost.said} there",
                    prior=0.93,
                    before=_taking({lost.name: (kept.name, turn)}),
                )


def _forms(view: View) -> Iterator[Hypothesis]:
    for spot in view.arguments:
        if not spot.real:
            continue
        for name, function, instead, prior in _FORMS:
            positive = isinstance(spot.kind, Positive)
            if "abs" in name and positive:
                continue
            form, code = name.format(spot.said), "parameter.transformed"
            if positive and name in _ALIKE:
                code = "variance.meaning"
            elif spot.part == "data":
                code = "function.variant"
            elif name == "-{0}" and "gate" in spot.name:
                code = "gate.polarity"
            elif name == "1 - {0}" and not spot.axes:
                code = "momentum.convention"

            def move(array: Array, _: Inputs, function: Callable[[Array], Array] = function) -> Array | None:
                with np.errstate(all="ignore"):
                    found = function(array)
                return found if np.isfinite(found).all() else None

            yield moving(
                [(spot, move)],
                code=code,
                message=f"The ported layer computes with {form} where the original computes with {spot.said}.",
                fix=f"give it {instead.format(spot.said)}",
                prior=prior if spot.part == "parameter" else prior - 0.08,
                common=spot.part == "parameter" and name.startswith("1 +"),
            )


def _elsewhere(view: View) -> Iterator[Hypothesis]:
    """A bias added, or a scale multiplied, at another place or along another axis."""
    evidence = view.evidence
    for spot in view.parameters:
        if not spot.real or len(spot.axes) != 1 or len(view.outputs) != 1:
            continue
        [output] = view.outputs
        for axis in output.axes:
            if axis in view.letters.batch and axis not in spot.axes:
                continue
            for neutral, join, verb in ((0.0, np.add, "adds"), (1.0, np.multiply, "multiplies by")):

                def after(
                    found: Arrays,
                    inputs: Inputs,
                    spot: Spot = spot,
                    count: int = len(output.axes),
                    at: int = output.axes.index(axis),
                    join: Callable[[Array, Array], Array] = join,
                ) -> Arrays | None:
                    [(name, array)] = found.items()
                    own = inputs.arrays[spot.name]
                    if array.ndim != count or array.shape[at] != own.size:
                        return None
                    return {name: join(array, own.reshape([-1 if k == at else 1 for k in range(array.ndim)]))}

                same = axis in spot.axes
                code = "axis.wrong"
                if same:
                    code = "parameter.transformed" if neutral else "bias.placement"
                where = "after everything else" if same else f"along {axis} instead of {spot.axes[0]}"
                yield Hypothesis(
                    code=code,
                    message=f"The ported layer {verb} {spot.said} {where}.",
                    fix=f"{'add' if neutral == 0 else 'multiply by'} {spot.said} where the original does",
                    prior=0.93,
                    before=partial(_with, {spot.name: constant(neutral)}),
                    base=evidence.original,
                    after=after,
                )


def _with(moves: dict[str, Move], inputs: Inputs) -> Inputs | None:
    return given(inputs, moves)


def _shortened(view: View) -> Iterator[Hypothesis]:
    real = [spot for spot in view.arguments if spot.real]
    groups = [real, [spot for spot in real if spot.part == "data"], [spot for spot in real if spot.part == "parameter"]]
    groups += [[spot] for spot in real] if len(real) == 3 else []  # noqa: PLR2004 - of two, each is a group already
    seen = set()
    for group in groups:
        key = tuple(spot.name for spot in group)
        if not group or key in seen:
            continue
        seen.add(key)
        names = wording.listed([spot.said for spot in group])
        for what, function in _PRECISIONS:
            integer = "whole" in what
            yield moving(
                [(spot, _elementwise(function)) for spot in group],
                code="precision.integer" if integer else "precision.lower",
                message=f"The ported layer takes {names} {what}.",
                fix=f"keep {names} in full precision" if not integer else f"do not convert {names} to integers",
                prior=0.92,
            )


def _elementwise(function: Callable[[Array], Array]) -> Move:
    def move(array: Array, _: Inputs) -> Array | None:
        with np.errstate(all="ignore"):
            return np.asarray(function(array), np.float64)

    return move


def shortened(array: Array, dropped: int, *, rounded: bool) -> Array:
    """Numbers without the last bits of float32's mantissa, cut off or rounded to even."""
    bits = np.asarray(array, np.float32).view(np.uint32)
    if rounded:
        bits = bits + np.uint32((1 << (dropped - 1)) - 1) + ((bits >> np.uint32(dropped)) & np.uint32(1))
    return (bits & np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)).view(np.float32).astype(np.float64)


_PRECISIONS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("in float16", lambda array: array.astype(np.float16)),
    ("rounded to bfloat16", lambda array: shortened(array, _COARSER, rounded=True)),
    ("cut off to bfloat16", lambda array: shortened(array, _COARSER, rounded=False)),
    ("rounded to TF32, ten bits behind the point", lambda array: shortened(array, _COARSE, rounded=True)),
    ("cut off to TF32, ten bits behind the point", lambda array: shortened(array, _COARSE, rounded=False)),
    ("as whole numbers, cut off", np.trunc),
    ("as whole numbers, rounded", np.rint),
    ("as whole numbers, rounded down", np.floor),
)

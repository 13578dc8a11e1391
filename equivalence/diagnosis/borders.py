"""Hypotheses about borders: the original, run on a padded input and cut, gives what another padding would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from equivalence.diagnosis import strides, wording
from equivalence.diagnosis.hypothesis import Arrays, Hypothesis
from equivalence.diagnosis.spots import Spot, View, given
from equivalence.diagnosis.strides import run
from equivalence.observation import Observation, distance

if TYPE_CHECKING:
    from equivalence.inputs import Array
    from equivalence.sides import Inputs

_SHIFTS = (0, -1, 1, -2, 2)
_FAR = (-3, 3, -4, 4)
_REACH = 4
"""So many places beyond the border are filled."""

_LEARNT = 8
"""Sizes on which the border is read off."""

_FILLS: Mapping[str, Mapping[str, Any]] = {
    "zeros": {"mode": "constant"},
    "the lowest number": {"mode": "constant", "constant_values": -np.inf},
    "the edge": {"mode": "edge"},
    "a reflection without the edge": {"mode": "reflect"},
    "a reflection with the edge": {"mode": "symmetric"},
    "the other end": {"mode": "wrap"},
}


@dataclass(frozen=True)
class Border:
    """What a layer sees beyond its input, relative to the original.

    Attributes:
        shifts: by axis, how many places of the input (of the output, if that is larger) windows start earlier.
        fill: what stands beyond the border; none for what the original sees there.
        sizes: of the output along the spatial axes.
    """

    shifts: tuple[int, ...]
    fill: str | None
    sizes: tuple[int, ...]


def hypotheses(view: View) -> Iterator[Hypothesis]:
    """Strides, then what is padded, counted by what a border of ones gives."""
    for spot in view.data:
        for output in view.outputs:
            if len(view.outputs) > 1 or not spot.real:
                continue
            if not view.parameters:
                yield _counted(view, spot)
            for axes in _facing(view, spot, output):
                yield from strides.hypotheses(view, spot, output, axes)
                yield from _padded(view, spot, output, axes)


def _facing(view: View, spot: Spot, output: Spot) -> Iterator[list[tuple[int, int]]]:
    """The axes of places of an input, each with the place of the output's axis that it becomes; several guesses."""
    places = [k for k, axis in enumerate(spot.axes) if axis in view.letters.spatial or axis.startswith("...")]
    gone = [k for k in places if spot.axes[k] not in output.axes]
    held = {axis for other in view.parameters for axis in other.axes}
    new = [k for k, axis in enumerate(output.axes) if axis not in {*spot.axes, *held}]
    if gone and len(gone) == len(new):
        yield list(zip(gone, new, strict=True))
    elif not gone:
        channels = [*places[:1], *places[-1:]] if len(places) > 1 and not view.parameters else [-1]
        guesses = [[k for k in places if k != channel] for channel in dict.fromkeys(channels)]
        for chosen in guesses:
            if chosen:
                yield [(k, output.axes.index(spot.axes[k])) for k in chosen]


def _counted(view: View, spot: Spot) -> Hypothesis:
    """An average that leaves padding out: what the original gives, divided by what it gives for ones."""

    def base(inputs: Inputs) -> Arrays | None:
        found = view.evidence.original(inputs)
        ones = given(inputs, {spot.name: lambda array, _: np.ones_like(array)})
        whole = None if ones is None else view.evidence.original(ones)
        if found is None or whole is None or any(not np.all(array) for array in whole.values()):
            return None
        return {name: array / whole[name] for name, array in found.items()}

    return Hypothesis(
        code="padding.counted",
        message="Padding counts in the original's average, and not in the ported layer's.",
        fix=_COUNT.get(wording.dialect(view.framework), "divide by the number of places of the whole window"),
        prior=0.96,
        base=base,
    )


_COUNT: Mapping[str, str] = {"torch": "count_include_pad=True", "theano": 'mode="average_inc_pad"'}


def _padded(view: View, spot: Spot, output: Spot, axes: Sequence[tuple[int, int]]) -> Iterator[Hypothesis]:
    """The border that explains the first probe whose outputs differ; then that of each other size."""
    items = [item for item in view.evidence.telling if not item.inputs.setting.data][:1] or view.evidence.telling[:1]
    for first in items:
        for border in _borders(view, first, spot, output, axes):
            known = _everywhere(view, spot, output, axes, first, border)
            yield _border(view, spot, output, axes, border, known)


def _everywhere(
    view: View, spot: Spot, output: Spot, axes: Sequence[tuple[int, int]], first: Observation, border: Border
) -> dict[str, Border | None]:
    """By sizes, the border: none where the original's own explains what the ported layer gives."""
    known: dict[str, Border | None] = {_sizes(view, spot, first.inputs): border}
    for item in view.evidence.complete:
        shape = _sizes(view, spot, item.inputs)
        if shape in known or len(known) >= _LEARNT:
            continue
        if item.error <= view.evidence.tolerance:
            known[shape] = None
        elif (found := next(_borders(view, item, spot, output, axes, border.fill), None)) is not None:
            known[shape] = found
    return known


def _sizes(view: View, spot: Spot, inputs: Inputs) -> str:
    """What a border may depend on: the sizes of places and of kernels, and the port's parameters."""
    setting, letters = inputs.setting, view.letters
    named = {x: setting.sizes[x] for x in (*letters.spatial, *letters.kernel, *letters.variadic) if x in setting.sizes}
    return repr((sorted(named.items()), sorted(setting.parameters.items(), key=str), spot.name))


def _borders(
    view: View, item: Observation, spot: Spot, output: Spot, axes: Sequence[tuple[int, int]], fill: str | None = None
) -> Iterator[Border]:
    """Borders that explain a probe."""
    wrong = item.ported.outputs[output.name]
    if wrong.ndim != len(output.axes):
        return
    sizes = tuple(wrong.shape[place] for _, place in axes)
    fills = [fill] if fill else list(_FILLS)
    for name in fills:
        for shifts in _shifts(len(axes)):
            border = Border(shifts, name, sizes)
            found = _seen(view, item.inputs, spot, output, axes, border)
            if found is not None and view.evidence.explained({output.name: found}, item):
                yield border
                return


def _shifts(count: int) -> Iterator[tuple[int, ...]]:
    """The same for all axes first."""
    same = [(shift,) * count for shift in _SHIFTS]
    yield from same
    yield from ((shift,) * count for shift in _FAR)
    yield from (
        shifts for shifts in product(_SHIFTS, repeat=min(count, 2)) if len(shifts) == count and shifts not in same
    )


def _seen(
    view: View, inputs: Inputs, spot: Spot, output: Spot, axes: Sequence[tuple[int, int]], border: Border
) -> Array | None:
    """What the original gives if such a border stands around its input."""
    own = view.evidence.original(inputs)
    array = inputs.arrays[spot.name]
    if own is None or own[output.name].ndim != len(output.axes) or array.ndim != len(spot.axes):
        return None
    pads: list[tuple[int, int]] = [(0, 0)] * array.ndim
    cuts: list[slice] = [slice(None)] * len(output.axes)
    for (ours, theirs), shift, size in zip(axes, border.shifts, border.sizes, strict=True):
        stride, factor = _steps(array.shape[ours], own[output.name].shape[theirs])
        windows = -(-_REACH // stride)
        moved, turned = (shift, 0) if factor == 1 else (0, -shift)
        before = stride * windows + moved
        pads[ours] = (before, stride * windows + (-before) % stride)
        start = windows * factor + turned
        cuts[theirs] = slice(start, start + size)
    with np.errstate(all="ignore"):
        filled: Array = np.pad(array, pads, **_FILLS[border.fill or "zeros"])
    found = run(view, spot, inputs, filled)
    return None if found is None or found[output.name].ndim != len(output.axes) else found[output.name][tuple(cuts)]


def _steps(ours: int, theirs: int) -> tuple[int, int]:
    """The stride, and by how much the output is larger than the input, as the sizes suggest them."""
    if theirs >= 2 * ours - 1 and theirs > ours:
        return 1, max(1, round(theirs / ours))
    return max(1, min(_REACH, round(ours / max(theirs, 1)))), 1


def _border(
    view: View,
    spot: Spot,
    output: Spot,
    axes: Sequence[tuple[int, int]],
    border: Border,
    known: Mapping[str, Border | None],
) -> Hypothesis:
    def base(inputs: Inputs) -> Arrays | None:
        sizes = _sizes(view, spot, inputs)
        if sizes not in known:
            return None
        own = known[sizes]
        if own is None:
            return view.evidence.original(inputs)
        found = _seen(view, inputs, spot, output, axes, own)
        return None if found is None else {output.name: found}

    code, message, fix = _told(view, spot, output, axes, border, known)
    walked = any(spot.axes[ours] in view.times for ours, _ in axes) and not view.letters.kernel
    prior = 0.92 if walked else 0.94 if border.fill == "zeros" else 0.93
    return Hypothesis(code=code, message=message, fix=fix, prior=prior, base=base)


def _told(
    view: View,
    spot: Spot,
    output: Spot,
    axes: Sequence[tuple[int, int]],
    border: Border,
    known: Mapping[str, Border | None],
) -> tuple[str, str, str]:
    names = wording.listed([spot.axes[ours] for ours, _ in axes])
    shifted = any(own is not None and any(own.shifts) for own in known.values())
    item = next(item for item in view.evidence.telling if _sizes(view, spot, item.inputs) in known)
    right = item.original.outputs[output.name].shape
    grown = [size - right[place] for size, (_, place) in zip(border.sizes, axes, strict=True)]
    if any(grown):
        return _resized(view, spot, output, names, "larger" if max(grown, key=abs) > 0 else "smaller", shifted=shifted)
    if shifted:
        told = ", ".join(
            f"{abs(s)} place{'s' if abs(s) > 1 else ''} {'more' if s > 0 else 'less'} before {spot.axes[ours]}"
            for s, (ours, _) in zip(border.shifts, axes, strict=True)
            if s
        )
        odd = max(abs(shift) for own in known.values() if own is not None for shift in own.shifts) == 1
        message = (
            f"The ported layer pads {spot.said} otherwise: {told or 'more on one side'}, and the other way behind it."
        )
        fix = f"pad {spot.said} explicitly, on the sides the original pads"
        return "padding.side" if odd else "padding.amount", message, fix
    if not view.parameters and border.fill == "zeros" and _linear(view, spot):
        message = "Padding counts in the ported layer's average, and not in the original's."
        torch = view.framework == "torch"
        return (
            "padding.counted",
            message,
            "count_include_pad=False" if torch else "divide by the places inside the input",
        )
    message = f"The ported layer pads {spot.said} along {names} with {border.fill}, the original does not."
    return "padding.value", message, f"pad {spot.said} with what the original pads"


def _resized(view: View, spot: Spot, output: Spot, names: str, larger: str, *, shifted: bool) -> tuple[str, str, str]:
    """What is said of another size of the output."""
    if view.parameters or shifted:
        message = f"{output.said} is {larger} along {names} than it should be: the ported layer pads {spot.said} by "
        return "padding.amount", f"{message}another amount.", f"pad {spot.said} as much as the original does"
    up, down = ("up", "down") if larger == "larger" else ("down", "up")
    message = (
        f"{output.said} is {larger} along {names}: the ported layer rounds the number of windows {up}, the original "
    )
    fix = f"ceil_mode={up == 'down'}" if view.framework == "torch" else f"round the number of windows {down}"
    return "window.rounding", f"{message}rounds it {down}.", fix


def _linear(view: View, spot: Spot) -> bool:
    """Whether the original's outputs turn their sign with the input."""
    inputs = view.evidence.telling[0].inputs
    turned = given(inputs, {spot.name: lambda array, _: -array})
    one, two = view.evidence.original(inputs), None if turned is None else view.evidence.original(turned)
    if one is None or two is None:
        return False
    return distance({name: -array for name, array in one.items()}, two) <= view.evidence.tolerance

"""The input on which two layers differ, made smaller and simpler for as long as the difference stays.

First smaller sizes: of the axes that the user leaves free, a window of the arrays is kept, or new ones are drawn. Then
simpler values: whole arrays, halves, quarters and so on down to single elements become zeros, ones, whole numbers. The
two take turns until nothing changes.

This is delta debugging (Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, 2002), and not
Hypothesis, which was tried. ``hypothesis.find`` looks for a failing input of its own and cannot start from the one that
is known, so that it misses what shows on rare values alone; it is limited by examples, not by time; and of the 4.9 s it
took for a flipped kernel, the layers had 0.5 s and the input was still not the smallest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.answer import Example, Probe
from equivalence.diagnosis.evidence import Evidence
from equivalence.errors import EquivalenceError
from equivalence.given import flat
from equivalence.inputs import Array, Input, Real
from equivalence.persisting import GRADIENT, Difference, LostError, Runs, cotangents, differences
from equivalence.probes import Setting
from equivalence.probing import hints
from equivalence.probing.parts import letters
from equivalence.probing.sizes import Choice, Fitting, shape
from equivalence.sides import Inputs
from equivalence.simpler import SIMPLER, Simpler, legal, rank, valid

SECONDS = 2.5
"""How long an example is shrunk; a call that is running then is waited for."""

TRIES = 500
"""How many inputs are tried at most, so that an ordinary machine stops for this and finds the same each time."""

_SLOW = 0.25
"""Seconds a call at other sizes may take: beyond, the layer is built or compiled anew, and its sizes are kept."""

_FEW = 4


_Batches = tuple[int, ...]
"""Where an array belongs: to the batch that is observed, 0, and earlier ones; to none, if it is a cotangent."""


class _DoneError(Exception):
    """There is no time left."""


def smallest(evidence: Evidence, probes: Sequence[Probe]) -> Example | None:
    """The smallest inputs found on which the layers differ as they do on the probes; none if no probe can be shown.

    Args:
        evidence: the probes on which both layers ran, and the layers.
        probes: the verdicts in each dtype.
    """
    found = differences(evidence, probes)
    if not found:
        return None
    search = _Search(evidence, min(found, key=lambda one: (one.rank, *_weight(one.item.inputs))))
    # The answer is worth more than a small example: whatever happens, what was found until then is shown.
    with suppress(_DoneError, LostError, EquivalenceError, ArithmeticError, LookupError, TypeError, ValueError):
        search.shrink()
    return search.example()


def _weight(inputs: Inputs) -> tuple[Any, ...]:
    """Ordinary values first, then the fewest numbers."""
    return len(inputs.earlier), bool(inputs.setting.data), sum(array.size for array in inputs.arrays.values())


class _Search:
    """Tries simpler inputs and keeps the simplest that shows the difference."""

    def __init__(self, evidence: Evidence, start: Difference) -> None:
        self._evidence, self._start = evidence, start
        self._port = evidence.port
        given = start.item.cotangents if start.rank == GRADIENT else {}
        self._best = replace(start.item.inputs, cotangents=given)
        self._runs: Runs = {"original": start.item.original, "ported": start.item.ported}
        self._tries, self._deadline = 0, time.monotonic() + SECONDS

    def shrink(self) -> None:
        """Shrink until nothing changes, or time is up."""
        if not self._tried(self._best):
            return  # What does not repeat cannot be shrunk.
        while self._best.earlier and self._tried(_with_fewer(self._best)):
            pass
        before = None
        while before is not self._best:
            before = self._best
            self._sizes()
            self._keep_cotangents()
            self._values()

    def example(self) -> Example:
        """The best so far."""
        setting = self._best.setting
        return Example(
            arrays=flat(self._best),
            sizes=dict(setting.sizes),
            dtype=self._start.dtype,
            probe=setting.name,
            original=self._shown("original"),
            ported=self._shown("ported"),
        )

    def _shown(self, side: str) -> dict[str, Array]:
        """What came out of a side: its outputs, and the gradients where these alone differ."""
        run = self._runs[side]
        gradients = run.gradients if self._start.rank == GRADIENT else {}
        return {**run.outputs, **{f"gradient of {name}": array for name, array in gradients.items()}}

    def _tried(self, inputs: Inputs) -> bool:
        """Keep the inputs if the difference is there."""
        self._in_time()
        self._tries += 1
        runs = self._start.shows(inputs)
        if runs is not None:
            self._best, self._runs = inputs, runs
        return runs is not None

    def _in_time(self) -> None:
        if self._tries >= TRIES or time.monotonic() > self._deadline:
            raise _DoneError

    def _keep_cotangents(self) -> None:
        if self._start.rank == GRADIENT and not self._best.cotangents:
            given = cotangents(self._evidence, self._best, self._runs["original"])
            self._best = replace(self._best, cotangents=given)

    # Sizes

    def _sizes(self) -> None:
        operation = self._evidence.operation
        derived = hints.of(self._port, operation).sizes if operation else {}
        fitting = Fitting(self._port, letters(self._port), derived)
        for size in range(1, _FEW):
            if self._smaller(fitting, {letter: size for letter in fitting.free if not _axes.parse(letter)[0].variadic}):
                break
        before = None
        while before is not self._best:
            before = self._best
            for letter in before.setting.sizes:
                self._letter(fitting, letter)

    def _letter(self, fitting: Fitting, letter: str) -> None:
        """Find the smallest size of a letter."""
        given = self._port.sizes.get(letter)
        size = self._best.setting.sizes[letter]
        if isinstance(size, tuple):
            tried: list[Any] = [(), *((1,) * k for k in range(1, len(size))), (1,) * len(size), (2,) * len(size)]
            tried = [one for one in tried if math.prod(one) < math.prod(size) or len(one) < len(size)]
        else:
            tried = sorted({*range(1, min(size, _FEW + 1)), *(k for k in (size // 2, size - 1) if k)} - {size})
        if isinstance(given, (list, range)) and not isinstance(size, tuple):
            tried = [one for one in given if one < size]
        elif letter not in fitting.free:
            tried = []
        any(self._smaller(fitting, {letter: one}) for one in tried)

    def _smaller(self, fitting: Fitting, changed: Mapping[str, Any]) -> bool:
        """Whether the difference is there at smaller sizes: in a window of the arrays, or in new ones."""
        old = self._best.setting
        kept = {x for x, size in self._port.sizes.items() if not isinstance(size, str)}
        fixed = {letter: old.sizes[letter] for letter in kept} | {x: changed[x] for x in changed if x in kept}
        free = {letter: old.sizes[letter] for letter in fitting.free} | {
            x: changed[x] for x in changed if x not in kept
        }
        try:
            sizes = fitting.complete(free, Choice(fixed, old.parameters))
            forms = {name: shape(self._port, name, sizes, old.parameters) for name in self._port.arguments}
        except EquivalenceError:
            return False
        if sum(map(math.prod, forms.values())) >= sum(array.size for array in self._best.arrays.values()):
            return False
        for make in self._at(sizes, changed, forms):
            try:
                inputs = make()
            except (EquivalenceError, ValueError):
                continue  # At these sizes, a kind of argument has no value.
            started = time.monotonic()
            if self._tried(inputs):
                return True
            if time.monotonic() - started > _SLOW:
                return False
        return False

    def _at(
        self, sizes: Mapping[str, Any], changed: Mapping[str, Any], forms: Mapping[str, Any]
    ) -> Iterator[Callable[[], Inputs]]:
        old = self._best
        setting = replace(old.setting, sizes=dict(sizes))
        one = next(iter(changed)) if len(changed) == 1 else None
        if all(not isinstance(size, tuple) and size <= old.setting.sizes[x] for x, size in sizes.items()):
            room = old.setting.sizes[one] - sizes[one] if one else 0
            places = range(room + 1) if one and sizes[one] == 1 else sorted({0, room})
            for place in places:
                yield partial(self._cut, old, setting, forms, {one: place})
        yield partial(self._evidence.sides.inputs, setting)

    def _cut(self, old: Inputs, setting: Setting, forms: Mapping[str, Any], places: Mapping[Any, int]) -> Inputs:
        found = [
            {name: self._window(name, array, forms[name], places, setting.sizes) for name, array in batch.items()}
            for batch in (old.arrays, *old.earlier)
        ]
        return Inputs(setting, found[0], tuple(found[1:]))

    def _window(self, name: str, array: Array, form: Sequence[int], places: Mapping[Any, int], sizes: Any) -> Array:
        kind = self._port.arguments[name]
        starts = [places.get(axis.letter, 0) if axis.divisor is None else 0 for axis in _axes.parse(kind.axes)]
        cut = array[tuple(slice(start, start + size) for start, size in zip(starts, form, strict=True))]
        return valid(kind, cut.copy(), sizes)

    # Values

    def _values(self) -> None:
        for simpler in SIMPLER:
            for batches, name in self._slots():
                size = chunk = _get(self._best, batches, name).size
                while chunk:
                    for start in range(0, size, chunk):
                        self._element(batches, name, simpler, slice(start, start + chunk))
                    chunk //= 2

    def _slots(self) -> Iterator[tuple[_Batches, str]]:
        """The arrays; those of parameters are the same in all batches."""
        every = tuple(range(1 + len(self._best.earlier)))
        for name, role in self._evidence.roles.items():
            yield from ([(every, name)] if role == "parameter" else [((k,), name) for k in every])
        yield from (((), name) for name in self._best.cotangents)

    def _element(self, batches: _Batches, name: str, simpler: Simpler, chunk: slice) -> None:
        """Make a stretch of an array simpler, if that leaves the difference."""
        self._in_time()
        kind: Input = self._port.arguments[name] if batches else Real("")
        new, sizes = _get(self._best, batches, name).copy(), self._best.setting.sizes
        old = new.reshape(-1)[chunk]
        tried = simpler(kind, old, sizes)
        better = legal(kind, tried) & (rank(kind, tried) < rank(kind, old))
        if better.any():
            new.reshape(-1)[chunk] = np.where(better, tried, old)
            self._tried(_with(self._best, batches, name, valid(kind, new, sizes)))


def _with_fewer(inputs: Inputs) -> Inputs:
    """Without the first of the batches before."""
    left = inputs.earlier[1:]
    return replace(inputs, earlier=left, setting=replace(inputs.setting, earlier=len(left)))


def _get(inputs: Inputs, batches: _Batches, name: str) -> Array:
    return (inputs.arrays, *inputs.earlier)[batches[0]][name] if batches else inputs.cotangents[name]


def _with(inputs: Inputs, batches: _Batches, name: str, array: Array) -> Inputs:
    if not batches:
        return replace(inputs, cotangents={**inputs.cotangents, name: array})
    found = [{**one, name: array} if k in batches else one for k, one in enumerate((inputs.arrays, *inputs.earlier))]
    return replace(inputs, arrays=found[0], earlier=tuple(found[1:]))

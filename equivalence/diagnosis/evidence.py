"""What a diagnosis rests on: the probes on which both layers ran, fresh ones, and the layers themselves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from equivalence.comparison import TOLERANCES, largest
from equivalence.inputs import Array
from equivalence.observation import Observation, distance, share
from equivalence.probes import roles

if TYPE_CHECKING:
    from equivalence.diagnosis.hypothesis import Arrays
    from equivalence.operation import Operation
    from equivalence.port import Port
    from equivalence.registry import Registry
    from equivalence.sides import Inputs, Sides

T = TypeVar("T")

FRESH = 2
"""Probes with new numbers on which a hypothesis must hold beside those it was found on."""

_FRESH_SEED = 100_000
_EXPLAINED = 5e-7
_APART = 1e-7
HARD = 1e-6
"""The tolerance of an element on hard data."""

_NOTHING = 1e-13
MOST = 0.8
"""The share of elements that must be right there, where rounding costs some elements all digits."""


class Evidence:
    """The observations of one port, and the means to make more.

    Args:
        sides: the two layers.
        known: the operations and adapters that exist.
        operation: the operation the user named.
        observed: the probes in the order they ran.
        coarse: whether a side computes in float32 even when float64 is asked for.
        lower: whether the ported layer computes in less than float64 although it was asked for it.
        effects: by side, what it does beside returning outputs.
    """

    def __init__(
        self,
        sides: Sides,
        known: Registry,
        operation: Operation | None,
        observed: Sequence[Observation],
        *,
        coarse: bool = False,
        lower: bool = False,
        effects: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.sides, self.known, self.operation = sides, known, operation
        self._sizes = _ordinary(observed)
        self.observed = [self._settled(item) for item in observed]
        self.tolerance = TOLERANCES["float32"] if coarse else _EXPLAINED
        self.coarse = coarse
        self.lower, self.effects = lower, dict(effects or {})
        self._memory: dict[tuple[str, Any], Arrays | None] = {}
        self.stand_in: Callable[[Inputs], Arrays | None] | None = None
        self._found: dict[Hashable, Any] = {}
        self._fresh: dict[str, list[Observation]] = {}

    @property
    def port(self) -> Port:
        """The port that is checked."""
        return self.sides.port

    @cached_property
    def roles(self) -> Mapping[str, str]:
        """By argument, whether it is ``data`` or a ``parameter``."""
        return roles(self.port)

    @property
    def parameters(self) -> list[str]:
        """The arguments that are parameters."""
        return [name for name, role in self.roles.items() if role == "parameter"]

    @property
    def framework(self) -> str:
        """The ported layer's framework, in whose terms a fix is told."""
        return self.sides.frameworks["ported"]

    @cached_property
    def complete(self) -> list[Observation]:
        """The probes on which both layers gave outputs."""
        return [item for item in self.observed if item.complete]

    @cached_property
    def telling(self) -> list[Observation]:
        """The probes whose outputs differ: ordinary data of several examples and few numbers first."""
        apart = [item for item in self.complete if self.apart(item)]
        return sorted(
            apart, key=lambda item: (bool(item.inputs.setting.data), item.error == np.inf, _alone(item), _count(item))
        )

    def apart(self, item: Observation) -> bool:
        """Whether the outputs differ by more than a constant held in float32 makes of them."""
        return item.error > max(_APART, self.tolerance if self.coarse else 0.0)

    def original(self, inputs: Inputs) -> Arrays | None:
        """The original's outputs; none if it raises. An operation that it was found to be may stand in for it."""
        if self.stand_in is not None and not inputs.earlier:
            found = self.stand_in(inputs)
            return None if found is None else self.settle(found)
        return self._outputs("original", inputs)

    def ported(self, inputs: Inputs) -> Arrays | None:
        """The ported layer's outputs; none if it raises."""
        return self._outputs("ported", inputs)

    def _outputs(self, side: str, inputs: Inputs) -> Arrays | None:
        key = side, _key(inputs)
        if key not in self._memory:
            run = self.sides.run(inputs, sides=[side])[side]
            self._memory[key] = None if run.error else self.settle(run.outputs)
        return self._memory[key]

    def remembered(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What was computed under a key before, or is now."""
        if key not in self._found:
            self._found[key] = compute()
        found: T = self._found[key]
        return found

    def observe(self, inputs: Inputs) -> Observation:
        """Run both layers on other inputs."""
        runs = self.sides.run(inputs)
        return self._settled(Observation(inputs, runs["original"], runs["ported"], {}))

    def _settled(self, item: Observation) -> Observation:
        original, ported = (replace(run, outputs=self.settle(run.outputs)) for run in (item.original, item.ported))
        return replace(item, original=original, ported=ported)

    def settle(self, outputs: Arrays) -> Arrays:
        """Zero for numbers that are nothing beside those of ordinary data: what saturation leaves is rounding."""
        return {
            name: np.where(np.abs(array) < _NOTHING * self._sizes.get(name, 0.0), 0.0, array)
            if array.dtype.kind == "f"
            else array
            for name, array in outputs.items()
        }

    def fresh(self, item: Observation, count: int = FRESH) -> list[Observation]:
        """The same probe with new numbers."""
        setting = replace(item.inputs.setting, effects=False)
        known = self._fresh.setdefault(repr(setting), [])
        while len(known) < count:
            known.append(self.observe(self.sides.inputs(setting, self.sides.seed + _FRESH_SEED + len(known))))
        return known[:count]

    def explained(self, predicted: Arrays | None, item: Observation) -> bool:
        """Whether a prediction is what the ported layer gave, but for rounding."""
        if predicted is None:
            return False
        return self.left(predicted, item) <= self.tolerance or self._mostly(predicted, item, "ported", "original")

    def left(self, predicted: Arrays, item: Observation) -> float:
        """How far a prediction is from what the ported layer gave, where that is a number."""
        numbers = {
            name: np.where(np.isnan(item.ported.outputs[name]), np.nan, array)
            if name in item.ported.outputs and array.dtype.kind == "f" and _some_numbers(item, name, array)
            else array
            for name, array in self.settle(predicted).items()
        }
        return distance(numbers, item.ported.outputs)

    def explains_original(self, predicted: Arrays | None, item: Observation) -> bool:
        """Whether a prediction is what the original gave, but for rounding."""
        if predicted is None:
            return False
        if distance(self.settle(predicted), item.original.outputs) <= self.tolerance:
            return True
        return self._mostly(predicted, item, "original", "ported")

    def _mostly(self, predicted: Arrays, item: Observation, side: str, other: str) -> bool:
        """Hard data cost digits, in some elements all: most of them must be right, and most of those that differ."""
        if not item.inputs.setting.data:
            return False
        actual = getattr(item, side).outputs
        right, count = share(self.settle(predicted), actual, HARD)
        apart = ~share(getattr(item, other).outputs, actual, HARD)[0]
        if not count or apart.size not in (0, count):
            return False
        return bool(right.mean() >= MOST and (not apart.any() or right[apart].mean() >= MOST))


def _alone(item: Observation) -> bool:
    return any(1 in array.shape for array in item.inputs.arrays.values())


def _count(item: Observation) -> int:
    return sum(array.size for array in item.inputs.arrays.values())


def _ordinary(observed: Sequence[Observation]) -> dict[str, float]:
    """By output, the largest number the original gives on ordinary data."""
    found: dict[str, float] = {}
    for item in observed:
        for name, array in item.original.outputs.items():
            if not item.inputs.setting.data:
                found[name] = max(found.get(name, 0.0), largest(array))
    return found


def _some_numbers(item: Observation, name: str, predicted: Array) -> bool:
    """Whether a NaN may be what the framework makes of a wrong argument, such as a mask without a true element."""
    found = item.ported.outputs[name]
    return found.shape == predicted.shape and found.dtype.kind == "f" and not np.isnan(found).all()


def _key(inputs: Inputs) -> Any:
    arrays = [(name, array.shape, array.dtype.str, array.tobytes()) for name, array in inputs.arrays.items()]
    return repr(inputs.setting), tuple(arrays), tuple(id(arrays) for arrays in inputs.earlier)


def changed(inputs: Inputs, /, **arrays: Array) -> Inputs:
    """The same inputs with some arguments replaced."""
    return replace(inputs, arrays={**inputs.arrays, **arrays})

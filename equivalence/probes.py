"""Probes: the sizes, values and parameters on which two layers are compared."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any

from equivalence.axes import ELLIPSIS
from equivalence.errors import AxesError, PortError
from equivalence.inputs import Array
from equivalence.operation import Operation, generator
from equivalence.port import Layer, Port
from equivalence.probing import hints
from equivalence.probing.parts import letters, roles
from equivalence.probing.sizes import DISTINCT, EXCHANGED, SMALL, Choice, Fitting, choices, numbers, shape
from equivalence.probing.values import Trial, trials, untried

__all__ = ["Plan", "Setting", "draw", "plan", "roles", "settings"]

EARLIER = 2
"""How many batches a layer in training mode has seen before the one whose state is compared."""

_DIFFERENCES = 3000
"""Up to so many numbers, the gradient of a NumPy layer is taken: that costs two evaluations a number and more."""


@dataclass(frozen=True)
class Setting:
    """A probe: what it tries, and the choice of sizes, data and parameters it tries it with.

    Attributes:
        name: what it tries, unique in its plan.
        sizes: by letter; a tuple for ``"..."``.
        data: by canonical argument, the strategy of its values where not the ordinary one.
        parameters: the port's keyword parameters, a value chosen from each list.
        earlier: how many batches run before the one that is observed.
        gradient: whether gradients are compared too.
        effects: whether side effects are looked for.
    """

    name: str
    sizes: Mapping[str, Any]
    data: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    earlier: int = 0
    gradient: bool = True
    effects: bool = False


@dataclass(frozen=True)
class Plan:
    """The probes of a port, and sentences on what could not be tried and what that leaves unproved."""

    settings: tuple[Setting, ...]
    left_out: tuple[str, ...]


def settings(port: Port, operation: Operation | None = None) -> list[Setting]:
    """The probes of a port, see :func:`plan`."""
    return list(plan(port, operation).settings)


def plan(port: Port, operation: Operation | None = None) -> Plan:
    """Choose the probes of a port from its axes, the kinds of its arguments, and the operation if there is one.

    First probes of sizes, with ordinary values: all different, all equal, one example, other parities. The first
    of them runs for each value of each list that the user gives, the others take turns. Then probes of values, at small
    sizes. Parameters keep ordinary values in all.

    Args:
        port: the two layers.
        operation: the named operation, whose sizes and kinds of data join.

    Raises:
        PortError: for a size that is none, that cannot be computed, or that cannot be met.
    """
    return _Planner(port, operation).plan()


def draw(port: Port, setting: Setting, seed: int, earlier: int = 0) -> dict[str, Array]:
    """Values for the arguments by canonical name, in the original's layout; the same for the same seed.

    Args:
        port: the two layers.
        setting: the probe.
        seed: of the random values.
        earlier: which of the batches before the observed one; 0 is the observed one. Parameters are the same in all.

    Raises:
        PortError: if the sizes do not fit the axes, or an argument has no value to choose from.
    """
    role, drawn = roles(port), {}
    for name, kind in port.arguments.items():
        batch = [f"earlier batch {earlier}"] if earlier and role[name] == "data" else []
        form = shape(port, name, setting.sizes, setting.parameters)
        random = generator(seed, setting.name, name, *batch)
        try:
            drawn[name] = kind.draw(random, form, setting.sizes, setting.data.get(name, "normal"))
        except (AxesError, ValueError) as error:
            raise PortError(port.say(f"{name}, {kind}"), fix=str(error)) from error
    return drawn


class _Planner:
    """Puts the plan of one port together."""

    def __init__(self, port: Port, operation: Operation | None) -> None:
        self._port = port
        self._hints = hints.of(port, operation) if operation else hints.Hints()
        self._fitting = Fitting(port, letters(port), self._hints.sizes)
        self._letters = self._fitting.letters
        self._training = port.original.training or port.ported.training
        self._left_out: list[str] = []
        self._impossible = PortError(port.say("sizes"))
        self._numpy = "numpy" in {port.original.framework, port.ported.framework}

    def plan(self) -> Plan:
        combinations, said = choices(self._port)
        self._left_out += [said] if said else []
        found = [*self._of_sizes(combinations)]
        if not found:
            raise self._impossible
        cheapest = min(found, key=lambda one: (1 in one.sizes.values(), numbers(self._port, one.sizes, one.parameters)))
        found = [replace(one, effects=one is cheapest) for one in found]
        found += self._of_values(combinations)
        found += self._of_state(combinations[0])
        self._say(found)
        unique = {self._key(one): self._affordable(one) for one in reversed(found)}
        return Plan(tuple(reversed(unique.values())), tuple(dict.fromkeys(self._left_out)))

    def _of_sizes(self, combinations: Sequence[Choice]) -> Iterator[Setting]:
        name = "distinct sizes" if self._fitting.free else "the sizes given"
        for choice in combinations:
            yield from self._try(name, choice, lambda choice: self._fitting.spread(DISTINCT, choice))
        if not self._fitting.free:
            return
        turns = cycle(combinations)
        yield from self._try("equal sizes", next(turns), self._fitting.equal)
        for choice in combinations:
            yield from self._try(
                "odd and even exchanged", choice, lambda choice: self._fitting.spread(EXCHANGED, choice)
            )
        yield from self._single(next(turns))
        for letter in self._letters.variadic:
            for form in ((5,), (3, 2, 4)) if letter in self._fitting.free else ():
                yield from self._try(
                    f"{len(form)} for {letter}",
                    next(turns),
                    lambda choice, form=form, x=letter: self._changed(choice, {x: form}),
                )
        for case in self._hints.cases:
            yield from self._try(
                f"the sizes of {case}", next(turns), lambda choice, case=case: self._case(choice, case)
            )

    def _single(self, choice: Choice) -> Iterator[Setting]:
        """One example alone; some frameworks refuse to train on one number for each channel."""
        for letter in (x for x in self._letters.batch if x in self._fitting.free):
            if self._training and len(self._letters.together[letter]) == 1:
                self._left_out.append(f"{letter} of size 1 is not tried in training mode.")
            else:
                yield from self._try(
                    f"{letter} of size 1", choice, lambda choice, x=letter: self._changed(choice, {x: 1})
                )

    def _changed(self, choice: Choice, sizes: Mapping[str, Any]) -> dict[str, Any]:
        free = {x: size for x, size in self._fitting.spread(DISTINCT, choice).items() if x in self._fitting.free}
        return self._fitting.complete({**free, **sizes}, choice)

    def _case(self, choice: Choice, case: str) -> dict[str, Any]:
        free = {x: size for x, size in self._hints.cases[case].items() if x in self._fitting.free}
        return self._fitting.complete(free, choice)

    def _of_values(self, combinations: Sequence[Choice]) -> Iterator[Setting]:
        turns = cycle(combinations)
        for trial in [*trials(self._port), *self._hints.trials]:
            for one in self._try(trial.name, next(turns), lambda choice: self._fitting.spread(SMALL, choice)):
                yield replace(one, data={**trial.data, **one.data}, gradient=self._smooth(trial))

    def _smooth(self, trial: Trial) -> bool:
        if trial.gradient and trial.kinks and self._numpy:
            self._left_out.append(
                f"{trial.name}: no gradient is compared, which a NumPy layer has as differences only."
            )
            return False
        return trial.gradient

    def _of_state(self, choice: Choice) -> Iterator[Setting]:
        if self._training or any(_keeps_state(layer) for layer in (self._port.original, self._port.ported)):
            name = f"state after {EARLIER} batches"
            for one in self._try(name, choice, lambda choice: self._fitting.spread(DISTINCT, choice)):
                yield replace(one, earlier=EARLIER)

    def _try(self, name: str, choice: Choice, make: Any) -> Iterator[Setting]:
        """A probe if the user's expressions allow its sizes."""
        name = f"{name}, {choice.said}" if choice.said else name
        try:
            sizes = make(choice)
            numbers(self._port, sizes, choice.parameters)
        except PortError as error:
            self._impossible = error
            self._left_out.append(f"{name}: not tried, because the sizes cannot be met ({error}).")
            return
        yield Setting(name, sizes, self._hints.data, choice.parameters)

    def _key(self, one: Setting) -> str:
        """Probes with the same key try the same, whatever they are called."""
        plain = [sorted(part.items(), key=str) for part in (one.sizes, one.data, one.parameters)]
        return repr((plain, one.earlier))

    def _affordable(self, one: Setting) -> Setting:
        count = numbers(self._port, one.sizes, one.parameters)
        if not self._numpy or count <= _DIFFERENCES or not one.gradient:
            return one
        self._left_out.append(
            f"{one.name}: no gradient is compared, because differences for {count} numbers take long."
        )
        return replace(one, gradient=False)

    def _say(self, found: Sequence[Setting]) -> None:
        if self._fitting.free:
            tried = [one.sizes[letter] for one in found for letter in self._fitting.free]
            largest = max(size for sizes in tried for size in (sizes if isinstance(sizes, tuple) else (sizes,)))
            self._left_out.append(f"Sizes above {largest} are not tried.")
        for letter, size in self._port.sizes.items():
            if not isinstance(size, str):
                said = f"fixed at {size}" if isinstance(size, int) or letter == ELLIPSIS else f"one of {list(size)}"
                self._left_out.append(f"{letter} is {said}: other sizes are not tried.")
        for name, value in self._port.parameters.items():
            if not isinstance(value, list):
                self._left_out.append(f"{name} is {value!r}: other values are not tried.")
        if not self._training:
            self._left_out.append("Training mode is not tried.")
        self._left_out += untried(self._port)
        self._left_out.append("NaN and infinite values are not tried.")


def _keeps_state(layer: Layer) -> bool:
    """Whether a layer may be an object, whose buffers a call may write into, in evaluation too."""
    if not inspect.isroutine(layer.function):
        return True
    return inspect.isfunction(layer.function) and not set(inspect.signature(layer.function).parameters) & set(
        layer.inputs
    )

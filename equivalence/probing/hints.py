"""What a named operation says about the probes of a port: sizes that follow, sizes and kinds of data of its cases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from equivalence import axes as _axes
from equivalence.axes import ELLIPSIS
from equivalence.inputs import Positive, Real
from equivalence.operation import Case, Operation
from equivalence.operation_side import Bound, bind
from equivalence.port import Port
from equivalence.probing.parts import roles
from equivalence.probing.sizes import NUMBERS, numbers
from equivalence.probing.values import Trial, trials

_CASES = 2
_NOT_FINITE = {"nan", "nonfinite"}


@dataclass(frozen=True)
class Hints:
    """What an operation adds to the plan of a port.

    Attributes:
        sizes: expressions, or sizes that are the same in all its cases, by the port's letter.
        cases: the port's sizes in some of the operation's cases, by the case's id.
        trials: kinds of data that its cases use and that no probe of the port has.
        data: the strategy of arguments that must be positive and are declared as any real numbers.
    """

    sizes: Mapping[str, int | str] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)


def of(port: Port, operation: Operation) -> Hints:
    """What the operation says about a port.

    Raises:
        UsageError: for an argument the operation does not have.
        PortError: if the arguments or axes cannot be bound.
    """
    bound = bind(port, operation)
    letters = _letters(port, bound)
    return Hints(
        _sizes(operation, letters), _cases(port, bound, letters), _trials(port, operation), _positive(port, bound)
    )


def _letters(port: Port, bound: Bound) -> dict[str, str]:
    """The port's letter by the operation's; those that ``...`` stands for are ``...0``, ``...1``."""
    found: dict[str, str] = {}
    for name, order in bound.inputs.items():
        theirs = [axis.letter for axis in _axes.parse(bound.operation.inputs[bound.arguments[name]].axes)]
        own = {axis.name: axis.letter for axis in _axes.parse(port.arguments[name].axes)}
        if ELLIPSIS in theirs:
            at, extra = theirs.index(ELLIPSIS), len(order) - len(theirs) + 1
            theirs[at : at + 1] = [f"{ELLIPSIS}{k}" for k in range(extra)]
        if len(order) == len(theirs):
            found.update({letter: own[axis] for letter, axis in zip(theirs, order, strict=True)})
    return found


def _own_sizes(sizes: Mapping[str, Any], letters: Mapping[str, str]) -> dict[str, Any]:
    """The sizes of a case by the port's letters; none if it has another number of axes."""
    several = [letter for letter in letters if letter.startswith(ELLIPSIS)]
    if ELLIPSIS in letters.values():
        spread = {several[0]: sizes[ELLIPSIS]}
    elif len(several) == len(sizes.get(ELLIPSIS, ())):
        spread = dict(zip(several, sizes.get(ELLIPSIS, ()), strict=True))
    else:
        return {}
    return {letters[letter]: size for letter, size in {**sizes, **spread}.items() if letter in letters}


def _sizes(operation: Operation, letters: Mapping[str, str]) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    for letter, own in letters.items():
        seen = {operation.case_sizes(case).get(letter) for case in operation.cases}
        if expression := operation.sizes.get(letter):
            found[own] = re.sub(r"\b[a-z]\b", lambda word: letters.get(word[0], word[0]), expression)
        elif len(seen) == 1 and len(operation.cases) > 1 and isinstance(size := seen.pop(), int):
            found[own] = size
    return found


def _cases(port: Port, bound: Bound, letters: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    operation = bound.operation
    found: dict[str, dict[str, Any]] = {}
    own = {axis.letter for kind in port.arguments.values() for axis in _axes.parse(kind.axes)}
    for case in operation.cases:
        if case.stress or case.kink or case.data != "normal" or not _same(port, bound, case):
            continue
        sizes = _own_sizes(operation.case_sizes(case), letters)
        if set(sizes) == own and len(found) < _CASES and numbers(port, sizes, operation.settings(case)) <= NUMBERS:
            found[f"{operation.name}'s case {case.id}"] = sizes
    return found


def _same(port: Port, bound: Bound, case: Case) -> bool:
    """Whether a case has the port's arguments and parameters."""
    operation = bound.operation
    given = {name: value for name, value in port.parameters.items() if not isinstance(value, list)}
    return set(operation.arguments(case)) == set(bound.arguments.values()) and operation.settings(
        case
    ) == bound.settings(given)


def _trials(port: Port, operation: Operation) -> tuple[Trial, ...]:
    role, own = roles(port), {strategy for trial in trials(port) for strategy in trial.data.values()}
    real = [
        n for n, kind in port.arguments.items() if role[n] == "data" and isinstance(kind, Real) and kind.low is None
    ]
    used = {case.data: case.kink for case in operation.cases if not case.stress}
    return tuple(
        Trial(f"{strategy} data", dict.fromkeys(real, strategy), kinks=True)
        for strategy in used
        if real and strategy not in own | _NOT_FINITE | {"normal"}
    )


def _positive(port: Port, bound: Bound) -> dict[str, str]:
    return {
        name: "positive"
        for name, kind in port.arguments.items()
        if isinstance(kind, Real)
        and kind.low is None
        and isinstance(bound.operation.inputs[bound.arguments[name]], Positive)
    }

"""Cases that an operation does not have, tried until one reveals what its own cases do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.axes import ELLIPSIS
from equivalence.errors import EquivalenceError
from equivalence.inputs import STRATEGIES
from equivalence.operation import Case, Operation, generator
from equivalence.power.results import Finding

_LARGEST = 7


def reveal(operation: Operation, examine: Callable[[Case], Finding | None], attempts: int) -> tuple[str, int]:
    """Search a case that tells a mutant from the original; as its declaration, and how many were tried."""
    tried, second = 0, ""
    for case in candidates(operation, attempts):
        try:
            found = examine(case)
        except (EquivalenceError, ValueError, LookupError):
            continue
        tried += 1
        if found is not None and found.how == "different":
            return declaration(case), tried
        if found is not None and not second:
            second = declaration(case)
    return second, tried


def candidates(operation: Operation, attempts: int) -> Iterator[Case]:
    """Valid cases that vary the operation's own in sizes, declared values of parameters, and data; always the same."""
    rng = generator(0, operation.name, "candidates")
    for attempt in range(attempts):
        case = _vary(operation, operation.cases[attempt % len(operation.cases)], rng, f"revealing-{attempt}")
        try:
            settings, sizes = operation.settings(case), operation.case_sizes(case)
            for kind in operation.arguments(case).values():
                _axes.shape(kind.axes, sizes, settings)
            with np.errstate(all="ignore"):
                operation.forward(operation.draw(case), settings)
        except (EquivalenceError, ValueError, LookupError):
            continue
        yield case


def declaration(case: Case) -> str:
    """The Python that declares a case; under another id it would get other random values."""
    words = [repr(case.id), repr(dict(case.sizes))]
    words += [f"without={list(case.without)!r}"] if case.without else []
    words += [f"data={case.data!r}"] if case.data != "normal" else []
    words += [f"{name}={value!r}" for name, value in case.parameters.items()]
    return f"case({', '.join(words)})"


def _vary(operation: Operation, base: Case, rng: np.random.Generator, name: str) -> Case:
    sizes = {letter: _size(letter, size, rng) for letter, size in base.sizes.items()}
    if _sometimes(rng, 5):
        one = int(rng.integers(2, _LARGEST))
        sizes = {
            letter: tuple(one for _ in size) if letter.startswith(ELLIPSIS) else one for letter, size in sizes.items()
        }
    parameters = dict(base.parameters)
    for parameter, values in operation.parameters.items():
        if _sometimes(rng, 3):
            parameters[parameter] = values[int(rng.integers(len(values)))]
    data = str(rng.choice(sorted(STRATEGIES))) if _sometimes(rng, 2) else base.data
    without = [argument for argument in sorted(operation.optional) if _sometimes(rng, 6)]
    return Case(name, sizes, parameters, tuple(without), data)


def _size(letter: str, size: Any, rng: np.random.Generator) -> Any:
    if not _sometimes(rng, 2):
        return size
    if letter.startswith(ELLIPSIS):
        return tuple(int(rng.integers(1, _LARGEST)) for _ in range(int(rng.integers(0, 4))))
    return int(rng.integers(1, _LARGEST + 1))


def _sometimes(rng: np.random.Generator, once_in: int) -> bool:
    return bool(rng.integers(once_in) == 0)

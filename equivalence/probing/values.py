"""Kinds of values that a port's arguments are tried with beside the ordinary ones, and what is not tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from equivalence.inputs import Input, Integers, Lengths, Mask, Positive, Real
from equivalence.port import Port
from equivalence.probing.parts import roles


@dataclass(frozen=True)
class Trial:
    """A kind of values: what it is called, the strategy of each argument it concerns, and whether slopes exist there.

    Attributes:
        kinks: the values may lie at a kink, where a finite difference gives neither side's slope.
        gradient: whether gradients exist at all.
    """

    name: str
    data: Mapping[str, str]
    kinks: bool = False
    gradient: bool = True


_REAL: tuple[tuple[str, str, Mapping[str, bool]], ...] = (
    ("negative values", "negative", {}),
    ("large values", "large", {}),
    ("small values", "small", {"kinks": True}),
    ("tiny values", "tiny", {"gradient": False}),
    ("ties", "ties", {"kinks": True}),
    ("equal values, one example zero", "constant", {"gradient": False}),
    ("saturation", "saturation", {}),
    ("offset data", "offset", {}),
)
"""What real data are tried with. A finite difference takes steps too long for small values."""

_MASK = (
    ("all of {} true", "all"),
    ("{} false at the end", "end"),
    ("{} false at the start", "start"),
    ("a single true in {}", "single"),
)
_INTEGERS = (("{} at the ends of the range", "ends"), ("{} all the same", "repeated"))
_LENGTHS = (("{} all full", "full"), ("{} all at their least", "low"), ("{} rising to the full", "rising"))


def trials(port: Port) -> list[Trial]:
    """The kinds of values for a port, by the kinds of its arguments. Parameters keep ordinary values."""
    role = roles(port)
    data = {name: kind for name, kind in port.arguments.items() if role[name] == "data"}
    found = [*_reals(port, data), *_limits(data)]
    for family, words in ((Integers, _INTEGERS), (Mask, _MASK), (Lengths, _LENGTHS)):
        found += _discrete(port, family, words)
    if empty := [name for name, kind in port.arguments.items() if isinstance(kind, Mask) and kind.empty]:
        found.append(Trial(f"none of {_and(empty)} true", dict.fromkeys(empty, "none"), gradient=False))
    return found


def _reals(port: Port, data: Mapping[str, Input]) -> Iterator[Trial]:
    free = [name for name, kind in data.items() if isinstance(kind, Real) and kind.low is None]
    positive = [name for name, kind in data.items() if isinstance(kind, Positive)]
    every = [name for name, kind in port.arguments.items() if isinstance(kind, Positive)]
    for name, strategy, options in _REAL:
        # A small variance shows an epsilon as well as small data do.
        own = {"small": every, "tiny": positive, "large": positive}.get(strategy, [])
        if free or own:
            yield Trial(
                name, {**dict.fromkeys(free, strategy), **dict.fromkeys(own, f"positive-{strategy}")}, **options
            )


def _limits(data: Mapping[str, Input]) -> Iterator[Trial]:
    bounded = [name for name, kind in data.items() if isinstance(kind, Real) and kind.low is not None]
    if bounded:
        yield Trial(f"{_and(bounded)} at the limits", dict.fromkeys(bounded, "limits"), gradient=False)


def _discrete(port: Port, family: Callable[..., Any], words: tuple[tuple[str, str], ...]) -> Iterator[Trial]:
    names = [name for name, kind in port.arguments.items() if type(kind) is family]
    for text, strategy in words if names else ():
        yield Trial(text.format(_and(names)), dict.fromkeys(names, strategy))


def untried(port: Port) -> list[str]:
    """What no probe tries because of how the arguments are declared, a sentence each."""
    role, said = roles(port), []
    for name, kind in port.arguments.items():
        match kind:
            case Real(low=float() | int() as low, high=high) if role[name] == "data":
                said.append(f"{name} lies between {low} and {high} as declared: other values are not tried.")
            case Positive() if role[name] == "data":
                said.append(f"{name} is positive as declared: zero and negative values are not tried.")
            case Integers(low=low, below=below):
                said.append(f"{name} goes from {low} up to below {below} as declared: others are not tried.")
            case Mask(empty=False):
                said.append(f"A row of {name} without a single true is not tried: Mask(..., empty=True) would be.")
            case Lengths(low=low) if low > 0:
                said.append(f"{name} is at least {low} as declared: shorter sequences are not tried.")
    return said


def _and(names: list[str]) -> str:
    return " and ".join(names)

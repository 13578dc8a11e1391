"""The rows that say what an operation is: arguments, outputs, parameters, cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from equivalence.inputs import Input, Integers, Lengths, Mask, Real
from equivalence.operation import Case, Operation
from equivalence.pages.docstring import Docstring
from equivalence.pages.marks import axes, code, codes


@dataclass(frozen=True)
class Argument:
    """A row of the table of arguments, outputs and parameters, in Markdown."""

    name: str
    kind: str
    axes: str = ""
    default: str = ""
    values: str = ""
    meaning: str = ""


def argument_rows(operation: Operation, described: Docstring) -> list[Argument]:
    """Arguments, then outputs, then parameters."""
    meanings = described.arguments
    found = [
        Argument(
            name=code(name),
            kind=input_kind(kind),
            axes=axes(kind.axes),
            default="left out" if name in operation.optional else "",
            meaning=meanings.get(name, ""),
        )
        for name, kind in operation.inputs.items()
    ]
    found += [
        Argument(name=code(name), kind="output", axes=code(axes or "scalar"))
        for name, axes in operation.outputs.items()
    ]
    found += [
        Argument(
            name=code(name),
            kind="parameter",
            default=code(repr(operation.defaults[name])),
            values=codes(values),
            meaning=meanings.get(name, ""),
        )
        for name, values in operation.parameters.items()
    ]
    return found


def input_kind(kind: Input) -> str:
    """What an argument may hold, in words."""
    name = type(kind).__name__.lower()
    match kind:
        case Real(low=low, high=high) if low is not None:
            name = f"real from {low:g} to {high:g}"
        case Integers(low=low, below=below):
            name = f"integers from {low}, below {code(below)}"
        case Mask(empty=True):
            name = "mask, all false too"
        case Lengths(of=of, low=low):
            name = f"lengths from {low} to the size of {code(of)}"
        case _:
            pass
    return name if kind.differentiable else f"{name}; no gradient"


def case_rows(operation: Operation) -> list[tuple[str, ...]]:
    """Id, sizes, parameters other than the defaults, and what else is special, of each case."""
    return [
        (code(case.id), _pairs(case.sizes), _pairs(case.parameters), "; ".join(_remarks(case)))
        for case in operation.cases
    ]


def _remarks(case: Case) -> list[str]:
    return [
        words
        for words, holds in (
            (f"data: {case.data}", case.data != "normal"),
            (f"without {', '.join(map(code, case.without))}", case.without),
            ("judged by the verdict alone", case.stress),
            ("where there is no derivative", case.kink),
        )
        if holds
    ]


def _pairs(values: Mapping[str, Any]) -> str:
    return " ".join(code(f"{name}={value!r}") for name, value in values.items())

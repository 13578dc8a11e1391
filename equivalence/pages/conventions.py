"""The table of conventions: a row for each convention, a column for each participant.

The rows are what a binding's data says, so what the suite's own transposing, flipping and renaming goes by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from equivalence.axes import names
from equivalence.binding import Binding, Flip, Recode
from equivalence.operation import Operation
from equivalence.pages.marks import axes, code, codes, link, prose
from equivalence.registry import Participant

NOTHING = "\N{EM DASH}"
"""What a cell says where a participant has nothing of the kind."""

_POSITION = "by position"

Bindings = Sequence[Binding | None]


@dataclass(frozen=True)
class Row:
    """One convention, in Markdown: what it is about, what the reference does, and what each other participant does."""

    about: str
    cells: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether two participants say different things; a reference that says nothing does not count."""
        return len({cell for cell in self.cells if cell}) > 1


def convention_rows(operation: Operation, participants: Sequence[Participant]) -> list[Row]:
    """Every convention of an operation, a cell for each participant in their order."""
    bindings = [participant.binding for participant in participants]
    found = [
        *_layouts(operation, bindings),
        *_flips(operation, bindings),
        *_blocks(operation, bindings),
        *_words(bindings),
        *_keywords(operation, bindings),
        *_values(operation, bindings),
        *_limits(operation, bindings),
    ]
    dtypes = [p.binding.dtypes if p.binding else p.adapter.dtypes for p in participants]
    found.append(Row("dtypes", tuple(", ".join(each) for each in dtypes)))
    found.append(Row("documentation", tuple(link(b.docs) if b else "this page" for b in bindings)))
    return found


def performers(participants: Sequence[Participant]) -> str:
    """Who performs an operation, an adapter's variants beside it: ``numpy, theano +unflipped``."""
    found: dict[str, list[str]] = {}
    for participant in participants:
        variant = participant.binding.variant if participant.binding else None
        found.setdefault(participant.adapter.name, []).append(variant or "")
    return ", ".join(
        " ".join([name, *(f"+{variant}" for variant in variants if variant)]) for name, variants in found.items()
    )


def _of(bindings: Bindings) -> list[Binding]:
    return [binding for binding in bindings if binding is not None]


def _layouts(operation: Operation, bindings: Bindings) -> Iterator[Row]:
    canonical = {name: kind.axes for name, kind in operation.inputs.items()} | operation.outputs
    for name, order in canonical.items():
        if order:
            cells = (
                axes(_native_order(binding.layouts.get(name), order) if binding else order) for binding in bindings
            )
            yield Row(f"axes of {code(name)}", tuple(cells))


def _native_order(native: str | None, canonical: str) -> str:
    """The framework's order of the axes, each written as the operation writes it: a layout leaves divisors out."""
    if native is None:
        return canonical
    written = dict(zip(names(canonical), canonical.split(), strict=True))
    return re.sub(r"[^\s()]+", lambda axis: written.get(axis[0], axis[0]), native)


def _flips(operation: Operation, bindings: Bindings) -> Iterator[Row]:
    for name in (*operation.inputs, *operation.outputs):
        if any(name in binding.flip for binding in _of(bindings)):
            cells = (_flip(binding.flip.get(name) if binding else None) for binding in bindings)
            yield Row(f"axes of {code(name)} walked backwards", tuple(cells))


def _flip(flip: Flip | None) -> str:
    if flip is None:
        return NOTHING
    conditions = " and ".join(code(f"{name}={value!r}") for name, value in flip.when.items())
    return axes(flip.axes) + (f" when {conditions}" if conditions else "")


def _blocks(operation: Operation, bindings: Bindings) -> Iterator[Row]:
    for letter, order in operation.blocks.items():
        cells = (axes(binding.blocks.get(letter, order) if binding else order) for binding in bindings)
        yield Row(f"order of the blocks on {code(letter)}", tuple(cells))


def _words(bindings: Bindings) -> Iterator[Row]:
    """The rows that a binding's author wrote, in the order in which they first appear."""
    for about in dict.fromkeys(about for binding in _of(bindings) for about in binding.conventions):
        cells = (prose(binding.conventions.get(about, NOTHING)) if binding else "" for binding in bindings)
        yield Row(prose(about), tuple(cells))


def _keywords(operation: Operation, bindings: Bindings) -> Iterator[Row]:
    """Every parameter's keyword, and those of arguments that one binding at least calls by another name."""
    for name in (*operation.inputs, *operation.parameters):
        default = _POSITION if name in operation.inputs else name
        keywords = [binding.rename.get(name, default) if binding else default for binding in bindings]
        if name in operation.parameters or set(keywords) - {_POSITION, name}:
            yield Row(f"keyword for {code(name)}", tuple(map(_keyword, keywords)))


def _keyword(name: str | None) -> str:
    if name is None:
        return NOTHING
    return name if name == _POSITION else code(name)


def _values(operation: Operation, bindings: Bindings) -> Iterator[Row]:
    """Values of parameters that are recoded, and keywords that no parameter is called by."""
    for name in operation.parameters:
        if any(_recode(binding, name) is not None for binding in _of(bindings)):
            cells = (_value(binding, name) if binding else "as given" for binding in bindings)
            yield Row(f"values of {code(name)}", tuple(cells))
    others = [_others(operation, binding) if binding else [] for binding in bindings]
    if any(others):
        about = "keywords computed from parameters and sizes"
        yield Row(about, tuple(", ".join(map(code, keywords)) or NOTHING for keywords in others))


def _native(binding: Binding, name: str) -> str:
    return binding.rename.get(name, name) or name


def _recode(binding: Binding, name: str) -> Recode | None:
    return binding.recode.get(name, binding.recode.get(_native(binding, name)))


def _value(binding: Binding, name: str) -> str:
    recode = _recode(binding, name)
    if isinstance(recode, Mapping):
        return ", ".join(f"{code(repr(value))} is {code(repr(native))}" for value, native in recode.items())
    if recode is not None:
        return "computed"
    return NOTHING if binding.rename.get(name, name) is None else "as given"


def _others(operation: Operation, binding: Binding) -> list[str]:
    known = {word for name in operation.parameters for word in (name, _native(binding, name))}
    return [keyword for keyword in binding.recode if keyword not in known]


def _limits(operation: Operation, bindings: Bindings) -> Iterator[Row]:
    for name in operation.parameters:
        if any(name in binding.only for binding in _of(bindings)):
            cells = (codes(binding.only[name]) if binding and name in binding.only else "all" for binding in bindings)
            yield Row(f"values of {code(name)} that it can do", tuple(cells))

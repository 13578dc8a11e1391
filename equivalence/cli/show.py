"""``equivalence list`` and ``equivalence show``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equivalence import registry
from equivalence.binding import Binding
from equivalence.operation import Operation
from equivalence.pages import families
from equivalence.pages.conventions import performers
from equivalence.registry import Participant

console = Console()


def list_operations(*, operations: Sequence[str]) -> int:
    """Print the operations and who performs each, a table for each family."""
    known = registry.load()
    chosen = {name: known.operation(name) for name in operations} or known.operations
    for family, members in families(chosen).items():
        table = Table(title=family, title_justify="left")
        table.add_column("operation", no_wrap=True)
        table.add_column("parameters")
        table.add_column("cases", justify="right")
        table.add_column(f"performed by, beside {known.reference.name}")
        for operation in members:
            others = [participant for participant in known.participants(operation) if participant.binding]
            parameters = escape(", ".join(operation.parameters))
            table.add_row(operation.name, parameters, str(len(operation.cases)), escape(performers(others)))
        console.print(table)
    return 0


def show(*, operation: str) -> int:
    """Print one operation's declaration, cases and conventions."""
    known = registry.load()
    declared = known.operation(operation)
    console.print(f"[bold]{declared.name}[/] ({declared.family})\n")
    console.print(declared.__doc__ or "", markup=False, highlight=False)
    _print_arguments(declared)
    _print_conventions(known.participants(declared))
    cases = Table("case", "sizes", "parameters", title="Cases")
    for case in declared.cases:
        sizes = " ".join(f"{letter}={size}" for letter, size in case.sizes.items())
        cases.add_row(case.id, escape(sizes), escape(_pairs(case.parameters)))
    console.print(cases)
    return 0


def _print_arguments(declared: Operation) -> None:
    table = Table("argument", "axes", "kind", title="Arguments, outputs and parameters")
    for name, kind in declared.inputs.items():
        optional = ", optional" if name in declared.optional else ""
        table.add_row(name, kind.axes or "scalar", f"{type(kind).__name__}{optional}")
    for name, axes in declared.outputs.items():
        table.add_row(name, axes or "scalar", "output")
    for name, values in declared.parameters.items():
        table.add_row(
            name, "", escape(f"parameter, default {declared.defaults[name]!r}; tried: {', '.join(map(repr, values))}")
        )
    console.print(table)


def _print_conventions(participants: Sequence[Participant]) -> None:
    """What the data of each binding says, a framework at a time; then what only words say, a convention at a time."""
    table = Table("framework", "", title="Conventions of each framework")
    table.add_column("", overflow="fold")
    bindings: dict[str, Binding] = {}
    for participant in participants:
        if participant.binding is None:
            table.add_row(participant.name, "layout", "canonical", end_section=True)
            continue
        bindings[participant.name] = participant.binding
        rows = _said(participant.binding)
        for number, (what, words) in enumerate(rows.items(), 1):
            name = participant.name if number == 1 else ""
            table.add_row(name, what, escape(words), end_section=number == len(rows))
    console.print(table)
    _print_words(bindings)


def _print_words(bindings: Mapping[str, Binding]) -> None:
    table = Table("convention", "framework", "", title="What data cannot say")
    for about in dict.fromkeys(about for binding in bindings.values() for about in binding.conventions):
        said = {name: b.conventions[about] for name, b in bindings.items() if about in b.conventions}
        for number, (name, words) in enumerate(said.items(), 1):
            label = escape(about) if number == 1 else ""
            table.add_row(label, name, escape(words), end_section=number == len(said))
    if table.row_count:
        console.print(table)


def _said(binding: Binding) -> dict[str, str]:
    """What is not as in the reference, by what it is about; always the layout, the dtypes and the documentation."""
    flips = [f"{key}: {flip.axes} {_when(flip.when)}".strip() for key, flip in binding.flip.items()]
    renamed = [f"{key} -> {native or 'dropped'}" for key, native in binding.rename.items()]
    said = {
        "layout": ", ".join(f"{key}: {axes}" for key, axes in binding.layouts.items()) or "canonical",
        "flip": "; ".join(flips),
        "blocks": ", ".join(f"{letter}: {order}" for letter, order in binding.blocks.items()),
        "parameters": ", ".join([*renamed, *binding.recode]),
        "only": "; ".join(f"{name}: {', '.join(map(repr, values))}" for name, values in binding.only.items()),
        "dtypes": ", ".join(binding.dtypes),
        "documentation": binding.docs,
    }
    return {what: words for what, words in said.items() if words}


def _when(condition: Mapping[str, Any]) -> str:
    return f"when {_pairs(condition)}" if condition else ""


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())

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

console = Console()


def list_operations(*, operations: Sequence[str]) -> int:
    """Print the operations and who performs each."""
    known = registry.load()
    table = Table("family", "operation", "arguments", "variants", "cases", "performed by")
    for operation in [known.operation(name) for name in operations] or known.operations.values():
        arguments = ", ".join(f"{name} ({kind.axes})" for name, kind in operation.inputs.items())
        participants = ", ".join(participant.name for participant in known.participants(operation))
        table.add_row(
            operation.family,
            operation.name,
            escape(arguments),
            escape("; ".join(operation.parameters)),
            str(len(operation.cases)),
            participants,
        )
    console.print(table)
    return 0


def show(*, operation: str) -> int:
    """Print one operation's declaration, cases and conventions."""
    known = registry.load()
    declared = known.operation(operation)
    console.print(f"[bold]{declared.name}[/] ({declared.family})\n")
    console.print(declared.__doc__ or "", markup=False, highlight=False)
    _print_arguments(declared)
    _print_conventions({p.name: p.binding for p in known.participants(declared)})
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


def _print_conventions(bindings: Mapping[str, Binding | None]) -> None:
    table = Table("framework", "layout", "flip", "parameters", "documentation", title="Conventions of each framework")
    for name, binding in bindings.items():
        if binding is None:
            table.add_row(name, "canonical", "", "", "")
            continue
        layouts = ", ".join(f"{key}: {axes}" for key, axes in binding.layouts.items()) or "canonical"
        flips = "; ".join(f"{key}: {flip.axes} {_when(flip.when)}".strip() for key, flip in binding.flip.items())
        renamed = [f"{key} -> {native or 'dropped'}" for key, native in binding.rename.items()]
        table.add_row(
            name, escape(layouts), escape(flips), escape(", ".join([*renamed, *binding.recode])), binding.docs
        )
    console.print(table)


def _when(condition: Mapping[str, Any]) -> str:
    return f"when {_pairs(condition)}" if condition else ""


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())

"""The matrix: every operation x case x dtype x pair of participants x quantity, enumerated without running anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from equivalence.binding import DTYPES
from equivalence.deviations import Row, find, rows
from equivalence.operation import OUTPUT, Case, Operation
from equivalence.outcome import comparison_id
from equivalence.registry import Participant, Registry, suggest


@dataclass(frozen=True)
class Cell:
    """One case in one dtype, and who performs it."""

    operation: Operation
    case: Case
    dtype: str
    participants: tuple[Participant, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """Operation, case and dtype: what names a cell."""
        return self.operation.name, self.case.id, self.dtype

    @property
    def pairs(self) -> list[tuple[Participant, Participant]]:
        """Every pair, the reference on the left."""
        return list(combinations(self.participants, 2))

    @property
    def quantities(self) -> list[str]:
        """What is compared: each output, and the vector-Jacobian product for each differentiable argument."""
        outputs = [output_quantity(name) for name in self.operation.outputs]
        return outputs + [gradient_quantity(name) for name in self.operation.differentiable(self.case)]


@dataclass(frozen=True)
class Gap:
    """An adapter that does not perform an operation, or a case of it; the row that says why, if there is one."""

    operation: Operation
    adapter: str
    case: str | None = None
    row: Row | None = None


@dataclass(frozen=True)
class Plan:
    """What is to be compared, and who does not take part in what."""

    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]
    rows: tuple[Row, ...]

    def ids(self) -> Iterator[tuple[Cell, Participant, Participant, str, str]]:
        """Every comparison with its id."""
        for cell in self.cells:
            for left, right in cell.pairs:
                for quantity in cell.quantities:
                    name = comparison_id(*cell.key, left.name, right.name, quantity)
                    yield cell, left, right, quantity, name

    def unmatched(self) -> list[Row]:
        """Rows that speak of nothing in a plan of everything: each is an error."""
        everything = [
            (cell, participant, quantity)
            for cell in self.cells
            for participant in cell.participants
            for quantity in cell.quantities
        ]
        skipped = {gap.row for gap in self.gaps}
        return [
            row
            for row in self.rows
            if row not in skipped and not any(row.matches(p.name, *cell.key, q) for cell, p, q in everything)
        ]


def output_quantity(name: str) -> str:
    """``forward``, or ``forward-mean`` where outputs have names."""
    return "forward" if name == OUTPUT else f"forward-{name}"


def gradient_quantity(name: str) -> str:
    """``gradient-weight``."""
    return f"gradient-{name}"


def plan(
    registry: Registry,
    *,
    operations: Sequence[str] = (),
    frameworks: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    cases: Sequence[str] = (),
) -> Plan:
    """Enumerate the matrix; empty selections mean everything.

    Args:
        registry: what is declared.
        operations: names of operations.
        frameworks: names of adapters, or of participants (``theano/unflipped``).
        dtypes: ``float32``, ``float64``.
        cases: case ids.

    Raises:
        UsageError: for a name that does not exist, with the nearest that do.
    """
    chosen = [registry.operation(name) for name in operations] or list(registry.operations.values())
    _check_frameworks(registry, chosen, frameworks)
    known = {case.id for operation in chosen for case in operation.cases}
    if unknown := set(cases) - known:
        raise suggest("case", unknown.pop(), known)
    table = tuple(row for adapter in registry.adapters.values() for row in rows(adapter))
    cells: list[Cell] = []
    gaps: list[Gap] = []
    for operation in chosen:
        takers = [p for p in registry.participants(operation) if _selected(p, frameworks)]
        present = {p.adapter.name for p in registry.participants(operation)}
        gaps += [
            Gap(operation, name, row=_skip_row(table, name, operation))
            for name in registry.adapters
            if name not in present
        ]
        for case in operation.cases:
            if cases and case.id not in cases:
                continue
            cells += [_cell(operation, case, dtype, takers, table, gaps) for dtype in dtypes or DTYPES]
    return Plan(tuple(cells), tuple(gaps), table)


def _cell(
    operation: Operation, case: Case, dtype: str, takers: Iterable[Participant], table: Sequence[Row], gaps: list[Gap]
) -> Cell:
    taking = []
    for participant in takers:
        row = find(table, "skip", participant.name, (operation.name, case.id, dtype))
        if row is not None:
            gaps.append(Gap(operation, participant.name, case.id, row))
        elif _able(participant, operation, case, dtype):
            taking.append(participant)
    return Cell(operation, case, dtype, tuple(taking))


def _skip_row(table: Iterable[Row], adapter: str, operation: Operation) -> Row | None:
    matching = (row for row in table if (row.kind, row.adapter, row.operation) == ("skip", adapter, operation.name))
    return next((row for row in matching if row.cases == ("*",)), None)


def _able(participant: Participant, operation: Operation, case: Case, dtype: str) -> bool:
    binding = participant.binding
    if binding is None:
        return True
    settings = operation.settings(case)
    return dtype in binding.dtypes and all(settings[name] in values for name, values in binding.only.items())


def _selected(participant: Participant, frameworks: Sequence[str]) -> bool:
    return not frameworks or participant.name in frameworks or participant.adapter.name in frameworks


def _check_frameworks(registry: Registry, chosen: Iterable[Operation], frameworks: Iterable[str]) -> None:
    known = set(registry.adapters) | {p.name for operation in chosen for p in registry.participants(operation)}
    for name in frameworks:
        if name not in known:
            raise suggest("framework", name, known)

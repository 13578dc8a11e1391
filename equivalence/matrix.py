"""The matrix: every operation x case x dtype x pair of participants x quantity, enumerated without running anything."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from equivalence.binding import DTYPES, HALF, HALF_TOO
from equivalence.comparison import Comparison
from equivalence.deviations import Row, find, rows
from equivalence.errors import DeclarationError, UsageError
from equivalence.operation import OUTPUT, Case, Operation
from equivalence.outcome import Outcome, comparison_id
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
        """Rows that speak, in one of their cases at least, of nothing in a plan of everything: each is an error."""
        return [row for row in self.rows if not all(self._speaks(row, case) for case in row.cases)]

    def _speaks(self, row: Row, case: str) -> bool:
        if row.kind == "stress":
            return True
        if row.kind == "skip":
            return any(gap.row == row and case in ("*", gap.case) for gap in self.gaps)
        one = replace(row, cases=(case,))
        return any(
            one.matches(participant.name, *cell.key, quantity)
            for cell in self.cells
            for participant in cell.participants
            for quantity in cell.quantities
        )


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
        dtypes: ``float32``, ``float64``; if they are asked for by name also ``float16``, ``bfloat16``.
        cases: case ids.

    Raises:
        UsageError: for a name that does not exist, with the nearest that do; for a half format that no two compute in.
        DeclarationError: if everything is selected, and a row of data speaks of nothing.
    """
    chosen = [registry.operation(name) for name in dict.fromkeys(operations)] or list(registry.operations.values())
    _check("framework", frameworks, {*registry.adapters, *(p.name for o in chosen for p in registry.participants(o))})
    _check("case", cases, {case.id for operation in chosen for case in operation.cases})
    _check("dtype", dtypes, HALF_TOO)
    table = tuple(row for adapter in registry.adapters.values() for row in rows(adapter))
    cells: list[Cell] = []
    gaps: list[Gap] = []
    for operation in chosen:
        everyone = registry.participants(operation)
        present = {p.adapter.name for p in everyone}
        gaps += [
            Gap(operation, name, row=_skip_row(table, name, operation))
            for name, adapter in registry.adapters.items()
            # What runs on another's arithmetic is bound only where its conventions are its own.
            if name not in present and not adapter.library
        ]
        for case in operation.cases:
            if cases and case.id not in cases:
                continue
            for dtype in dict.fromkeys(dtypes or DTYPES):
                cell, missing = _cell(operation, case, dtype, everyone, table)
                taking = tuple(p for p in cell.participants if _selected(p, frameworks))
                if len(taking) > 1 or dtype not in HALF:
                    cells.append(replace(cell, participants=taking))
                gaps += missing
    asked = {*frameworks, *(name.partition("/")[0] for name in frameworks)} or {*registry.adapters}
    mine = [gap for gap in gaps if not asked.isdisjoint({gap.adapter, gap.adapter.partition("/")[0]})]
    planned = Plan(tuple(cells), tuple(dict.fromkeys(mine)), table)
    if not (operations or frameworks or dtypes or cases):
        _refuse_unmatched(planned)
    for dtype in dtypes:
        if dtype in HALF and all(cell.dtype != dtype for cell in planned.cells):
            raise _alone(registry, chosen, frameworks, dtype)
    return planned


def skips(planned: Plan) -> list[Outcome]:
    """An outcome for everything that a row of data leaves out, with the row's reason and link."""
    return [
        Outcome(
            operation=gap.operation.name,
            family=gap.operation.family,
            case=gap.case or "*",
            left=gap.adapter,
            right="",
            dtype=", ".join(gap.row.dtypes) or "*",
            quantity="call",
            comparison=Comparison(verdict="skipped", reason=gap.row.reason),
            link=gap.row.link,
            reproduce=shlex.join(["equivalence", "show", gap.operation.name]),
        )
        for gap in planned.gaps
        if gap.row is not None
    ]


def cells_of(
    registry: Registry,
    operation: Operation,
    case: Case,
    dtypes: Sequence[str] = (),
    frameworks: Sequence[str] = (),
    table: Sequence[Row] = (),
) -> list[Cell]:
    """The cells of one case, which need not be declared; empty selections mean everything.

    Whoever skips any case of the operation takes no part: what it skips may be a matter of sizes.
    """
    skipping = {
        (row.adapter, row.operation, variant)
        for row in table
        if row.kind == "skip"
        for variant in row.variants or ("",)
    }
    everyone = [
        p
        for p in registry.participants(operation)
        if (p.adapter.name, operation.name, p.name.partition("/")[2]) not in skipping
    ]
    found = [_cell(operation, case, dtype, everyone, ())[0] for dtype in dict.fromkeys(dtypes or DTYPES)]
    return [replace(c, participants=tuple(p for p in c.participants if _selected(p, frameworks))) for c in found]


def _refuse_unmatched(planned: Plan) -> None:
    for row in planned.unmatched():
        raise DeclarationError(
            f"{row.kind} row of {row.adapter}",
            expected="an operation, cases and a quantity that exist",
            got=f"{row.operation}, {', '.join(row.cases)}, {row.quantity or 'every quantity'}",
            fix="Remove the row, or correct it.",
        )


def _alone(registry: Registry, chosen: Iterable[Operation], frameworks: Sequence[str], dtype: str) -> UsageError:
    able = (p for o in chosen for p in registry.participants(o) if p.binding is None or dtype in p.binding.dtypes)
    return UsageError(
        f"nothing to compare in {dtype}",
        expected=f"two of those who compute in it, {', '.join(dict.fromkeys(p.name for p in able))}",
        got=", ".join(frameworks) or "no others",
    )


def _cell(
    operation: Operation, case: Case, dtype: str, everyone: Sequence[Participant], table: Sequence[Row]
) -> tuple[Cell, list[Gap]]:
    """Who takes part, and each participant that a row skips or adapter that can do the case with no binding."""
    taking, gaps = [], []
    for participant in everyone:
        row = find(table, "skip", participant.name, (operation.name, case.id, dtype))
        if row is not None:
            gaps.append(Gap(operation, participant.name, case.id, row))
        elif _able(participant, operation, case, dtype):
            taking.append(participant)
    explained = {p.adapter.name for p in taking} | {gap.adapter.partition("/")[0] for gap in gaps}
    adapters = dict.fromkeys(p.adapter.name for p in everyone if not p.adapter.library)
    if dtype not in HALF:
        gaps += [Gap(operation, name, case.id) for name in adapters if name not in explained]
    return Cell(operation, case, dtype, tuple(taking)), gaps


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


def _check(what: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise suggest(what, name, known)

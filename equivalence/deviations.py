"""Rows of data about an adapter: what it skips, and where it is known to differ. Each has a reason and a link.

An adapter's package may hold ``deviations.toml``, or a folder ``deviations`` with a file for each family::

    [[difference]]
    operation = "relu"
    cases = ["zeros"]
    quantity = "gradient-x"
    code = "gradient.ties"
    reason = "the gradient at exactly 0 is 1/2"
    link = "https://..."

    [[skip]]
    operation = "grid_sample"
    cases = ["*"]
    reason = "has no such operation"
    link = "https://..."

    [[stress]]
    operation = "max_pool2d"
    data = ["nonfinite"]
    quantity = "forward"
    code = "value.nonfinite"
    reason = "NaN loses against a number that came before it"
    link = "https://..."

    [[equivalent]]
    operation = "global_avg_pool"
    mutation = "flip-x-..."
    reason = "an average over all pixels is the same in whatever order"

An operation, a quantity or a mutation may also be a list, which stands for a row of each.

A pair is known to differ where exactly one of the two has a row. Everything matches exactly; a row that matches nothing
is an error. A row with the code ``value.nonfinite`` explains a difference only where NaN or infinity are on one side
only, or where they may be why: what is finite and does not depend on them must still agree. A stress row speaks of
random cases by their kind of data, see :mod:`equivalence.stress`: any of them may differ, and at least one must.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from equivalence.binding import Adapter, resource
from equivalence.codes import NONFINITE
from equivalence.comparison import Comparison
from equivalence.errors import DeclarationError

_FIELDS = {
    "difference": {"operation", "cases", "quantity", "code", "reason", "link"},
    "skip": {"operation", "cases", "reason", "link"},
    "stress": {"operation", "data", "quantity", "code", "reason", "link"},
    "equivalent": {"operation", "mutation", "reason"},
}
_OPTIONAL = {
    "difference": {"variants", "dtypes"},
    "skip": {"variants", "dtypes"},
    "stress": {"variants", "dtypes"},
    "equivalent": {"variants"},
}
_LISTS = {"cases", "data", "variants", "dtypes"}
_EACH = ("operation", "quantity", "mutation")


@dataclass(frozen=True)
class Row:
    """One row: where it holds, why, and the page that says so.

    Attributes:
        cases: case ids, or ``("*",)`` for all.
        data: kinds of random cases, in place of ids.
        variants: the variants of the adapter it holds for; all if empty. The adapter's plain binding is ``""``.
        dtypes: the dtypes it holds for; all if empty.
    """

    kind: Literal["skip", "difference", "stress"]
    adapter: str
    operation: str
    reason: str
    link: str
    cases: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    quantity: str = ""
    code: str = ""
    variants: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()

    def matches(self, participant: str, operation: str, case: str, dtype: str, quantity: str = "") -> bool:
        """Whether the row speaks of this cell."""
        adapter, _, variant = participant.partition("/")
        return (
            (self.adapter, self.operation) == (adapter, operation)
            and (case in self.cases or self.cases == ("*",) or case.rpartition("-")[0] in self.data)
            and (not self.variants or variant in self.variants)
            and (not self.dtypes or dtype in self.dtypes)
            and self.quantity in ("", quantity)
        )

    def excuses(self, compared: Comparison) -> bool:
        """Whether the row explains a difference: one about NaN and infinity explains nothing that is finite."""
        return compared.verdict == "different" and (self.code != NONFINITE or compared.finite == "equal")


@dataclass(frozen=True)
class Equivalent:
    """A mutation of a binding's data that changes nothing, and why; of some variants only, if these are named."""

    adapter: str
    operation: str
    mutation: str
    reason: str
    variants: tuple[str, ...] = ()

    def matches(self, mutation: str, variant: str) -> bool:
        """Whether the row speaks of this mutation of the adapter's binding of this variant."""
        return self.mutation == mutation and (not self.variants or variant in self.variants)


def rows(adapter: Adapter) -> tuple[Row, ...]:
    """The rows of an adapter.

    Raises:
        DeclarationError: for a field that is missing or unknown.
    """
    return tuple(
        Row(kind=kind, adapter=adapter.name, **fields)  # type: ignore[arg-type]
        for kind, fields in _read(adapter)
        if kind != "equivalent"
    )


def equivalents(adapter: Adapter) -> tuple[Equivalent, ...]:
    """What an adapter says about mutations of its bindings: read by :mod:`equivalence.power`.

    Raises:
        DeclarationError: for a field that is missing or unknown.
    """
    return tuple(Equivalent(adapter=adapter.name, **fields) for kind, fields in _read(adapter) if kind == "equivalent")


def _read(adapter: Adapter) -> list[tuple[str, dict[str, Any]]]:
    path = resource(adapter, "deviations.toml")
    if path is None:
        return []
    files = [file for file in (path, *sorted(path.with_suffix("").glob("*.toml"))) if file.exists()]
    tables = [tomllib.loads(file.read_text()) for file in files]
    return [
        (kind, _fields(kind, adapter.name, one))
        for table in tables
        for kind, rows in table.items()
        for row in rows
        for one in _each(row)
    ]


def _each(row: Any) -> list[Any]:
    """The rows that a row with lists stands for."""
    if not isinstance(row, Mapping):
        return [row]
    lists = {name: row[name] for name in _EACH if _is_list(row.get(name))}
    return [{**row, **dict(zip(lists, chosen, strict=True))} for chosen in itertools.product(*lists.values())]


def _fields(kind: str, adapter: str, row: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in _FIELDS:
        raise DeclarationError(f"{kind} row of {adapter}", expected=" or ".join(_FIELDS), got=kind)
    required = _FIELDS[kind]
    if not required <= set(row) <= required | _OPTIONAL[kind]:
        raise DeclarationError(f"{kind} row of {adapter}", expected=sorted(required), got=row)
    for name, value in row.items():
        # A text in place of a list would match its parts.
        if not (_is_list(value) if name in _LISTS else isinstance(value, str) and value):
            expected = f"{name} as a list of texts" if name in _LISTS else f"{name} as a text"
            raise DeclarationError(f"{kind} row of {adapter}", expected=expected, got=repr(value))
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


def _is_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def find(table: Iterable[Row], kind: str, participant: str, cell: Sequence[str], quantity: str = "") -> Row | None:
    """The row of this kind that speaks of a participant in a cell (operation, case, dtype), if any."""
    operation, case, dtype = cell
    for row in table:
        if row.kind == kind and row.matches(participant, operation, case, dtype, quantity):
            return row
    return None

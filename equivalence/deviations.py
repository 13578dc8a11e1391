"""Rows of data about an adapter: what it skips, and where it is known to differ. Each has a reason and a link.

An adapter's package may hold ``deviations.toml``::

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

A pair is known to differ where exactly one of the two has a row. Everything matches exactly; a row that matches nothing
is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from equivalence.binding import Adapter, resource
from equivalence.errors import DeclarationError

_FIELDS = {
    "difference": {"operation", "cases", "quantity", "code", "reason", "link"},
    "skip": {"operation", "cases", "reason", "link"},
}
_OPTIONAL = {"variants", "dtypes"}
_LISTS = {"cases", "variants", "dtypes"}


@dataclass(frozen=True)
class Row:
    """One row: where it holds, why, and the page that says so.

    Attributes:
        cases: case ids, or ``("*",)`` for all.
        variants: the variants of the adapter it holds for; all if empty. The adapter's plain binding is ``""``.
        dtypes: the dtypes it holds for; all if empty.
    """

    kind: Literal["skip", "difference"]
    adapter: str
    operation: str
    cases: tuple[str, ...]
    reason: str
    link: str
    quantity: str = ""
    code: str = ""
    variants: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()

    def matches(self, participant: str, operation: str, case: str, dtype: str, quantity: str = "") -> bool:
        """Whether the row speaks of this cell."""
        adapter, _, variant = participant.partition("/")
        return (
            (self.adapter, self.operation) == (adapter, operation)
            and (case in self.cases or self.cases == ("*",))
            and (not self.variants or variant in self.variants)
            and (not self.dtypes or dtype in self.dtypes)
            and self.quantity in ("", quantity)
        )


def rows(adapter: Adapter) -> tuple[Row, ...]:
    """The rows of an adapter.

    Raises:
        DeclarationError: for a field that is missing or unknown.
    """
    path = resource(adapter, "deviations.toml")
    if path is None or not path.exists():
        return ()
    return tuple(
        _row(kind, adapter.name, row) for kind, rows in tomllib.loads(path.read_text()).items() for row in rows
    )


def _row(kind: str, adapter: str, row: Mapping[str, Any]) -> Row:
    if kind not in _FIELDS:
        raise DeclarationError(f"{kind} row of {adapter}", expected=" or ".join(_FIELDS), got=kind)
    required = _FIELDS[kind]
    if not required <= set(row) <= required | _OPTIONAL:
        raise DeclarationError(f"{kind} row of {adapter}", expected=sorted(required), got=row)
    for name, value in row.items():
        # A text in place of a list would match its parts.
        if not (_is_list(value) if name in _LISTS else isinstance(value, str) and value):
            expected = f"{name} as a list of texts" if name in _LISTS else f"{name} as a text"
            raise DeclarationError(f"{kind} row of {adapter}", expected=expected, got=repr(value))
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Row(kind=kind, adapter=adapter, **fields)  # type: ignore[arg-type]


def _is_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def find(table: Iterable[Row], kind: str, participant: str, cell: Sequence[str], quantity: str = "") -> Row | None:
    """The row of this kind that speaks of a participant in a cell (operation, case, dtype), if any."""
    operation, case, dtype = cell
    for row in table:
        if row.kind == kind and row.matches(participant, operation, case, dtype, quantity):
            return row
    return None

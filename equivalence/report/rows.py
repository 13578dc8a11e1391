"""The rows of every section as one compact JSON value: a column is an array, or one value if all rows have the same.

Strings are interned by operation; their columns hold indices. ``script.js`` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from equivalence.comparison import jsonable
from equivalence.outcome import Outcome
from equivalence.report.data import KINDS, STATUSES, kinds, ratio, status
from equivalence.report.marks import Matrix, Pair, Row, label

_NUMBER = re.compile(r"\d[\d.]*(?:e[+-]?\d+)?")
_GAP = "\0"
"""Stands for a number in an interned reason: reasons mostly differ in their numbers only."""

_WORDS: dict[str, Callable[[Outcome], str]] = {
    "case": lambda outcome: outcome.case,
    "dtype": lambda outcome: outcome.dtype,
    "left": lambda outcome: outcome.left,
    "right": lambda outcome: outcome.right,
    "quantity": lambda outcome: outcome.quantity,
    "status": status,
    "known": lambda outcome: outcome.known_difference or "",
    "link": lambda outcome: outcome.link or "",
    "log": lambda outcome: outcome.log,
    "reproduce": lambda outcome: outcome.reproduce,
    "reason": lambda outcome: _template(outcome.comparison.reason)[0],
}

_VALUES: dict[str, Callable[[Outcome], Any]] = {
    "kind": lambda outcome: KINDS.index(kinds(outcome)[0]) if outcome.right else -1,
    "max_abs": lambda outcome: _rounded(outcome.comparison.max_abs, 4),
    "max_rel": lambda outcome: _rounded(outcome.comparison.max_rel, 4),
    "index": lambda outcome: outcome.comparison.worst_index,
    # Nine digits tell any two float32 numbers apart; in float64 all digits are needed, and kept.
    "left_value": lambda outcome: _rounded(outcome.comparison.left, 9 if outcome.dtype == "float32" else 17),
    "right_value": lambda outcome: _rounded(outcome.comparison.right, 9 if outcome.dtype == "float32" else 17),
    "required": lambda outcome: _rounded(outcome.comparison.required_tolerance, 4),
    "allowed": lambda outcome: outcome.comparison.tolerance,
    "ratio": lambda outcome: _rounded(ratio(outcome), 3),
    "bound": lambda outcome: _rounded(outcome.comparison.bound_ratio, 3),
    "count": lambda outcome: outcome.comparison.count,
    "numbers": lambda outcome: " ".join(_template(outcome.comparison.reason)[1]),
}


def rows(matrix: Matrix) -> dict[str, Any]:
    """The value the page carries."""
    labels = {code: [shown.symbol, shown.label] for code, shown in STATUSES.items()}
    places = {pair: place for place, pair in enumerate(matrix.pairs)}
    return {
        "statuses": labels,
        "pairs": [[*pair, " + ".join(label(pair))] for pair in matrix.pairs],
        "operations": {row.anchor: _section(row, places) for row in matrix.rows},
    }


def _section(row: Row, places: Mapping[Pair, int]) -> dict[str, Any]:
    strings: dict[str, int] = {}
    columns: dict[str, Any] = {}
    for name, words in _WORDS.items():
        columns[name] = _column([strings.setdefault(words(outcome), len(strings)) for outcome in row.outcomes])
    for name, value in _VALUES.items():
        columns[name] = _column([jsonable(value(outcome)) for outcome in row.outcomes])
    return {
        "operation": row.name,
        "pairs": sorted({places[pair] for pair, _ in row.marks}),
        "size": len(row.outcomes),
        "strings": list(strings),
        "words": {name: columns[name] for name in _WORDS},
        "values": {name: columns[name] for name in _VALUES},
    }


def _column(values: Sequence[Any]) -> Any:
    """One value for a column of equal values; not if they are arrays, which a reader could not tell from a column."""
    first = values[0]
    return first if not isinstance(first, list) and all(value == first for value in values) else values


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else float(f"{value:.{digits}g}")


def _template(reason: str) -> tuple[str, list[str]]:
    """A reason without its numbers, and the numbers."""
    if _GAP in reason:
        return reason, []
    return _NUMBER.sub(_GAP, reason), _NUMBER.findall(reason)

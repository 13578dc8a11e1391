"""The rows that say where a framework is skipped, or known to differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from equivalence.deviations import Row
from equivalence.pages.marks import code, link, prose

_WORDS = {"skip": "skipped", "difference": "differs", "stress": "may differ on random cases"}


def difference_rows(rows: Iterable[Row]) -> list[tuple[str, ...]]:
    """Framework, what and where, reason and link, in Markdown; rows that only the quantity sets apart are one."""
    quantities: dict[Row, list[str]] = {}
    for row in rows:
        quantities.setdefault(replace(row, quantity=""), []).append(row.quantity)
    return [
        (_framework(row), _what(row, named), _where(row), prose(row.reason), link(row.link))
        for row, named in quantities.items()
    ]


def _framework(row: Row) -> str:
    return ", ".join(prose(f"{row.adapter}/{one}" if one else row.adapter) for one in row.variants or [""])


def _what(row: Row, quantities: Iterable[str]) -> str:
    named = ", ".join(filter(None, quantities))
    words = _WORDS[row.kind] + (f": {prose(named)}" if named else "")
    return words + (f", {code(row.code)}" if row.code else "")


def _where(row: Row) -> str:
    cases = "all cases" if row.cases == ("*",) else ", ".join(map(code, row.cases or row.data))
    return cases + (f", in {', '.join(row.dtypes)}" if row.dtypes else "")

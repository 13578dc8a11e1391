"""Checks in a few words, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equivalence.claim import Check

_COLOURS = {"confirmed": "green", "refuted": "yellow", "unable": "dim", "error": "red"}
_DIGITS = 9


def colour(answer: str) -> str:
    """The terminal's colour for a verdict or an answer."""
    return _COLOURS[answer]


def brief(check: Check) -> str:
    """One line: what was computed, beside what is claimed."""
    if isinstance(check.claimed, Mapping) or isinstance(check.computed, Mapping) or check.claimed == check.computed:
        apart = "the same" if not check.difference else f"differ by {number(check.difference)}"
        told = number(check.computed) if check.claimed == check.computed else number(check.claimed)
        return f"{check.what}: {apart}, {told}"
    return f"{check.what}: {number(check.claimed)} claimed, {number(check.computed)} computed"


def number(value: Any) -> str:
    """A number, a shape or a nested list, with as many digits as the documents print."""
    if isinstance(value, Mapping):
        return f"{' x '.join(str(size) for size in value['shape'])} numbers"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(number(item) for item in value)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)

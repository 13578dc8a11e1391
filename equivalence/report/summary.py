"""A run in Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from equivalence.outcome import Outcome
from equivalence.report.data import KINDS, STATUSES, counts, frameworks, headline, unexpected
from equivalence.report.marks import Matrix, Pair, Row, label, matrix
from equivalence.runfile import Run

_LIMIT = 10
"""Comparisons shown in full; the report has the others."""

_LONGEST = 500
"""Characters of a reason or of a log's end; a comment has 65,536 in all."""

_ROWS = 50
"""Operations in the table: what is not as expected comes first in a longer one, and the rest is counted."""


def markdown(run: Run) -> str:
    """A run in Markdown: counts, what did not take part, operation by pair, and how to reproduce what is wrong."""
    shown = matrix(run)
    parts = [_head(run), *_warnings(run), _table(shown), *_failures(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(run: Run) -> str:
    status, words = headline(run)
    found = counts(run.outcomes)
    lines = [f"## Equivalence: {status.symbol} {words}", "", "| verdict | comparisons |", "|---|--:|"]
    lines += [f"| {shown.symbol} {shown.label} | {found.get(code, 0)} |" for code, shown in STATUSES.items()]
    commit = run.header["commit"]
    origin = f"seed {run.header['seed']}, {run.header['created']}" + (f", commit {code(commit[:12])}" if commit else "")
    present, _ = frameworks(run)
    versions = "; ".join(f"{text(name)}: {text(version)}" for name, version in present.items())
    return "\n".join([*lines, "", f"{origin}. {versions}"])


def _warnings(run: Run) -> Iterator[str]:
    if not run.complete:
        yield "> **This run is not complete**: it was stopped before its last comparison."
    _, missing = frameworks(run)
    if missing:
        lines = [f"> - **{text(name)}**: {text(reason)}" for name, reason in missing.items()]
        yield "\n".join(["> **Did not take part:**", *lines])


def _table(shown: Matrix) -> str:
    if not shown.rows:
        return ""
    pairs = [" + ".join(label(pair)) for pair in shown.pairs]
    ordered = shown.rows if len(shown.rows) <= _ROWS else sorted(shown.rows, key=_place)
    lines = [
        "Each cell: forward, gradient. " + ", ".join(f"{s.symbol} {s.label}" for s in STATUSES.values()) + ".",
        "",
        "| operation | " + " | ".join(map(text, pairs)) + " |",
        "|---|" + ":-:|" * len(pairs),
        *(_line(row, shown.pairs) for row in ordered[:_ROWS]),
    ]
    more = len(shown.rows) - _ROWS
    return "\n".join([*lines, *([f"| and {more} more |" + " |" * len(pairs)] if more > 0 else [])])


def _place(row: Row) -> int:
    """Rows with the worst marks first."""
    return min(list(STATUSES).index(code) for code in row.counts)


def _line(row: Row, pairs: Sequence[Pair]) -> str:
    cells = (" ".join(_sign(row, pair, kind) for kind in KINDS) for pair in pairs)
    return f"| {code(row.name)} | " + " | ".join(cells) + " |"


def _sign(row: Row, pair: Pair, kind: str) -> str:
    mark = row.marks.get((pair, kind))
    if mark is None:
        return "\N{MIDDLE DOT}"
    wrong = mark.status.code in {"different", "error", "undecided"}
    return f"**{mark.status.symbol}**" if wrong else mark.status.symbol


def _failures(run: Run) -> Iterator[str]:
    first = unexpected(run.outcomes, _LIMIT)
    total = sum(not outcome.expected for outcome in run.outcomes)
    if first:
        yield "### Not as expected" + (f" (the first {len(first)} of {total})" if total > len(first) else "")
        yield from map(_failure, first)


def _failure(outcome: Outcome) -> str:
    lines = [f"**{outcome.verdict}** {code(outcome.id)}  ", text(outcome.comparison.reason)]
    if outcome.log:
        lines += ["", fenced("text", outcome.log[-_LONGEST:])]
    return "\n".join([*lines, "", fenced("sh", outcome.reproduce)])


def text(words: str) -> str:
    """Words that Markdown and HTML leave alone, on one line."""
    flat = " ".join(words.split())
    flat = flat if len(flat) <= _LONGEST else flat[:_LONGEST] + "\N{HORIZONTAL ELLIPSIS}"
    return re.sub(r"([\\`*_{}\[\]<>|#~&@!])", lambda sign: f"&#{ord(sign[0])};", flat)


def code(words: str) -> str:
    """A code span, which may stand in a table."""
    flat = " ".join(words.split())
    fence = "`" * (1 + _longest_run(flat))
    pad = " " if fence != "`" else ""
    return fence + pad + flat.replace("|", r"\|") + pad + fence


def fenced(language: str, words: str) -> str:
    """A block of code that nothing in it can end."""
    fence = "`" * max(3, 1 + _longest_run(words))
    return f"{fence}{language}\n{words.rstrip()}\n{fence}"


def _longest_run(words: str) -> int:
    return max(map(len, re.findall("`+", words)), default=0)

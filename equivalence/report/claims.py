"""What ``equivalence claims`` found as the plain data a page shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from equivalence.claims.results import Claims, Finding
from equivalence.claims.words import brief
from equivalence.report.data import STATUSES, Status
from equivalence.runfile import Run

_TRUE, _FALSE = Status("equal", "=", "confirmed"), Status("known", "\N{NOT EQUAL TO}", "refuted")
_UNABLE = Status("skipped", "\N{EN DASH}", "unable")
_ANSWERS = {"confirmed": _TRUE, "refuted": _FALSE, "unable": _UNABLE, "error": STATUSES["error"]}


def section(claims: Claims, run: Run) -> dict[str, Any]:
    """What the page shows of the claims beside a run."""
    verdicts = [finding.verdict for finding in claims.findings]
    wrong = [finding for finding in claims.findings if not finding.as_expected]
    failed = all(finding.verdict == "error" for finding in wrong)
    code = "equal" if verdicts and not wrong else "error" if failed else "different"
    return {
        "status": STATUSES[code],
        "score": f"{verdicts.count('confirmed')} confirmed, {verdicts.count('refuted')} refuted",
        "total": len(verdicts),
        "version": claims.version,
        "commit": claims.commit,
        "created": claims.created,
        "doubts": list(_doubts(claims, run)),
        "findings": claims.findings,
        "wrong": wrong,
        "answers": _ANSWERS,
        "brief": brief,
        "numbers": _numbers,
    }


def _doubts(claims: Claims, run: Run) -> Iterator[str]:
    """Where the findings do not speak of what ran."""
    here = run.header["versions"].get("layer-equivalence"), run.header["commit"]
    if here != (claims.version, claims.commit):
        yield "These were computed with another version or commit than the run."
    for name, reason in claims.absent.items():
        yield f"{name} did not take part: {reason}"


def _numbers(finding: Finding) -> list[tuple[str, Status, str, list[tuple[str, str]]]]:
    """By framework: its answer, why it gave none, and each check with whether it holds."""
    found = []
    for item in finding.evidence:
        told = [("instead" if one.instead else "holds" if one.holds else "fails", brief(one)) for one in item.checks]
        found.append((item.framework, _ANSWERS[item.answer], item.reason, told))
    return found

"""What became of each claim: immutable, and data that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from equivalence._version import __version__
from equivalence.claim import Check, Claim, Truth
from equivalence.comparison import jsonable
from equivalence.outcome import EXIT_DIFFERENT, EXIT_EXPECTED, EXIT_UNDECIDED

SCHEMA = 1

Answer = Literal["confirmed", "refuted", "unable", "error"]


@dataclass(frozen=True)
class Evidence:
    """What one framework gave for a claim.

    Attributes:
        answer: ``confirmed`` or ``refuted`` by its checks, ``unable`` if it has no binding of something, or ``error``.
        reason: why it was unable, or the error.
    """

    framework: str
    answer: Answer
    checks: tuple[Check, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A claim with its evidence. Its verdict is computed from that."""

    name: str
    seed: str
    text: str
    why: str
    expected: Truth
    about: tuple[str, ...]
    replaced: Mapping[str, str]
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> Literal["confirmed", "refuted", "error"]:
        """Confirmed if it is in every framework that the claim speaks of; an error in any makes it one."""
        if any(item.answer == "error" for item in self.evidence):
            return "error"
        answers = {item.answer for item in self.deciding}
        if not answers:
            return "error"
        return "confirmed" if answers == {"confirmed"} else "refuted"

    @property
    def deciding(self) -> list[Evidence]:
        """The evidence of the frameworks that the claim speaks of."""
        able = [item for item in self.evidence if item.answer in ("confirmed", "refuted")]
        return [item for item in able if not self.about or item.framework in self.about]

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the declaration expects."""
        return self.verdict == self.expected


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All findings of one run.

    Attributes:
        absent: frameworks that are not here, with the reason and how to fix it.
    """

    findings: tuple[Finding, ...]
    absent: Mapping[str, str]
    version: str = __version__
    commit: str | None = None
    created: str = ""

    @property
    def exit_status(self) -> int:
        """0 if every verdict is the expected one, 1 if one has changed, else 2 with an error or without a claim."""
        wrong = [finding for finding in self.findings if not finding.as_expected]
        if any(finding.verdict != "error" for finding in wrong):
            return EXIT_DIFFERENT
        return EXIT_UNDECIDED if wrong or not self.findings else EXIT_EXPECTED

    def to_json(self) -> dict[str, Any]:
        """What ``equivalence claims --json`` writes."""
        whole: Mapping[str, Any] = {
            "kind": "claims",
            "schema": SCHEMA,
            "version": self.version,
            "commit": self.commit,
            "created": self.created,
            "claims": [{**asdict(finding), "verdict": finding.verdict} for finding in self.findings],
            "absent": dict(self.absent),
        }
        return {name: jsonable(value) for name, value in whole.items()}


def finding(declared: Claim, evidence: Sequence[Evidence]) -> Finding:
    """A claim and what the frameworks gave for it."""
    return Finding(
        name=declared.name,
        seed=declared.seed,
        text=declared.text,
        why=declared.why,
        expected=declared.expected,
        about=declared.about,
        replaced=declared.replaced,
        evidence=tuple(evidence),
    )


def judged(framework: str, checks: Sequence[Check]) -> Evidence:
    """A framework's answer from its checks: what is right instead must hold in any case."""
    own = [item for item in checks if not item.instead]
    if not own:
        return Evidence(framework, "unable", tuple(checks), "the claim says nothing of it")
    if broken := [item.what for item in checks if item.instead and not item.holds]:
        reason = f"what was to be right instead is not: {', '.join(broken)}"
        return Evidence(framework, "error", tuple(checks), reason)
    return Evidence(framework, "confirmed" if all(item.holds for item in own) else "refuted", tuple(checks))

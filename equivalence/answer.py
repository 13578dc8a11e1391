"""The answer to the check of a port."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from equivalence.comparison import Comparison, Verdict, jsonable
from equivalence.errors import LawError
from equivalence.explanation import Diagnosis, Example

__all__ = ["SCHEMA", "Diagnosis", "Example", "PortOutcome", "Probe", "worst"]

SCHEMA = 1

_GRAVITY: Mapping[Verdict, int] = {"skipped": 0, "equal": 1, "undecided": 2, "error": 3, "different": 4}
_FEW = 6
"""So many kinds of probe are listed by name, whatever came out; of more, only those that are not equal."""

_NAMES = 8
_REASONS = 3
_LOG_LINES = 15


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The gravest verdict; nothing at all is an error."""
    return max(verdicts, key=_GRAVITY.__getitem__, default="error")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One set of inputs on which both layers were run.

    Attributes:
        name: what the probe tries, and in which dtype.
        sizes: the size of each letter.
        reason: why it has this verdict.
        log: for an error, the end of what the worker wrote.
    """

    name: str
    verdict: Verdict
    dtype: str
    sizes: Mapping[str, Any]
    forward: Mapping[str, Comparison] = field(default_factory=dict)
    gradients: Mapping[str, Comparison] = field(default_factory=dict)
    reason: str = ""
    log: str = ""

    @property
    def kind(self) -> str:
        """What the probe tries, in whatever dtype."""
        return self.name.removesuffix(f", {self.dtype}")

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "dtype": self.dtype,
            "sizes": jsonable(self.sizes),
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True)
class PortOutcome:
    """Whether a ported layer is the same function as its original. It has no truth value: look at ``verdict``.

    Attributes:
        name: the port's.
        verdict: ``equal``, ``different``, ``undecided`` or ``error``.
        forward: by output, how the two sides compare.
        gradients: by input or parameter, likewise.
        probes: what was tried.
        reason: why it has this verdict, one sentence.
        reproduce: the command that checks this port again.
        remark: what else is to be said, such as that neither side is the named operation.
        diagnoses: what explains the difference, best first.
        smallest: the smallest failing input.
        warnings: what weakens the answer, such as parameters on which many wrong layers agree.
        left_out: what was not tried, and why.
    """

    name: str
    verdict: Verdict
    forward: Mapping[str, Comparison]
    gradients: Mapping[str, Comparison]
    probes: Sequence[Probe]
    reason: str
    reproduce: str
    remark: str = ""
    diagnoses: Sequence[Diagnosis] = ()
    smallest: Example | None = None
    warnings: Sequence[str] = ()
    left_out: Sequence[str] = ()

    def __bool__(self) -> bool:
        """Refuse: ``assert check(port)`` would pass whatever came out."""
        raise LawError(
            "the outcome of a port has no truth value", fix="Look at its verdict, or call assert_equivalent."
        )

    @property
    def log(self) -> str:
        """The end of what the worker wrote on the first probe that has the port's verdict and a log."""
        return next((probe.log for probe in self.probes if probe.log and probe.verdict == self.verdict), "")

    def reproduce_on(self, file: str | Path) -> str:
        """The command that checks this port again on the inputs of a file alone."""
        return f"{self.reproduce} --input {shlex.quote(str(file))}"

    def to_json(self) -> dict[str, Any]:
        """One entry of ``ports`` in the contract's JSON."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "forward": {name: compared.to_json() for name, compared in self.forward.items()},
            "gradients": {name: compared.to_json() for name, compared in self.gradients.items()},
            "probes": [probe.to_json() for probe in self.probes],
            "diagnoses": [diagnosis.to_json() for diagnosis in self.diagnoses],
            "smallest_example": self.smallest and self.smallest.to_json(),
            "smallest_example_details": self.smallest and self.smallest.details(),
            "reason": self.reason,
            "remark": self.remark,
            "warnings": list(self.warnings),
            "left_out": list(self.left_out),
            "reproduce": self.reproduce,
        }

    def text(self) -> str:
        """Several lines for a person: the verdict, why, how it shows, what was tried, and how to see it again."""
        return "\n".join(
            [
                f"{self.name}: {self.verdict}",
                *_indented(_diagnosed(self.diagnoses)),
                *_indented(_differences(self)),
                *_indented(_exemplified(self.smallest)),
                *_indented(_tried(self.probes, self.reason)),
                *_indented(_logged(self.log)),
                *_indented(f"left out: {line}" for line in self.left_out),
                *_indented(f"warning: {line}" for line in self.warnings),
                *_indented([self.remark] if self.remark else []),
                f"  reproduce: {self.reproduce}",
                *_indented(_on_smallest(self)),
            ]
        )


def _on_smallest(outcome: PortOutcome) -> Iterator[str]:
    if outcome.smallest is not None and outcome.smallest.file is not None:
        yield f"on the smallest failing input alone: {outcome.reproduce_on(outcome.smallest.file)}"


def _indented(parts: Iterator[str] | Sequence[str]) -> Iterator[str]:
    return (f"  {line}" for part in parts for line in part.splitlines() or [""])


def _diagnosed(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    for found in diagnoses:
        yield f"{found.code} ({found.percent}): {found.message}"
        if found.fix:
            first, *rest = found.fix.splitlines()
            yield "\n".join([f"  fix: {first}", *(f"       {line}" for line in rest)])
        yield f"  {found.evidence} (probe: {found.probe})"


def _differences(outcome: PortOutcome) -> Iterator[str]:
    yield outcome.reason
    kinds = (("output", outcome.forward), ("gradient", outcome.gradients))
    compared = [(f"{kind} {name}", item) for kind, found in kinds for name, item in found.items()]
    agreed = [name for name, item in compared if item.verdict == "equal"]
    alone = outcome.verdict == "equal"
    for name, item in sorted(compared, key=lambda pair: -_GRAVITY[pair[1].verdict]):
        if alone or name not in agreed:
            yield f"{name}: {_line(item, outcome.reason)}"
    if agreed and not alone:
        yield f"equal there: {', '.join(agreed)}"


def _exemplified(example: Example | None) -> Iterator[str]:
    if example is None:
        return
    saved = f", saved in {example.file}" if example.file else ""
    if not example.small:
        yield f"smallest failing input ({example.where}): {example.count} numbers{saved}"
        return
    yield f"smallest failing input ({example.where}){saved}:"
    for name, shown in example.shown().items():
        yield f"  {name} = " + shown.replace("\n", "\n" + " " * (len(name) + 5))


def _tried(probes: Sequence[Probe], said: str) -> Iterator[str]:
    """The probes that ran: counted, and by name if they are not equal, or few."""
    counted = {verdict: sum(probe.verdict == verdict for probe in probes) for verdict in _by_gravity(probes)}
    ran = "1 probe" if len(probes) == 1 else f"{len(probes)} probes"
    yield f"{ran}: " + (", ".join(f"{count} {verdict}" for verdict, count in counted.items()) or "nothing was tried")
    few = len({probe.kind for probe in probes}) <= _FEW
    for verdict in counted:
        if few or verdict != "equal":
            found = [probe for probe in probes if probe.verdict == verdict]
            yield from (f"  {verdict}: {line}" for line in _named(found, said))


def _by_gravity(probes: Sequence[Probe]) -> list[Verdict]:
    return sorted({probe.verdict for probe in probes}, key=lambda verdict: -_GRAVITY[verdict])


def _named(probes: Sequence[Probe], said: str) -> Iterator[str]:
    """The names of probes, those with the same reason on a line; the last line has all other reasons' probes."""
    by_reason: dict[str, list[Probe]] = {}
    for probe in probes:
        known = not probe.reason or said.startswith(probe.reason)
        by_reason.setdefault("" if known else probe.reason, []).append(probe)
    first, others = list(by_reason.items())[:_REASONS], list(by_reason.values())[_REASONS:]
    for reason, found in first:
        yield _listed(found) + (f": {reason}" if reason else "")
    if others:
        yield _listed([probe for found in others for probe in found]) + ": likewise, each with its own reason"


def _listed(probes: Sequence[Probe]) -> str:
    """The kinds of probes with their dtypes, the first by name."""
    grouped = ((kind, [probe.dtype for probe in same]) for kind, same in groupby(probes, key=lambda probe: probe.kind))
    names = [f"{kind} ({', '.join(dtypes)})" for kind, dtypes in grouped]
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _logged(log: str) -> Iterator[str]:
    if log:
        yield "the worker's log ends:"
        yield from (f"  {line}" for line in log.rstrip().splitlines()[-_LOG_LINES:])


def _line(compared: Comparison, said: str) -> str:
    """A comparison in words, without a reason that was said already."""
    reason = "" if said.startswith(compared.reason) else compared.reason
    if compared.worst_index is None or compared.max_abs is None:
        return ", ".join(part for part in (compared.verdict, reason) if part)
    numbers = (
        f"{compared.verdict}, largest difference {compared.max_abs:.3g} in {compared.count} elements, at "
        f"{list(compared.worst_index)} {compared.left!r} against {compared.right!r}"
    )
    return "; ".join(part for part in (numbers, reason) if part)

"""The answer to the check of a port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from equivalence.comparison import Comparison, Verdict, jsonable
from equivalence.errors import LawError

SCHEMA = 1

_GRAVITY: Mapping[Verdict, int] = {"skipped": 0, "equal": 1, "undecided": 2, "error": 3, "different": 4}


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
    """Whether a ported layer is the same function as its original. It has no truth value: look at ``verdict``."""

    name: str
    verdict: Verdict
    forward: Mapping[str, Comparison]
    gradients: Mapping[str, Comparison]
    probes: Sequence[Probe]
    reason: str
    reproduce: str
    remark: str = ""

    def __bool__(self) -> bool:
        """Refuse: ``assert check(port)`` would pass whatever came out."""
        raise LawError(
            "the outcome of a port has no truth value", fix="Look at its verdict, or call assert_equivalent."
        )

    def to_json(self) -> dict[str, Any]:
        """One entry of ``ports`` in the contract's JSON."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "forward": {name: compared.to_json() for name, compared in self.forward.items()},
            "gradients": {name: compared.to_json() for name, compared in self.gradients.items()},
            "probes": [probe.to_json() for probe in self.probes],
            "diagnoses": [],
            "smallest_example": None,
            "reason": self.reason,
            "remark": self.remark,
            "reproduce": self.reproduce,
        }

    def text(self) -> str:
        """Several lines for a person."""
        lines = [f"{self.name}: {self.verdict}", f"  {self.reason}"]
        for kind, compared in (("output", self.forward), ("gradient", self.gradients)):
            lines += [f"  {kind} {name}: {_line(item)}" for name, item in compared.items()]
        ran = ", ".join(f"{probe.name} ({probe.verdict})" for probe in self.probes)
        lines.append(f"  probes: {ran}")
        log = next((probe.log for probe in self.probes if probe.log and probe.verdict == self.verdict), "")
        if log:
            lines += ["  the worker's log ends:", *(f"    {line}" for line in log.rstrip().splitlines()[-15:])]
        if self.remark:
            lines.append(f"  {self.remark}")
        return "\n".join([*lines, f"  reproduce: {self.reproduce}"])


def _line(compared: Comparison) -> str:
    if compared.worst_index is None or compared.max_abs is None:
        return f"{compared.verdict}, {compared.reason}"
    return (
        f"{compared.verdict}, largest difference {compared.max_abs:.3g} in {compared.count} elements, at "
        f"{list(compared.worst_index)} {compared.left!r} against {compared.right!r}; {compared.reason}"
    )

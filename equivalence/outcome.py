"""The result of one comparison of the matrix: immutable, JSON-able, and never a bare bool."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from equivalence.comparison import Comparison, Verdict
from equivalence.errors import LawError

EXIT_EXPECTED, EXIT_DIFFERENT, EXIT_UNDECIDED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 64, 130

REFERENCE = "numpy"
"""The adapter that performs the references."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One comparison of an operation's case between two participants.

    Attributes:
        quantity: ``forward`` or ``gradient-weight``; ``forward-mean`` where there are several outputs; ``call`` when a
            participant gave no result at all, and ``right`` is then empty.
        known_difference: the diagnosis code, if this difference is a row of the table of known differences.
        stands_alone: the adapter that differs from all others, which agree, if there is one.
        stress: whether the case is judged by the verdict alone; others must also pass ``allclose``.
        log: for an error, the end of what the worker wrote.
        reproduce: the command that computes this comparison again.
    """

    operation: str
    family: str
    case: str
    left: str
    right: str
    dtype: str
    quantity: str
    comparison: Comparison
    known_difference: str | None = None
    link: str | None = None
    stands_alone: str | None = None
    stress: bool = False
    log: str = ""
    reproduce: str = ""

    @property
    def verdict(self) -> Verdict:
        """The comparison's verdict."""
        return self.comparison.verdict

    @property
    def expected(self) -> bool:
        """Whether this is what should have come out: equal, skipped by a row, or a known difference."""
        if self.verdict == "equal":
            return self.stress or self.comparison.allclose is not False
        return self.verdict == "skipped" or (self.verdict == "different" and self.known_difference is not None)

    @property
    def id(self) -> str:
        """The pytest id: ``conv2d-valid-float32[tensorflow+torch]-gradient-weight``."""
        return comparison_id(self.operation, self.case, self.dtype, self.left, self.right, self.quantity)

    def __bool__(self) -> bool:
        """Refuse: ``assert outcome`` would pass whatever came out."""
        raise LawError("an outcome has no truth value", fix="Look at its verdict, or at expected.")

    def to_json(self) -> dict[str, Any]:
        """One line of ``equivalence run --json``: the values at the worst index are ``left_value``, ``right_value``."""
        fields = self.comparison.to_json()
        fields["left_value"], fields["right_value"] = fields.pop("left"), fields.pop("right")
        own = (
            "operation",
            "family",
            "case",
            "left",
            "right",
            "dtype",
            "quantity",
            "known_difference",
            "link",
            "stands_alone",
            "stress",
            "log",
            "reproduce",
        )
        return {"kind": "comparison", **{name: getattr(self, name) for name in own}, **fields}

    def text(self) -> str:
        """Several lines for a person."""
        compared = self.comparison
        lines = [f"{self.id}: {self.verdict}", f"  {compared.reason}"]
        if compared.worst_index is not None:
            lines += [
                f"  at {list(compared.worst_index)}: {self.left} {compared.left!r}, {self.right} {compared.right!r}",
                f"  largest difference {compared.max_abs:.3g}, relative {compared.max_rel:.3g}, of {compared.count}",
            ]
        if self.stands_alone:
            suspect = "; suspect the reference" if self.stands_alone == REFERENCE else ""
            lines.append(f"  {self.stands_alone} stands alone: all others agree{suspect}")
        if self.known_difference:
            lines.append(f"  known difference {self.known_difference}: {self.link}")
        if self.log:
            lines += ["  the worker's log ends:", *(f"    {line}" for line in self.log.rstrip().splitlines()[-20:])]
        return "\n".join([*lines, f"  reproduce: {self.reproduce}"])


def outcome_from_json(line: Mapping[str, Any]) -> Outcome:
    """The outcome a line of ``equivalence run --json`` was written from."""
    own = Outcome.__dataclass_fields__.keys() - {"comparison"}
    values = {
        name: _number(line[{"left": "left_value", "right": "right_value"}.get(name, name)])
        for name in Comparison.__dataclass_fields__.keys() - {"reason"}
    }
    values["reason"] = line["reason"]
    values["worst_index"] = None if line["worst_index"] is None else tuple(line["worst_index"])
    return Outcome(comparison=Comparison(**values), **{name: line[name] for name in own})


def _number(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def comparison_id(operation: str, case: str, dtype: str, left: str, right: str, quantity: str) -> str:
    """A readable id of one comparison."""
    pair = f"{left}+{right}" if right else left
    return f"{operation}-{case}-{dtype}[{pair}]-{quantity}"


def reproduce_command(
    operation: str, case: str, dtype: str, names: Iterable[str], seed: int, command: str = "run"
) -> str:
    """The command that computes a case again."""
    frameworks = [word for name in names for word in ("-f", name)]
    words = ["equivalence", command, "-o", operation, "--case", case, "--dtype", dtype, *frameworks]
    return shlex.join([*words, *(["--seed", str(seed)] if seed else [])])


def exit_status(verdicts: Iterable[tuple[Verdict, bool]]) -> int:
    """The contract's exit status from each verdict and whether it was expected.

    0 as expected, 1 if anything is different, else 2 if anything is undecided or an error, or nothing was compared.
    """
    found = list(verdicts)
    unexpected = {verdict for verdict, expected in found if not expected}
    if "different" in unexpected:
        return EXIT_DIFFERENT
    compared = any(verdict in {"equal", "different"} for verdict, _ in found)
    return EXIT_EXPECTED if compared and not unexpected else EXIT_UNDECIDED

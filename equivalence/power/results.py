"""What became of each fault and each mutation: immutable, and data that JSON can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from equivalence._version import __version__
from equivalence.comparison import jsonable
from equivalence.outcome import EXIT_DIFFERENT, EXIT_EXPECTED, EXIT_UNDECIDED

SCHEMA = 1

Status = Literal["killed", "survived", "equivalent", "error"]
How = Literal["different", "shape", "refused"]


@dataclass(frozen=True)
class Finding:
    """What told a mutant from the original in one case.

    Attributes:
        how: ``different`` values, another ``shape``, or ``refused`` with an exception.
    """

    how: How
    quantity: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """What became of one fault or one mutation.

    Attributes:
        participant: whose binding was mutated; the reference's for a fault.
        kind: ``fault``, or what was mutated: ``flip``, ``swap``, ``blocks``, ``rename``, ``parameter``, ``gradient``.
        status: ``killed``, ``survived``, ``equivalent`` as stated, or ``error`` if it could not be found out.
        how: what killed it; cases where values differ are looked for before one that refuses it is counted.
        case: the case that killed it.
        reason: of the kill, of the equivalence, or of the error.
        revealing: for a survivor, a case that would kill it; empty if none was found.
        attempts: how many such cases were tried.
    """

    operation: str
    participant: str
    kind: str
    name: str
    status: Status
    how: How | None = None
    case: str = ""
    dtype: str = ""
    quantity: str = ""
    reason: str = ""
    code: str = ""
    of: tuple[str, ...] = ()
    revealing: str = ""
    attempts: int = 0

    @property
    def fault(self) -> bool:
        """Whether it is a fault of the reference, not a mutation of a binding."""
        return self.kind == "fault"

    def text(self) -> str:
        """One or two lines for a person, on what is not as it should be."""
        what = "fault" if self.fault else f"mutation of {self.participant}:"
        line = f"{self.operation}: {what} {self.name} {self.status}"
        if self.status != "survived":
            return f"{line}: {self.reason}"
        if self.revealing:
            return f"{line}. This case would reveal it:\n  {self.revealing}"
        return f"{line}, and none of {self.attempts} other cases reveals it: is it equivalent?"


@dataclass(frozen=True)
class Tally:
    """Numbers of one group of mutants; those that are equivalent count neither as killed nor as all."""

    killed: int
    all: int
    refused: int
    equivalent: int


@dataclass(frozen=True)
class Power:
    """The result for everything selected. It has a score, and no truth value of its own.

    Attributes:
        version: the suite's, when this was measured; as are ``commit`` and ``created``.
    """

    mutants: tuple[Mutant, ...]
    absent: Mapping[str, str]
    seed: int = 0
    version: str = __version__
    commit: str | None = None
    created: str = ""

    @property
    def score(self) -> float | None:
        """The share of killed mutants among those that are not equivalent; none if there are none."""
        counted = tally(self.mutants)
        return counted.killed / counted.all if counted.all else None

    @property
    def percent(self) -> str:
        """The score in words, rounded down: only a whole one is 100 %."""
        counted = tally(self.mutants)
        return f"{10_000 * counted.killed // counted.all / 100:g} %" if counted.all else "nothing was run"

    @property
    def survivors(self) -> list[Mutant]:
        """Those that no case caught."""
        return [mutant for mutant in self.mutants if mutant.status == "survived"]

    @property
    def errors(self) -> list[Mutant]:
        """Those of which it could not be found out."""
        return [mutant for mutant in self.mutants if mutant.status == "error"]

    @property
    def exit_status(self) -> int:
        """0 if everything was killed, 1 with a survivor, else 2 with an error or if nothing was run."""
        if self.survivors:
            return EXIT_DIFFERENT
        return EXIT_UNDECIDED if self.errors or self.score is None else EXIT_EXPECTED

    def by_operation(self) -> dict[str, list[Mutant]]:
        """Mutants by operation, in their order."""
        found: dict[str, list[Mutant]] = {}
        for mutant in self.mutants:
            found.setdefault(mutant.operation, []).append(mutant)
        return found

    def to_json(self) -> dict[str, Any]:
        """What ``equivalence power --json`` writes."""
        operations = {
            name: {"faults": asdict(faults(group)), "bindings": asdict(bindings(group))}
            for name, group in self.by_operation().items()
        }
        whole: Mapping[str, Any] = {
            "kind": "power",
            "schema": SCHEMA,
            "seed": self.seed,
            "version": self.version,
            "commit": self.commit,
            "created": self.created,
            "score": self.score,
            **asdict(tally(self.mutants)),
            "operations": operations,
            "mutants": [asdict(mutant) for mutant in self.mutants],
            "absent": dict(self.absent),
        }
        return {name: jsonable(value) for name, value in whole.items()}


def tally(mutants: Iterable[Mutant]) -> Tally:
    """Count a group."""
    group = list(mutants)

    def count(wanted: Callable[[Mutant], bool]) -> int:
        return sum(map(wanted, group))

    return Tally(
        killed=count(lambda mutant: mutant.status == "killed"),
        all=count(lambda mutant: mutant.status != "equivalent"),
        refused=count(lambda mutant: mutant.status == "killed" and mutant.how != "different"),
        equivalent=count(lambda mutant: mutant.status == "equivalent"),
    )


def faults(mutants: Sequence[Mutant]) -> Tally:
    """Count the faults in a group."""
    return tally(mutant for mutant in mutants if mutant.fault)


def bindings(mutants: Sequence[Mutant]) -> Tally:
    """Count the mutations of bindings in a group."""
    return tally(mutant for mutant in mutants if not mutant.fault)

"""What a training gave: losses, scores, and whether the frameworks followed each other."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from equivalence.comparison import jsonable
from equivalence.errors import EquivalenceError
from equivalence.outcome import EXIT_DIFFERENT, EXIT_EXPECTED, EXIT_UNDECIDED
from equivalence.runfile import atomic

FOLLOWED = 20
"""Steps in which losses must follow each other. Later, the rounding errors of earlier steps have grown."""

FOLLOWS = 1e-9
"""How far a loss in float64 may then be from another, in parts of it, or of 1 if it is smaller."""


@dataclass(frozen=True)
class Epoch:
    """After an epoch: the mean of its losses, and what the test images gave."""

    train_loss: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True)
class Course:
    """What one framework gave: the loss before each step, and each epoch."""

    name: str
    losses: Sequence[float]
    epochs: Sequence[Epoch]


@dataclass(frozen=True)
class Following:
    """How far the losses of two frameworks are apart.

    Attributes:
        left: whose losses are followed.
        right: whose losses follow.
        steps: how many are compared.
        largest: the largest difference among them, in parts of the loss, or of 1 if it is smaller.
        largest_of_all: the same among all steps, which nobody judges.
    """

    left: str
    right: str
    steps: int
    largest: float
    largest_of_all: float

    @property
    def follows(self) -> bool:
        """Whether the losses are the same but for rounding."""
        return self.largest <= FOLLOWS


@dataclass(frozen=True, kw_only=True)
class History:
    """A training, of one framework or of several at once.

    Attributes:
        recipe: its name.
        dataset: the name of the data set.
        seed: of every random value.
        batch: images a step.
        steps: in an epoch.
        planned: epochs that were asked for.
        courses: by framework.
        seconds: it took.
        complete: whether it ran to its end.
    """

    recipe: str
    dataset: str
    seed: int
    batch: int
    steps: int
    planned: int
    courses: Sequence[Course]
    seconds: float
    complete: bool

    @property
    def following(self) -> list[Following]:
        """Each framework beside the first."""
        first, *others = self.courses
        return [_following(first, other) for other in others]

    @property
    def exit_status(self) -> int:
        """0 if all followed the first, 1 if one did not, 2 if several were asked for and no step compares them."""
        found = self.following
        if any(not item.follows for item in found if item.steps):
            return EXIT_DIFFERENT
        return EXIT_UNDECIDED if any(not item.steps for item in found) else EXIT_EXPECTED

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        own = {name: value for name, value in asdict(self).items() if name != "courses"}
        courses = [asdict(course) for course in self.courses]
        following = [asdict(item) | {"follows": item.follows, "allowed": FOLLOWS} for item in self.following]
        return {"kind": "training", "schema": 1, **own, "courses": courses, "following": following}


def _following(left: Course, right: Course) -> Following:
    apart = differences(left, right)
    return Following(
        left.name,
        right.name,
        len(apart[:FOLLOWED]),
        max(apart[:FOLLOWED], default=math.nan),
        max(apart, default=math.nan),
    )


def differences(left: Course, right: Course) -> list[float]:
    """How far the losses of each step are apart, in parts of the first's, or of 1 if it is smaller."""
    pairs = zip(left.losses, right.losses, strict=True)
    return [abs(mine - theirs) / max(1.0, abs(mine)) for mine, theirs in pairs]


def write_history(path: Path, history: History) -> None:
    """Write a training as JSON; the file appears whole or not at all."""
    try:
        with atomic(path) as stream:
            json.dump(jsonable(history.to_json()), stream, indent=1)
            stream.write("\n")
    except OSError as error:
        raise EquivalenceError(f"{path} cannot be written: {error}") from error


def read_history(path: Path) -> History:
    """Read what :func:`write_history` wrote.

    Raises:
        EquivalenceError: if the file is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        kind = found["kind"], found["schema"]
        courses = [_course(course) for course in found["courses"]]
        names = ("recipe", "dataset", "seed", "batch", "steps", "planned", "seconds", "complete")
        history = History(courses=courses, **{name: found[name] for name in names})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EquivalenceError(f"{path} cannot be read as a training: {error}") from error
    if kind != ("training", 1):
        raise EquivalenceError(f"{path}", expected=("training", 1), got=kind)
    return history


def _course(found: Mapping[str, Any]) -> Course:
    return Course(found["name"], found["losses"], [Epoch(**epoch) for epoch in found["epochs"]])

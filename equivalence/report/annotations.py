"""Ports that fail as GitHub's annotations: messages beside the line of the pull request that declares them."""

from __future__ import annotations

import os
from pathlib import Path

from equivalence.answer import PortOutcome

_LONGEST = 4000
"""GitHub cuts messages off somewhere above that."""


def wanted(asked: bool) -> bool:  # noqa: FBT001 - an option's value
    """Whether annotations are printed: if they are asked for, and always in GitHub's workflows."""
    return asked or os.environ.get("GITHUB_ACTIONS") == "true"


def title(outcome: PortOutcome) -> str:
    """The answer in a few words."""
    best = f": {outcome.diagnoses[0].code}" if outcome.diagnoses else ""
    return f"{outcome.name}: {outcome.verdict}{best}"


def annotation(where: tuple[str, int], heading: str, message: str) -> str:
    """The workflow command of an error.

    Args:
        where: the file and line it is shown at.
        heading: the annotation's first line.
        message: what is wrong.

    Source: GitHub's documentation, "Workflow commands for GitHub Actions", "Setting an error message"; the escapes are
    those of its toolkit, ``packages/core/src/command.ts``.
    """
    file, line = where
    short = message if len(message) <= _LONGEST else message[:_LONGEST] + "\n..."
    return f"::error file={_property(_relative(file))},line={line},title={_property(heading)}::{_data(short)}"


def _relative(file: str) -> str:
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    path = Path(file).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _data(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")

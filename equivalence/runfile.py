"""The JSON lines of a run: a header, a line per comparison, a last line that says whether it is complete."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from equivalence.comparison import jsonable
from equivalence.errors import EquivalenceError
from equivalence.outcome import Outcome, outcome_from_json

_WRITE = "Write a whole run with: equivalence run --json RUN.jsonl"


@dataclass(frozen=True)
class Run:
    """A run as data: what the report and the summary are made from."""

    header: Mapping[str, Any]
    outcomes: Sequence[Outcome]
    complete: bool


def write_run(path: Path, run: Run) -> None:
    """Write a run; the file appears whole or not at all."""
    with atomic(path) as stream:
        for line in (run.header, *(outcome.to_json() for outcome in run.outcomes)):
            stream.write(json.dumps(jsonable(line)) + "\n")
        stream.write(json.dumps({"kind": "end", "complete": run.complete, "comparisons": len(run.outcomes)}) + "\n")


def read_run(path: Path) -> Run:
    """Read a run.

    Raises:
        EquivalenceError: if the file is not a run, or is cut off.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        header, *body, end = lines
        outcomes = [outcome_from_json(line) for line in body]
        frame = header["kind"], header["schema"], end["kind"], end["comparisons"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EquivalenceError(f"{path} is not a run: {error}", fix=_WRITE) from error
    if frame != ("header", 1, "end", len(body)):
        raise EquivalenceError(f"{path}", expected=("header", 1, "end", len(body)), got=frame, fix=_WRITE)
    return Run(header, outcomes, end["complete"])


@contextmanager
def atomic(path: Path) -> Iterator[TextIO]:
    """A text file that is renamed into place when it is written whole, and removed if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            yield stream
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

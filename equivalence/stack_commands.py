"""Running the commands that make a stack, for people who watch."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from equivalence.errors import StackError

Progress = Callable[[str], None]

_SAID = 25
"""Lines of a failed command's output that its error shows."""


def run(purpose: str, command: Sequence[str | Path], on_progress: Progress) -> None:
    """Run a command and hand on its lines; on an interruption it is stopped with all it started."""
    said: deque[str] = deque(maxlen=_SAID)
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise StackError(f"could not {purpose}", expected=f"{command[0]} to run", got=error.strerror) from error
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said.append(line.rstrip())
            on_progress(line.rstrip())
        status = process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        process.stdout.close()
    if status:
        output = "\n".join(said)
        raise StackError(f"could not {purpose}: status {status} of {_shown(command)}\n{output}")


def _shown(command: Sequence[str | Path]) -> str:
    return " ".join(str(part) for part in command)


def _environment() -> Mapping[str, str]:
    """Without the variables that would lead another Python to this one's packages."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}


def answer(python: Path, program: str) -> str | None:
    """What a short program prints, run by an interpreter; none if it fails."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            [python, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=60, env=_environment()
        )
        return done.stdout.strip()
    return None

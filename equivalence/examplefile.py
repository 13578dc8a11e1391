"""The smallest failing input of a port as a file: NumPy's ``.npz``, and beside it the answer in words."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from equivalence.answer import PortOutcome
from equivalence.explanation import Example
from equivalence.inputs import Array
from equivalence.runfile import atomic


def save(outcome: PortOutcome, folder: Path) -> PortOutcome:
    """Write the smallest failing input of a port, if it has one.

    Args:
        outcome: the answer to the port's check.
        folder: where ``NAME.npz`` is written, and ``NAME.txt`` with the answer and the command that reproduces it.

    Returns:
        The answer, which now names the file.
    """
    example = outcome.smallest
    if example is None:
        return outcome
    path = folder / f"{_stem(outcome.name)}.npz"
    _write(path, contents(example))
    saved = replace(outcome, smallest=replace(example, file=str(path)))
    with atomic(path.with_suffix(".txt")) as stream:
        stream.write(f"{saved.text()}\n\nThe arrays, in the original's layout: numpy.load({path.name!r})\n")
    return saved


def contents(example: Example) -> dict[str, Array]:
    """The arrays of the file: inputs under their names, outputs under ``original/NAME`` and ``ported/NAME``."""
    sides = {"original": example.original, "ported": example.ported}
    outputs = {f"{side}/{name}": array for side, found in sides.items() for name, array in found.items()}
    return {**example.arrays, **outputs}


def _stem(name: str) -> str:
    """A file's name for a port's, which may hold anything."""
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "port"


def _write(path: Path, arrays: Mapping[str, Array]) -> None:
    # Not numpy.savez: it takes the names as keywords, and an input may be called 'file'.
    with atomic(path) as stream, zipfile.ZipFile(stream.buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)

"""What explains a difference between two layers: the convention that differs, and the smallest input that shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from equivalence.codes import CODES
from equivalence.comparison import jsonable
from equivalence.errors import LawError
from equivalence.inputs import Array

SMALL = 64
"""An example of at most so many numbers is printed; a larger one is shown as the file that holds it."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A convention that differs: undoing it removes the difference.

    Attributes:
        code: of :data:`equivalence.codes.CODES`.
        confidence: from 0 to 1.
        message: one sentence a person can act on.
        fix: what to change, in the ported framework's own terms.
        error_before: the difference of the two layers.
        error_after: the difference that is left once the convention is undone, where that was tried.
        probe: the probe it was found on.

    Raises:
        LawError: for a code that is none, or a confidence that is no share.
    """

    code: str
    confidence: float
    message: str
    fix: str
    error_before: float
    error_after: float | None
    probe: str

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise LawError("code of a diagnosis", expected="one of equivalence.codes.CODES", got=repr(self.code))
        if not 0 <= self.confidence <= 1:
            raise LawError(f"confidence of {self.code}", expected="a number from 0 to 1", got=self.confidence)

    @property
    def percent(self) -> str:
        """The confidence in words; only certainty is 100 %."""
        return f"{math.floor(100 * self.confidence + 1e-9)} %"

    @property
    def evidence(self) -> str:
        """The difference before and after, in words."""
        after = "" if self.error_after is None else f", {self.error_after:.2g} once undone"
        return f"error {self.error_before:.2g}{after}"

    def to_json(self) -> dict[str, Any]:
        """One entry of ``diagnoses`` in the contract's JSON."""
        evidence = {"error_before": self.error_before, "error_after": self.error_after, "probe": self.probe}
        return {
            "code": self.code,
            "confidence": float(self.confidence),
            "message": self.message,
            "fix": self.fix,
            "evidence": {name: jsonable(value) for name, value in evidence.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Example:
    """The smallest inputs found on which the two layers still differ.

    Attributes:
        arrays: the inputs, in the original's layout.
        sizes: the size of each letter.
        dtype: what both layers computed in.
        probe: the probe it was found on.
        original: the original's outputs.
        ported: the ported layer's outputs, in the original's layout.
        file: the ``.npz`` that holds the arrays, once they are saved.
    """

    arrays: Mapping[str, Array]
    sizes: Mapping[str, Any]
    dtype: str
    probe: str
    original: Mapping[str, Array]
    ported: Mapping[str, Array]
    file: str | None = None

    @property
    def count(self) -> int:
        """How many numbers the inputs have."""
        return sum(np.asarray(array).size for array in self.arrays.values())

    @property
    def small(self) -> bool:
        """Whether a person can read it."""
        return self.count <= SMALL

    @property
    def where(self) -> str:
        """Sizes, dtype and probe in words."""
        sizes = ", ".join(f"{letter}={size}" for letter, size in self.sizes.items())
        return "; ".join(part for part in (sizes, self.dtype, f"probe: {self.probe}") if part)

    def shown(self) -> dict[str, str]:
        """What is printed: the inputs with all their digits, and what each side makes of them, where that is small."""
        sides = {"original": self.original, "ported": self.ported}
        outputs = {f"{side} {name}": array for side, found in sides.items() for name, array in found.items()}
        readable = {name: array for name, array in outputs.items() if np.asarray(array).size <= SMALL}
        return {name: printed(array) for name, array in {**self.arrays, **readable}.items()}

    def to_json(self) -> dict[str, Any]:
        """The contract's ``smallest_example``: by input nested lists, or the file if it is large and saved."""
        if self.file is not None and not self.small:
            return dict.fromkeys(self.arrays, self.file)
        return {name: _nested(array) for name, array in self.arrays.items()}

    def details(self) -> dict[str, Any]:
        """Where it was found and what came out, as plain data; large outputs only in the file."""
        sides = {"original": self.original, "ported": self.ported}
        kept = {side: {n: a for n, a in found.items() if np.asarray(a).size <= SMALL} for side, found in sides.items()}
        outputs = {side: {name: _nested(array) for name, array in found.items()} for side, found in kept.items()}
        return {"probe": self.probe, "dtype": self.dtype, "sizes": jsonable(self.sizes), "file": self.file, **outputs}


def printed(array: Array) -> str:
    """An array in full, each number with the digits that tell it from its neighbours."""
    array = np.asarray(array)
    if not array.size:
        return f"nothing, of shape {array.shape}"
    return np.array2string(
        array, separator=", ", threshold=array.size, formatter={"float_kind": str}, max_line_width=100
    )


def _nested(array: Array) -> Any:
    array = np.asarray(array)
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1)
    return jsonable(array.tolist())

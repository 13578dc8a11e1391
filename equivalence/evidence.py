"""What stands beside a reference: witnesses that it is right, and faults that its cases must catch."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from equivalence.codes import CODES
from equivalence.errors import DeclarationError

Function = Callable[..., Any]


@dataclass(frozen=True)
class Witness:
    """Evidence for a reference that shares no code with it.

    Args:
        claim: what it shows and where it comes from, one sentence.
        check: either a slow, literal implementation with the reference's signature (``values`` is None), which must
            agree on every case, or absent.
        values: hand-computed inputs, parameters and expected outputs by name.
    """

    claim: str
    implementation: Function | None = None
    values: Mapping[str, Any] | None = None
    expected: Any = None


@dataclass(frozen=True)
class Fault:
    """One known way to get an operation wrong: a changed version of its reference, or of its gradient.

    Args:
        name: unique within the operation, words joined by ``-``: ``kernel-flipped``.
        code: the diagnosis, a key of :data:`equivalence.codes.CODES`.
        change: is called as the reference is, every argument and parameter by name, and returns the output; for a
            gradient, as the vector-Jacobian product is.
        gradient: whether it changes the gradient, and leaves the output as it is.
        of: recorded faults of ports, by id, that it stands for.
        equivalent: why it is no fault after all; such a one must survive.
    """

    name: str
    code: str
    change: Function
    gradient: bool = False
    of: tuple[str, ...] = ()
    equivalent: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            close = difflib.get_close_matches(self.code, CODES, n=1, cutoff=0.0)
            raise DeclarationError(
                f"fault {self.name}", expected="a code of a diagnosis", got=self.code, fix=f"Did you mean {close[0]}?"
            )

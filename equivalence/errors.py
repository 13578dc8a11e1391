"""Errors that say what was expected, what came, and how to fix it, and that carry the objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class EquivalenceError(Exception):
    """An error of the suite.

    Args:
        what: the thing that is wrong, named so that a reader finds it.
        expected: what should have been there.
        got: what was there.
        fix: what to do about it, one sentence.
    """

    def __init__(self, what: str, *, expected: object = None, got: object = None, fix: str = "") -> None:
        self.what, self.expected, self.got, self.fix = what, expected, got, fix
        parts = [what]
        if expected is not None:
            parts.append(f"expected {expected}, got {got}")
        super().__init__(": ".join(parts) + (f". {fix}" if fix else ""))


class DeclarationError(EquivalenceError):
    """An operation, a case, a binding or an adapter is declared wrongly."""


class AxesError(EquivalenceError):
    """An axes string cannot be read, or a size expression cannot be computed."""


class ShapeError(EquivalenceError, ValueError):
    """An array does not have the shape its axes ask for."""


class ParameterError(EquivalenceError, ValueError):
    """A parameter of an operation has a value the operation does not know."""


class PortError(EquivalenceError):
    """A port file, or a port in it, is declared wrongly."""


class StackError(EquivalenceError):
    """A stack (an interpreter with its packages) is missing, broken or cannot be made."""


class UsageError(EquivalenceError):
    """A name or an option the user gave does not exist; ``fix`` suggests one that does."""


class LawError(EquivalenceError):
    """One of the suite's laws is broken, such as an outcome used as a bare bool."""


class WorkerError(EquivalenceError):
    """A call to a worker gave no result.

    Args:
        kind: ``raised``, ``died``, ``timeout`` or ``protocol``.
        log: the end of what the worker wrote to its standard output and error.
        raised: for ``raised``, the exception's ``type``, ``message``, ``traceback`` and ``line`` (``file:number``).
    """

    def __init__(
        self, what: str, *, kind: str, log: str = "", raised: Mapping[str, str] | None = None, **details: Any
    ) -> None:
        self.kind, self.log, self.raised = kind, log, dict(raised or {})
        super().__init__(what, **details)

"""Say whether two neural-network layers in two frameworks are the same function.

The names below are imported when they are first used, so that importing the package costs nothing and imports no
framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from equivalence._version import __version__

if TYPE_CHECKING:
    from equivalence.answer import PortOutcome
    from equivalence.checking import assert_equivalent, check
    from equivalence.inputs import Integers, Lengths, Mask, Positive, Real
    from equivalence.model import Model, ModelPort
    from equivalence.outcome import Outcome
    from equivalence.port import Layer, Port

_HOMES = {
    "Integers": "inputs",
    "Layer": "port",
    "Lengths": "inputs",
    "Mask": "inputs",
    "Model": "model",
    "ModelPort": "model",
    "Outcome": "outcome",
    "Port": "port",
    "PortOutcome": "answer",
    "Positive": "inputs",
    "Real": "inputs",
    "assert_equivalent": "checking",
    "check": "checking",
}

__all__ = [
    "Integers",
    "Layer",
    "Lengths",
    "Mask",
    "Model",
    "ModelPort",
    "Outcome",
    "Port",
    "PortOutcome",
    "Positive",
    "Real",
    "__version__",
    "assert_equivalent",
    "check",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"equivalence.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'equivalence' has no attribute {name!r}")

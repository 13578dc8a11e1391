"""A framework that is imported when a worker first uses it, so that bindings can be read without it."""

from __future__ import annotations

import importlib
import sys
from typing import Any


class Lazy:
    """A module, or something in it, by its dotted path.

    Module level code can name ``tf.nn.conv2d`` without importing TensorFlow: the name is looked up when it is called.
    Once the module is imported, as it is in a worker before any binding is called, attributes are the real ones.
    """

    def __init__(self, module: str, path: str = "") -> None:
        self._module, self._path = module, path

    def __getattr__(self, name: str) -> Any:
        """The real attribute once the module is imported, else its path."""
        if name.startswith("__"):
            raise AttributeError(name)
        if self._module in sys.modules:
            return getattr(self._resolve(), name)
        return Lazy(self._module, f"{self._path}.{name}".lstrip("."))

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Import the module and call what the path names."""
        return self._resolve()(*arguments, **keywords)

    def __repr__(self) -> str:
        return f"{self._module}.{self._path}".rstrip(".")

    def _resolve(self) -> Any:
        found = importlib.import_module(self._module)
        for name in self._path.split("."):
            found = getattr(found, name) if name else found
        return found

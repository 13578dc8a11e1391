"""Moving arrays between an operation's canonical axes and a framework's layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from einops import rearrange

from equivalence import axes as _axes
from equivalence.axes import Sizes
from equivalence.errors import DeclarationError
from equivalence.inputs import Array


@dataclass(frozen=True)
class Layout:
    """How a framework lays out one array; everything is undone by :meth:`to_canonical`.

    Args:
        canonical: axes in the operation's order.
        native: axes in the framework's order; ``(c m)`` packs two axes, ``1`` is an axis of size one.
        flip: canonical axes that the framework walks backwards.
        blocks: per axis, where the framework's blocks stand in the canonical order: ``(0, 2, 1, 3)``.
    """

    canonical: str
    native: str
    flip: str = ""
    blocks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def to_native(self, array: Array) -> Array:
        """From canonical axes to the framework's; contiguous."""
        moved = self._rearrange(self._flipped(self._blocked(array, inverse=False)), self.canonical, self.native, {})
        # Not ascontiguousarray, which gives a scalar an axis.
        return np.asarray(moved, order="C")

    def to_canonical(self, array: Array, sizes: Sizes | None = None) -> Array:
        """From the framework's axes to the canonical ones; ``sizes``, by letter, are needed for packed axes only."""
        moved = self._rearrange(array, self.native, self.canonical, sizes or {})
        return self._blocked(self._flipped(moved), inverse=True)

    def _rearrange(self, array: Array, source: str, target: str, sizes: Sizes) -> Array:
        if source.split() == target.split():
            return array
        lengths = {}
        if "(" in source and sizes:
            axes = [axis for axis in _axes.parse(self.canonical) if not axis.variadic]
            lengths = {_plain(axis.name): sizes[axis.letter] for axis in axes if axis.letter in sizes}
        moved: Array = rearrange(array, _plain(f"{source} -> {target}"), **lengths)
        return moved

    def _flipped(self, array: Array) -> Array:
        places = tuple(place for name in self.flip.split() for place in self._places(name, array.ndim))
        return np.flip(array, places) if places else array

    def _places(self, name: str, count: int) -> range:
        """Which of an array's axes a canonical axis is; any number of them for ``...``."""
        order = _axes.parse(self.canonical)
        index = _axes.names(self.canonical).index(name)
        variadic = count - len(order) + 1
        before = variadic - 1 if any(axis.variadic for axis in order[:index]) else 0
        return range(index + before, index + before + (variadic if order[index].variadic else 1))

    def _blocked(self, array: Array, *, inverse: bool) -> Array:
        for letter, order in self.blocks.items():
            [axis] = self._places(letter, array.ndim)
            parts = np.split(array, len(order), axis)
            wanted: Any = np.argsort(order) if inverse else order
            array = np.concatenate([parts[k] for k in wanted], axis)
        return array


def block_order(canonical: str, native: str) -> tuple[int, ...]:
    """Where each of the framework's blocks stands in the canonical order.

    ``block_order("i f g o", "i g f o")`` is ``(0, 2, 1, 3)``.

    Raises:
        DeclarationError: if the two do not name the same blocks.
    """
    blocks = canonical.split()
    if sorted(blocks) != sorted(native.split()):
        raise DeclarationError("blocks", expected=f"an order of {canonical!r}", got=repr(native))
    return tuple(blocks.index(name) for name in native.split())


def _plain(pattern: str) -> str:
    """Einops knows no primes: ``u'`` becomes ``u_1``."""
    for count in (3, 2, 1):
        pattern = pattern.replace("'" * count, f"_{count}")
    return pattern

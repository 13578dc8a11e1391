"""Between an operation's arguments in canonical axes and the arrays in which a framework's layer stores them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equivalence import axes as _axes
from equivalence.binding import Binding
from equivalence.engine import layout_of
from equivalence.errors import ShapeError, UsageError
from equivalence.inputs import Array
from equivalence.layout import Layout
from equivalence.operation import Operation
from equivalence.stored import Form, Stored

_SAME = "The same letter means the same size everywhere."


@dataclass(frozen=True)
class Packing:
    """One form of one framework, for an operation with these parameters.

    Args:
        operation: whose arguments are moved.
        form: how the layer stores them.
        binding: whose layouts the layer shares; none for the canonical form.
        settings: all parameters of the operation, defaults included.
    """

    operation: Operation
    form: Form
    binding: Binding | None
    settings: Mapping[str, Any]

    def unpack(self, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> dict[str, Array]:
        """The canonical arguments that a layer's arrays hold.

        Args:
            arrays: by the layer's own names; optional ones may be missing.
            sizes: of axes, by letter, where the arrays' shapes do not say them.

        Raises:
            ShapeError: if an array does not have the axes it should, or a letter has two sizes.
            UsageError: if a packed axis cannot be taken apart without a size, or blocks are missing.
        """
        known = self._solved(arrays, sizes)
        whole: dict[str, Array] = {}
        blocks: dict[str, dict[str, Array]] = {}
        for name, array in arrays.items():
            for argument, part in self._parts(name, array, known):
                found = self._to_canonical(name, argument, part, known)
                if own := self.form.arrays[name].blocks:
                    pieces = np.split(found, len(own), self._block_axis(argument))
                    blocks.setdefault(argument, {}).update(zip(own, pieces, strict=True))
                else:
                    whole[argument] = whole[argument] + found if argument in whole else found
        for argument, held in blocks.items():
            if lost := [block for block in self._order if block not in held]:
                expected = f"the blocks {' '.join(self._order)}"
                raise UsageError(f"{argument} of {self.form.layer}", expected=expected, got=f"no {' '.join(lost)}")
            whole[argument] = np.concatenate([held[block] for block in self._order], self._block_axis(argument))
        self._measure(whole)
        return self._shifted(whole, -1)

    def pack(self, canonical: Mapping[str, Array]) -> dict[str, Array]:
        """A layer's arrays, by its own names, that hold these canonical arguments.

        Raises:
            UsageError: if the layer has no place for one of them.
            ShapeError: if their shapes do not fit together.
        """
        self._refuse_sizes(self._measure(canonical))
        self._refuse_what_has_no_place(canonical)
        filled = self._filled(self._shifted(canonical, 1))
        packed = {name: self._packed(name, filled) for name in self.form.arrays}
        return {name: array for name, array in packed.items() if array is not None}

    def _layout(self, stored: Stored, argument: str) -> Layout:
        layout = layout_of(self.operation, self.binding, argument, self.settings)
        layout = replace(layout, native=stored.axes or layout.native)
        return replace(layout, blocks={}) if stored.blocks else layout

    @property
    def _order(self) -> list[str]:
        [order] = self.operation.blocks.values()
        return order.split()

    def _block_axis(self, argument: str) -> int:
        [letter] = self.operation.blocks
        return _axes.names(self.operation.inputs[argument].axes).index(letter)

    def _chosen(self, argument: str, array: Array, blocks: tuple[str, ...]) -> Array:
        return array.take([self._order.index(block) for block in blocks], self._block_axis(argument))

    def _counted(self, stored: Stored, known: Mapping[str, int]) -> dict[str, int]:
        """The sizes of letters in one array: a packed axis may have some of its blocks only."""
        own = {letter: len(stored.blocks or order.split()) for letter, order in self.operation.blocks.items()}
        return {**known, **own}

    def _solved(self, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> dict[str, int]:
        """All sizes that follow from the shapes."""
        known, before = dict(sizes), -1
        while len(known) > before:
            before = len(known)
            for name, array in arrays.items():
                for argument in self.form.arrays[name].arguments:
                    self._solve(name, argument, array.shape, known)
        return known

    def _solve(self, name: str, argument: str, shape: tuple[int, ...], known: dict[str, int]) -> None:
        stored = self.form.arrays[name]
        layout, counted = self._layout(stored, argument), self._counted(stored, known)
        if _axes.ELLIPSIS in layout.native:
            return
        tokens = _tokens(layout.native)
        if stored.join == "stack":
            tokens = [str(len(stored.arguments)), *tokens]
        if len(tokens) != len(shape):
            expected = f"{len(tokens)} axes, {' '.join(tokens)!r}"
            raise ShapeError(name, expected=expected, got=f"shape {shape}", fix=f"It is an array of {self.form.layer}.")
        divided = {axis.name for axis in _axes.parse(self.operation.inputs[argument].axes) if axis.divisor}
        for place, (token, size) in enumerate(zip(tokens, shape, strict=True)):
            if token in divided or (place == 0 and stored.join == "concatenate"):
                continue
            letters = [letter.rstrip("'") for letter in token.strip("()").split()]
            unknown = [letter for letter in letters if letter not in counted and not letter.isdigit()]
            product = math.prod(int(letter) if letter.isdigit() else counted.get(letter, 1) for letter in letters)
            if len(unknown) > 1:
                continue
            if size % product if unknown else size != product:
                expected = f"{'a multiple of ' if unknown else ''}{product} on axis {token!r} of {' '.join(tokens)!r}"
                raise ShapeError(name, expected=expected, got=f"{size}, shape {shape}", fix=_SAME)
            for letter in unknown:
                known[letter] = counted[letter] = size // product

    def _parts(self, name: str, array: Array, known: Mapping[str, int]) -> Iterator[tuple[str, Array]]:
        stored = self.form.arrays[name]
        if stored.join == "stack":
            yield from zip(stored.arguments, array, strict=True)
        elif stored.join == "concatenate":
            yield from zip(stored.arguments, np.split(array, self._cuts(name, array, known)), strict=True)
        else:
            yield stored.arguments[0], array

    def _cuts(self, name: str, array: Array, known: Mapping[str, int]) -> list[int]:
        """Where a concatenation is cut: by the sizes of its parts, of which one may be what remains."""
        stored, counted = self.form.arrays[name], self._counted(self.form.arrays[name], known)
        if stored.equal:
            if len(array) % len(stored.arguments):
                expected = f"a first axis that {len(stored.arguments)} equal parts fill"
                raise ShapeError(name, expected=expected, got=f"shape {array.shape}")
            return [len(array) // len(stored.arguments) * k for k in range(1, len(stored.arguments))]
        firsts = [_tokens(self._layout(stored, argument).native)[0] for argument in stored.arguments]
        letters = [[letter.rstrip("'") for letter in token.strip("()").split()] for token in firsts]
        sizes = [math.prod(counted[one] for one in row) if set(row) <= set(counted) else 0 for row in letters]
        rest = len(array) - sum(sizes)
        if sizes.count(0) > 1 or (rest and 0 not in sizes) or (not rest and 0 in sizes) or rest < 0:
            expected = f"the parts {', '.join(stored.arguments)} with the first axes {', '.join(firsts)}"
            raise ShapeError(name, expected=expected, got=f"shape {array.shape} with sizes {counted}")
        return list(np.cumsum([size or rest for size in sizes])[:-1])

    def _to_canonical(self, name: str, argument: str, part: Array, known: Mapping[str, int]) -> Array:
        stored = self.form.arrays[name]
        layout, counted = self._layout(stored, argument), self._counted(stored, known)
        for token in _tokens(layout.native):
            lost = [one for one in token.strip("()").split() if one.rstrip("'") not in counted]
            if token.startswith("(") and len(lost) > 1:
                raise UsageError(
                    f"{name} packs the axes {' and '.join(lost)} of {argument} into one, and nothing says their sizes",
                    fix=f"Give one of them, such as --axes {lost[0]}=4.",
                )
        found = layout.to_canonical(part, counted)
        return self._elementwise(stored, found, inverse=True)

    def _elementwise(self, stored: Stored, array: Array, *, inverse: bool) -> Array:
        if stored.negate:
            array = -array
        if stored.inverse_deviation is None:
            return array
        epsilon, wide = self.settings[stored.inverse_deviation], array.astype(np.float64)
        found: Array = 1 / wide**2 - epsilon if inverse else 1 / np.sqrt(wide + epsilon)
        return found.astype(array.dtype)

    def _shifted(self, canonical: Mapping[str, Array], sign: int) -> dict[str, Array]:
        """With the parameters that this layer has in an array, and another adds when it runs."""
        shifted = dict(canonical)
        for stored in self.form.arrays.values():
            if stored.plus and (value := self.settings[stored.plus["parameter"]]):
                [argument] = stored.arguments
                array = np.array(shifted[argument] if argument in shifted else self._full(argument, shifted, 0))
                place: list[Any] = [slice(None)] * array.ndim
                place[self._block_axis(argument)] = self._order.index(stored.plus["block"])
                array[tuple(place)] += sign * value
                shifted[argument] = array
        return shifted

    def _filled(self, canonical: Mapping[str, Array]) -> dict[str, Array]:
        """With what stands for arguments left out, if the layer has either all of its optional arrays or none."""
        stands = {
            stored.arguments[0]: stored.absent for stored in self.form.arrays.values() if stored.absent is not None
        }
        if not self.form.arguments & self.operation.optional & set(canonical):
            return dict(canonical)
        return {**{argument: self._full(argument, canonical, value) for argument, value in stands.items()}, **canonical}

    def _full(self, argument: str, beside: Mapping[str, Array], value: float) -> Array:
        sizes = self._measure(beside)
        shape = _axes.shape(self.operation.inputs[argument].axes, sizes, self.settings)
        return np.full(shape, value, next(iter(beside.values())).dtype)

    def _packed(self, name: str, canonical: Mapping[str, Array]) -> Array | None:
        stored = self.form.arrays[name]
        if not set(stored.arguments) & set(canonical):
            if set(stored.arguments) <= self.operation.optional:
                return None
            raise UsageError(f"{self.form.layer} needs {stored.arguments[0]} for its {name}", fix="It was not given.")
        arrays = [canonical[a] if a in canonical else self._full(a, canonical, 0) for a in stored.arguments]
        if stored.join == "sum":
            arrays = [sum(arrays[1:], arrays[0])]
        parts = [self._to_native(stored, *one) for one in zip(stored.arguments, arrays, strict=False)]
        if stored.join == "stack":
            return np.stack(parts)
        if stored.join == "concatenate":
            if len({part.shape if stored.equal else part.shape[1:] for part in parts}) > 1:
                got = ", ".join(f"{a} {part.shape}" for a, part in zip(stored.arguments, parts, strict=True))
                raise ShapeError(f"{name} of {self.form.layer}", expected="parts of the same shape", got=got)
            return np.concatenate(parts)
        return np.zeros_like(parts[0]) if stored.join == "addend" else parts[0]

    def _to_native(self, stored: Stored, argument: str, array: Array) -> Array:
        chosen = self._chosen(argument, array, stored.blocks) if stored.blocks else array
        return self._layout(stored, argument).to_native(self._elementwise(stored, chosen, inverse=False))

    def _measure(self, canonical: Mapping[str, Array]) -> dict[str, Any]:
        """All sizes, and the check that a letter has one size in all arguments."""
        sizes: dict[str, Any] = {}
        for argument, array in canonical.items():
            _axes.measure(self.operation.inputs[argument].axes, array.shape, sizes, what=argument)
        return sizes

    def _refuse_sizes(self, sizes: Mapping[str, Any]) -> None:
        for letter, expression in self.form.sizes.items():
            if sizes[letter] != (wanted := _axes.evaluate(expression, sizes)):
                what = f"{self.form.layer} has no place for weights of these sizes: the axis {letter}"
                raise UsageError(what, expected=f"{wanted}, which is {expression}", got=sizes[letter])

    def _refuse_what_has_no_place(self, canonical: Mapping[str, Array]) -> None:
        for argument, array in canonical.items():
            holders = [stored for stored in self.form.arrays.values() if argument in stored.arguments]
            if not holders:
                raise UsageError(f"{self.form.layer} has no place for {argument}", fix=self._fix(argument))
            held = {block for stored in holders for block in stored.blocks}
            if not held or not all(stored.blocks for stored in holders):
                continue
            lost = tuple(block for block in self._order if block not in held)
            if lost and self._chosen(argument, array, lost).any():
                raise UsageError(
                    f"{self.form.layer} has no place for the block {', '.join(lost)} of {argument}, which is not zero",
                    fix=self._fix(argument),
                )

    def _fix(self, argument: str) -> str:
        return f"No weights make it the same function; {argument} must be left out."


def _tokens(native: str) -> list[str]:
    return re.findall(r"\([^)]*\)|\S+", native)

"""Axes: one letter per axis, the same letter the same size.

``"n c h w"`` names four axes. ``u'`` is another axis with the size of ``u`` (square matrices: ``"u u'"``). ``c/groups``
is the axis ``c`` divided by the parameter ``groups``. ``...`` stands for any number of axes, whose sizes stand in the
sizes as ``"..."``; ``...'`` for any number of others, with sizes of their own. In a *layout*, which says how a
framework orders the axes, ``(c m)`` packs two axes into one and ``1`` is an axis of size one, as in einops.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from equivalence.errors import AxesError, ShapeError

Sizes = Mapping[str, Any]
"""Sizes by letter: an integer each, and a tuple of integers for ``"..."``."""

ELLIPSIS = "..."
_TOKEN = re.compile(r"(?P<name>[a-z]'*)(/(?P<divisor>[a-z_]+))?|(?P<variadic>\.\.\.'*)")
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.FloorDiv: operator.floordiv,
}


@dataclass(frozen=True)
class Axis:
    """One axis: its name, and the parameter its size is divided by, if any."""

    name: str
    divisor: str | None = None

    @property
    def variadic(self) -> bool:
        """Whether it stands for any number of axes."""
        return self.name.startswith(ELLIPSIS)

    @property
    def letter(self) -> str:
        """The letter that has the axis's size: ``u`` for ``u'``, but ``...'`` for itself."""
        return self.name if self.variadic else self.name.rstrip("'")


@cache
def parse(axes: str) -> tuple[Axis, ...]:
    """Read an axes string; ``""`` is a scalar.

    Raises:
        AxesError: for a token that is no axis, or an axis named twice.
    """
    found = []
    for token in axes.split():
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise AxesError(
                f"axes {axes!r}",
                expected="one small letter per axis, such as 'n c h w', or '...'",
                got=repr(token),
                fix="Separate the letters by spaces; a second axis of the same size is written u'.",
            )
        found.append(Axis(match["name"] or match["variadic"], match["divisor"]))
    names = [axis.name for axis in found]
    if len(set(names)) != len(names) or sum(axis.variadic for axis in found) > 1:
        raise AxesError(
            f"axes {axes!r}",
            expected="each axis once, and one that stands for any number at most",
            got=names,
            fix="Write the second of two equal axes as u'.",
        )
    return tuple(found)


def names(axes: str) -> list[str]:
    """The axes' names, in order."""
    return [axis.name for axis in parse(axes)]


def letters(axes: str) -> set[str]:
    """The letters whose sizes the axes need, ``"..."`` among them."""
    return {axis.letter for axis in parse(axes)}


def shape(axes: str, sizes: Sizes, parameters: Mapping[str, Any] | None = None) -> tuple[int, ...]:
    """The shape of an array with these axes.

    Raises:
        AxesError: if a letter has no size, or a division leaves a remainder.
    """
    result: list[int] = []
    for axis in parse(axes):
        if axis.letter not in sizes:
            raise AxesError(
                f"axes {axes!r}", expected=f"a size for {axis.letter!r}", got=dict(sizes), fix="Add it to the sizes."
            )
        size = sizes[axis.letter]
        if axis.variadic:
            result.extend(size)
        elif axis.divisor is None:
            result.append(size)
        else:
            divisor = (parameters or {}).get(axis.divisor, 1)
            if size % divisor:
                raise AxesError(
                    f"axis {axis.letter} of {axes!r}",
                    expected=f"a size divisible by {axis.divisor}={divisor}",
                    got=size,
                    fix="Change one of the two.",
                )
            result.append(size // divisor)
    return tuple(result)


def measure(axes: str, found: Sequence[int], sizes: dict[str, Any], *, what: str = "array") -> None:
    """Check a shape against its axes and write the sizes of letters not seen before into ``sizes``.

    Raises:
        ShapeError: if the number of axes differs, or a letter has another size already.
    """
    parsed = parse(axes)
    variadic = len(found) - len(parsed) + 1 if any(axis.variadic for axis in parsed) else 1
    if len(found) != len(parsed) - 1 + variadic or variadic < 0:
        raise ShapeError(
            what,
            expected=f"{len(parsed)} axes, {axes!r}",
            got=f"{len(found)}, shape {tuple(found)}",
            fix="Give one axis per letter, in this order.",
        )
    position = 0
    for axis in parsed:
        taken = variadic if axis.variadic else 1
        size = tuple(found[position : position + taken]) if axis.variadic else found[position]
        position += taken
        if axis.divisor is None and sizes.setdefault(axis.letter, size) != size:
            raise ShapeError(
                what,
                expected=f"size {sizes[axis.letter]} on axis {axis.name} of {axes!r}",
                got=f"{size}, shape {tuple(found)}",
                fix="The same letter means the same size everywhere.",
            )


def evaluate(expression: str | int, values: Mapping[str, Any]) -> int:
    """Compute a size expression such as ``"4*m"`` from the values of its names.

    Raises:
        AxesError: for anything but whole numbers, names, ``+ - * /`` and brackets.
    """
    if isinstance(expression, int):
        return expression

    def value(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.Name(id=name) if name in values:
                return int(values[name])
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                return _OPERATORS[type(sign)](value(left), value(right))
        raise AxesError(
            f"size expression {expression!r}",
            expected=f"whole numbers, + - * / and the names {sorted(values)}",
            got=ast.unparse(node),
            fix="Give the sizes as numbers if no expression fits.",
        )

    try:
        return value(ast.parse(expression, mode="eval").body)
    except ZeroDivisionError as error:
        raise AxesError(
            f"size expression {expression!r}", expected="a division by other than zero", got=dict(values)
        ) from error
    except SyntaxError as error:
        raise AxesError(
            "size expression", expected="arithmetic such as '4*m'", got=repr(expression), fix="Correct it."
        ) from error

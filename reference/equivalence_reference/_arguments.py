"""Checks that every reference makes before it computes, with errors that say how to fix the call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from equivalence import axes
from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array
from equivalence.operation import Operation

Pair = tuple[int, int]
"""One value for the rows and one for the columns, or one before and one after."""

Triple = tuple[int, int, int]
"""One value for the depth, one for the rows and one for the columns."""


def measured(operation: Operation, *, groups: int = 1, **arrays: Array | None) -> dict[str, Any]:
    """The size of each letter, read off the arrays by the axes the operation declares.

    Args:
        operation: whose declaration says the axes.
        groups: what a divided axis, ``c/groups``, is divided by.
        arrays: by argument; ``None`` is an optional argument that is left out.

    Raises:
        ShapeError: if an array has another number of axes, or two arrays disagree about a letter.
        ParameterError: if ``groups`` is not a positive whole number.
    """
    if not _whole(groups, 1):
        raise ParameterError(
            f"groups of {operation.name}", expected="a positive whole number", got=repr(groups), fix="1 does not group."
        )
    sizes: dict[str, Any] = {}
    for name, array in arrays.items():
        if array is None:
            continue
        declared = operation.inputs[name].axes
        axes.measure(declared, array.shape, sizes, what=f"{name} of {operation.name}")
        for axis, size in zip(axes.parse(declared), array.shape, strict=False):
            if axis.divisor and sizes.setdefault(axis.letter, size * groups) != size * groups:
                raise ShapeError(
                    f"{name} of {operation.name}",
                    expected=f"{axis.letter}/groups = {sizes[axis.letter]}/{groups} on that axis of {declared!r}",
                    got=f"{size}, shape {array.shape}",
                    fix=f"Each of the groups has filters for its own part of the {axis.letter} channels only.",
                )
    return sizes


def per_axis(what: str, value: object, axes: int, *, least: int) -> tuple[int, ...]:
    """A whole number for each spatial axis; one number stands for all of them.

    Raises:
        ParameterError: for anything else, or for a number below ``least``.
    """
    each = (value,) * axes if isinstance(value, (int, np.integer)) else value
    if isinstance(each, Sequence) and len(each) == axes and all(_whole(one, least) for one in each):
        return tuple(int(one) for one in each)
    several, order = _PER_AXIS[axes]
    raise ParameterError(what, expected=f"a whole number of at least {least}, or {several}", got=repr(value), fix=order)


_PER_AXIS = {
    1: ("one in a tuple", "There is one spatial axis, (w)."),
    2: ("two", "The first of two is for the rows (h), the second for the columns (w)."),
    3: ("three", "The first of three is for the depth (d), then come the rows (h) and the columns (w)."),
}


def known(what: str, value: str, names: Iterable[str]) -> str:
    """The value, if it is one of the names.

    Raises:
        ParameterError: if it is not.
    """
    choices = sorted(names)
    if value not in choices:
        raise ParameterError(
            what, expected=f"one of {', '.join(choices)}", got=repr(value), fix="Use one of these names."
        )
    return value


def divisible(operation: str, groups: int, letter: str, size: int) -> None:
    """Check that an axis can be shared out among the groups.

    Raises:
        ShapeError: if it cannot.
    """
    if size % groups:
        raise ShapeError(
            f"axis {letter} of {operation}",
            expected=f"a size that groups={groups} divides",
            got=size,
            fix="Every group has an equal part of the channels.",
        )


def _whole(value: object, least: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least

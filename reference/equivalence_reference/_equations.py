"""Which axes of two arrays meet: axes by number, as for a batched dot product, and axes by label, as for einsum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equivalence.errors import ParameterError
from equivalence.inputs import Array


def summed_axes(operation: str, first: int, second: int, axes: object) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of each operand that are summed over: by default the last, and the last but one if there is one.

    Args:
        operation: the operation's name, for errors.
        first: the number of axes of the first operand.
        second: the number of axes of the second.
        axes: as :func:`~equivalence_reference.contraction.batch_dot` takes them.

    Raises:
        ParameterError: for anything else, for the batch axis, or for more axes of one operand than of the other.
    """
    if axes is None:
        return (first - 1,), (max(second - 2, 1),)
    both = (axes, axes) if isinstance(axes, int) else axes
    if isinstance(both, Sequence) and len(both) == 2:  # noqa: PLR2004 - two operands
        of_x, of_y = (tuple(entry) if isinstance(entry, Sequence) else (entry,) for entry in both)
        if len(of_x) == len(of_y) and all(isinstance(axis, int) and axis > 0 for axis in (*of_x, *of_y)):
            return of_x, of_y
    raise ParameterError(
        f"axes of {operation}",
        expected="an axis of each operand, or as many of one as of the other, none of them the batch axis 0",
        got=repr(axes),
        fix="Write (1, 2) for axis 1 of the first with axis 2 of the second.",
    )


def joined(first: int, second: int, of_x: Sequence[int], of_y: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Number the axes of two operands and of their contraction so that axes that meet have one number.

    Args:
        first: the number of axes of the first operand.
        second: the number of axes of the second, whose axis 0 meets axis 0 of the first and is kept.
        of_x: the axes of the first that are summed over.
        of_y: the axes of the second that they meet.

    Returns:
        The numbers of the axes of the first, of the second, and of the result.
    """
    left, right = list(range(first)), [0, *range(first, first + second - 1)]
    for one, other in zip(of_x, of_y, strict=True):
        right[other] = left[one]
    kept = [axis for axis in range(first) if axis not in of_x]
    return left, right, kept + [right[axis] for axis in range(1, second) if axis not in of_y]


@dataclass(frozen=True)
class Equation:
    """An einsum equation of one or two operands.

    Args:
        inputs: the labels of each operand.
        output: the labels of the result.
    """

    inputs: tuple[str, ...]
    output: str

    @classmethod
    def read(cls, equation: str) -> Equation:
        """Take an equation apart.

        Raises:
            ParameterError: if it is none, or repeats a label in an operand or in the output.
        """
        left, arrow, output = equation.replace(" ", "").partition("->")
        inputs, letters = tuple(left.split(",")), left.replace(",", "")
        if not arrow:
            output = "".join(sorted(label for label in letters if letters.count(label) == 1))
        words = (*inputs, output)
        fine = all((word.isalpha() or not word) and len(set(word)) == len(word) for word in words)
        if not fine or len(inputs) > 2 or not set(output) <= set(letters):  # noqa: PLR2004 - x and y
            raise ParameterError(
                "equation of einsum",
                expected="labels such as 'ij,jk->ik': one or two operands, each label once in each",
                got=repr(equation),
                fix="Every label of the output stands in an operand.",
            )
        return cls(inputs, output)

    @property
    def explicit(self) -> str:
        """The equation with its arrow."""
        return f"{','.join(self.inputs)}->{self.output}"

    def operands(self, x: Array, y: Array | None) -> list[tuple[str, str, Array]]:
        """Name, labels and array of each operand.

        Raises:
            ParameterError: if the equation has more or fewer.
        """
        given = [("x", x)] if y is None else [("x", x), ("y", y)]
        if len(given) != len(self.inputs):
            raise ParameterError(
                "equation of einsum",
                expected=f"labels of {len(given)} operands",
                got=repr(self.explicit),
                fix="A comma stands between the labels of two operands.",
            )
        return [(name, labels, array) for (name, array), labels in zip(given, self.inputs, strict=True)]

    def gradient(self, cotangent: Array, labels: str, array: Array, others: Sequence[tuple[str, Array]]) -> Array:
        """The vector-Jacobian product for an operand: a label it alone has was summed over, and is spread out again."""
        words, arrays = [self.output, *(word for word, _ in others)], [cotangent, *(other for _, other in others)]
        found = [label for label in labels if any(label in word for word in words)]
        partial = np.einsum(f"{','.join(words)}->{''.join(found)}", *arrays, optimize=True)
        shape = [size if label in found else 1 for label, size in zip(labels, array.shape, strict=True)]
        return np.array(np.broadcast_to(np.reshape(partial, shape), array.shape))

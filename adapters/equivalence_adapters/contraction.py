"""Which axes a contraction sums over, in the words of frameworks that have no such default as the operation.

Every function takes the :class:`~equivalence.binding.Context` of a case, so that a binding can name it in ``recode``.
It shares no code with the references on purpose: if either is wrong, the matrix shows it.
"""

from __future__ import annotations

from itertools import count
from string import ascii_letters

from equivalence.binding import Context

Axes = tuple[list[int], list[int]]


def batch_dot_axes(context: Context) -> Axes:
    """The axes of ``x`` and of ``y`` that ``batch_dot`` sums over, the batch being axis 0.

    Source: https://keras.io/api/layers/merging_layers/dot/
    """
    axes = context.parameters["axes"]
    if axes is None:
        # An axis of y behind the batch, and the last if there is only one.
        of_x, of_y = len(context.sizes["..."]), len(context.sizes["...'"])
        return [of_x], [of_y - 1 if of_y > 1 else of_y]
    if isinstance(axes, int):
        return [axes], [axes]
    first, second = axes
    return ([first], [second]) if isinstance(first, int) else (list(first), list(second))


def batch_dot_equation(context: Context) -> str:
    """``batch_dot`` as an einsum equation whose first label is the batch."""
    of_x, of_y = batch_dot_axes(context)
    fresh = (ascii_letters[number] for number in count(1))
    x = ["a", *(next(fresh) for _ in context.sizes["..."])]
    y = ["a", *(next(fresh) for _ in context.sizes["...'"])]
    for one, other in zip(of_x, of_y, strict=True):
        y[other] = x[one]
    shared = set(x[1:]) & set(y[1:])
    kept = ["a", *(label for label in (*x[1:], *y[1:]) if label not in shared)]
    return f"{''.join(x)},{''.join(y)}->{''.join(kept)}"


def matmul_repeats(context: Context) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """For ``x`` and for ``y``: which of its batch axes have size one, and so are repeated."""
    first, second = (tuple(size == 1 for size in context.sizes[name]) for name in ("...", "...'"))
    return first, second

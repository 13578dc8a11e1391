"""Sums, averages and extremes over axes, and running sums along one."""

from __future__ import annotations

import math

import numpy as np

from equivalence.errors import ParameterError
from equivalence.inputs import Array
from equivalence.operation import Case, case, operation
from equivalence.rounding import selection

Axes = tuple[int, ...] | None


def _reduce_cases() -> list[Case]:
    return [
        case("last-distinct_sizes", {"...": (3, 5)}, axes=(-1,)),
        case("first-equal_sizes", {"...": (4, 4)}, axes=(0,)),
        case("all", {"...": (2, 5, 3)}),
        case("all-kept", {"...": (3, 4)}, keepdims=True),
        case("two-distinct_sizes", {"...": (2, 5, 3)}, axes=(0, 2)),
        case("first-kept", {"...": (4, 3)}, axes=(0,), keepdims=True),
        case("two-kept-offset", {"...": (3, 4, 5)}, axes=(0, 2), keepdims=True, data="offset"),
    ]


_AXES = (None, (-1,), (0,), (0, 2))


def _over(x: Array, axes: Axes) -> tuple[int, ...]:
    """The axes that are reduced, counted from the first."""
    return tuple(range(x.ndim)) if axes is None else tuple(axis % x.ndim for axis in axes)


def _back(values: Array, x: Array, axes: Axes) -> Array:
    """A reduced array with its axes of size one again, in the shape that fits ``x``."""
    over = _over(x, axes)
    return values.reshape([1 if axis in over else size for axis, size in enumerate(x.shape)])


def _count(x: Array, axes: Axes) -> int:
    return math.prod(x.shape[axis] for axis in _over(x, axes))


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"axes": _AXES, "keepdims": (False, True)},
    cases=_reduce_cases(),
)
def reduce_sum(x: Array, *, axes: Axes = None, keepdims: bool = False) -> Array:
    r"""Add up along axes.

    .. math:: y = \sum_k x_k

    Args:
        x: :math:`x`, any number of axes, ``...``.
        axes: those of :math:`k`, negative values count from the last; all if left out.
        keepdims: whether they stay, with size one.

    Returns:
        ``x`` without ``axes``, or with size one there.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.sum.html.
    """
    return np.asarray(x.sum(axis=_over(x, axes), keepdims=keepdims))


@reduce_sum.vjp
def reduce_sum_vjp(cotangent: Array, x: Array, *, axes: Axes = None, keepdims: bool = False) -> dict[str, Array]:
    """Every term gets the whole cotangent of its sum."""
    del keepdims
    return {"x": np.array(np.broadcast_to(_back(cotangent, x, axes), x.shape))}


@reduce_sum.witness("a running sum for each place of the output")
def reduce_sum_by_elements(x: Array, *, axes: Axes = None, keepdims: bool = False) -> Array:
    """Add one element after the other to its place."""
    over = range(x.ndim) if axes is None else [axis % x.ndim for axis in axes]
    result = np.zeros([1 if axis in over else size for axis, size in enumerate(x.shape)])
    for place in np.ndindex(x.shape):
        result[tuple(0 if axis in over else k for axis, k in enumerate(place))] += x[place]
    return result if keepdims else np.squeeze(result, tuple(over))


reduce_sum.values("worked by hand", x=[[1.0, 2.0], [3.0, 4.0]], axes=(0,), expected=[4.0, 6.0])
reduce_sum.values("worked by hand", x=[[1.0, 2.0], [3.0, 4.0]], keepdims=True, expected=[[10.0]])


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"axes": _AXES, "keepdims": (False, True)},
    cases=_reduce_cases(),
)
def reduce_mean(x: Array, *, axes: Axes = None, keepdims: bool = False) -> Array:
    r"""Average along axes.

    .. math:: y = \frac{1}{N} \sum_k x_k

    Args:
        x: :math:`x`, any number of axes, ``...``.
        axes: those of :math:`k`, negative values count from the last; all if left out. :math:`N` is the product of
            their sizes.
        keepdims: whether they stay, with size one.

    Returns:
        ``x`` without ``axes``, or with size one there.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.mean.html.
    """
    return np.asarray(x.sum(axis=_over(x, axes), keepdims=keepdims) / _count(x, axes))


@reduce_mean.vjp
def reduce_mean_vjp(cotangent: Array, x: Array, *, axes: Axes = None, keepdims: bool = False) -> dict[str, Array]:
    r"""Every term has an equal share, one in :math:`N`, of the cotangent."""
    del keepdims
    return {"x": np.array(np.broadcast_to(_back(cotangent, x, axes) / _count(x, axes), x.shape))}


@reduce_mean.witness("a running average for each place of the output")
def reduce_mean_by_elements(x: Array, *, axes: Axes = None, keepdims: bool = False) -> Array:
    """Add one element after the other to its place, and divide by how many there were."""
    over = range(x.ndim) if axes is None else [axis % x.ndim for axis in axes]
    total = np.zeros([1 if axis in over else size for axis, size in enumerate(x.shape)])
    count = np.zeros(total.shape)
    for place in np.ndindex(x.shape):
        target = tuple(0 if axis in over else k for axis, k in enumerate(place))
        total[target] += x[place]
        count[target] += 1
    return total / count if keepdims else np.squeeze(total / count, tuple(over))


reduce_mean.values("worked by hand", x=[[1.0, 2.0], [3.0, 4.0]], axes=(-1,), expected=[1.5, 3.5])


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"axes": _AXES, "keepdims": (False, True)},
    cases=[
        *_reduce_cases(),
        case("negative", {"...": (3, 4)}, axes=(-1,), data="negative"),
        case("ties", {"...": (4, 6)}, axes=(-1,), data="ties", kink=True),
    ],
    rounding=selection,
)
def reduce_max(x: Array, *, axes: Axes = None, keepdims: bool = False) -> Array:
    r"""Take the largest along axes.

    .. math:: y = \max_k x_k

    Args:
        x: :math:`x`, any number of axes, ``...``.
        axes: those of :math:`k`, negative values count from the last; all if left out.
        keepdims: whether they stay, with size one.

    Returns:
        ``x`` without ``axes``, or with size one there.

    Several largest numbers share the gradient equally.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.max.html; for the gradient,
    https://docs.pytorch.org/docs/stable/generated/torch.amax.html.
    """
    return np.asarray(x.max(axis=_over(x, axes), keepdims=keepdims))


@reduce_max.vjp
def reduce_max_vjp(cotangent: Array, x: Array, *, axes: Axes = None, keepdims: bool = False) -> dict[str, Array]:
    """The largest get equal shares of the cotangent."""
    del keepdims
    over = _over(x, axes)
    largest = x == x.max(axis=over, keepdims=True)
    return {"x": np.asarray(_back(cotangent, x, axes) * largest / largest.sum(axis=over, keepdims=True, dtype=x.dtype))}


@reduce_max.witness("the largest so far for each place of the output")
def reduce_max_by_elements(x: Array, *, axes: Axes = None, keepdims: bool = False) -> Array:
    """Compare one element after the other with its place."""
    over = range(x.ndim) if axes is None else [axis % x.ndim for axis in axes]
    result = np.full([1 if axis in over else size for axis, size in enumerate(x.shape)], -np.inf)
    for place in np.ndindex(x.shape):
        target = tuple(0 if axis in over else k for axis, k in enumerate(place))
        result[target] = max(result[target], x[place])
    return result if keepdims else np.squeeze(result, tuple(over))


reduce_max.values("worked by hand", x=[[1.0, -2.0], [-3.0, -4.0]], axes=(-1,), expected=[1.0, -3.0])


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"axes": _AXES, "keepdims": (False, True), "correction": (0, 1)},
    cases=[*_reduce_cases(), case("unbiased", {"...": (3, 5)}, axes=(-1,), correction=1)],
)
def reduce_variance(x: Array, *, axes: Axes = None, keepdims: bool = False, correction: int = 0) -> Array:
    r"""Average the squared distances from the mean along axes.

    .. math:: y = \frac{1}{N - a} \sum_k (x_k - \mu)^2, \qquad \mu = \frac{1}{N} \sum_k x_k

    Args:
        x: :math:`x`, any number of axes, ``...``.
        axes: those of :math:`k`, negative values count from the last; all if left out. :math:`N` is the product of
            their sizes.
        keepdims: whether they stay, with size one.
        correction: :math:`a`: 0 is the variance of these numbers, 1 the unbiased estimate from a sample.

    Returns:
        ``x`` without ``axes``, or with size one there.

    Raises:
        ParameterError: if there are not more numbers than ``correction``.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.var.html.
    """
    over = _over(x, axes)
    distance = x - x.sum(axis=over, keepdims=True) / _count(x, axes)
    return np.asarray((distance * distance).sum(axis=over, keepdims=keepdims) / _divisor(x, axes, correction))


def _divisor(x: Array, axes: Axes, correction: int) -> int:
    if _count(x, axes) <= correction:
        raise ParameterError(
            "correction of reduce_variance",
            expected=f"less than the {_count(x, axes)} numbers",
            got=correction,
            fix="A single number has no unbiased variance.",
        )
    return _count(x, axes) - correction


@reduce_variance.vjp
def reduce_variance_vjp(
    cotangent: Array, x: Array, *, axes: Axes = None, keepdims: bool = False, correction: int = 0
) -> dict[str, Array]:
    r"""The derivative of the square; what goes through :math:`\mu` sums to zero."""
    del keepdims
    distance = x - x.sum(axis=_over(x, axes), keepdims=True) / _count(x, axes)
    return {"x": np.asarray(_back(cotangent, x, axes) * 2 * distance / _divisor(x, axes, correction))}


@reduce_variance.witness("half the mean squared distance of every two numbers")
def reduce_variance_by_pairs(x: Array, *, axes: Axes = None, keepdims: bool = False, correction: int = 0) -> Array:
    """Compare all pairs of each group, without any mean."""
    over = range(x.ndim) if axes is None else [axis % x.ndim for axis in axes]
    groups: dict[tuple[int, ...], list[float]] = {}
    for place in np.ndindex(x.shape):
        target = tuple(0 if axis in over else k for axis, k in enumerate(place))
        groups.setdefault(target, []).append(float(x[place]))
    result = np.zeros([1 if axis in over else size for axis, size in enumerate(x.shape)])
    for target, group in groups.items():
        pairs = sum((one - other) ** 2 for one in group for other in group)
        result[target] = pairs / (2 * len(group) * (len(group) - correction))
    return result if keepdims else np.squeeze(result, tuple(over))


reduce_variance.values("worked by hand: the mean is 3, the squares 4, 0 and 4", x=[1.0, 3.0, 5.0], expected=8 / 3)
reduce_variance.values("worked by hand: divided by two", x=[1.0, 3.0, 5.0], correction=1, expected=4.0)


@operation(
    inputs={"x": "..."},
    output="...",
    parameters={"axis": (-1, 0, 1), "exclusive": (False, True), "reverse": (False, True)},
    cases=[
        case("last-distinct_sizes", {"...": (3, 5)}),
        case("first-equal_sizes", {"...": (4, 4)}, axis=0),
        case("exclusive", {"...": (2, 5)}, exclusive=True),
        case("reverse", {"...": (2, 5, 3)}, axis=1, reverse=True),
        case("exclusive-reverse", {"...": (4, 3)}, axis=0, exclusive=True, reverse=True),
        case("three_axes-last", {"...": (2, 3, 4)}),
    ],
)
def cumsum(x: Array, *, axis: int = -1, exclusive: bool = False, reverse: bool = False) -> Array:
    r"""Add up along an axis, and keep every partial sum.

    .. math:: y_k = \sum_{l \le k} x_l, \qquad \sum_{l < k} x_l, \qquad \sum_{l \ge k} x_l
        \quad\text{or}\quad \sum_{l > k} x_l

    Args:
        x: :math:`x`, any number of axes, ``...``.
        axis: of :math:`k` and :math:`l`; negative values count from the last.
        exclusive: whether :math:`x_k` itself is left out, so that the first sum is 0: the second formula.
        reverse: whether the sums begin at the end: the third formula; with ``exclusive`` the fourth.

    Returns:
        ``...``.

    Source: https://www.tensorflow.org/api_docs/python/tf/math/cumsum.
    """
    ordered = np.moveaxis(x, axis, 0)
    if reverse:
        ordered = ordered[::-1]
    if exclusive:
        ordered = np.concatenate([np.zeros_like(ordered[:1]), ordered[:-1]])
    total = np.cumsum(ordered, axis=0)
    return np.array(np.moveaxis(total[::-1] if reverse else total, 0, axis))


@cumsum.vjp
def cumsum_vjp(
    cotangent: Array, x: Array, *, axis: int = -1, exclusive: bool = False, reverse: bool = False
) -> dict[str, Array]:
    """Each term is in the sums on the other side of it: the same with the direction turned round."""
    del x
    return {"x": np.array(cumsum.reference(cotangent, axis=axis, exclusive=exclusive, reverse=not reverse))}


@cumsum.witness("every partial sum from its beginning")
def cumsum_by_sums(x: Array, *, axis: int = -1, exclusive: bool = False, reverse: bool = False) -> Array:
    """Add up the terms of each sum anew."""
    rows = np.moveaxis(x, axis, -1)
    result = np.zeros(rows.shape)
    for place in np.ndindex(rows.shape):
        for other in range(rows.shape[-1]):
            before = other > place[-1] if reverse else other < place[-1]
            if before or (other == place[-1] and not exclusive):
                result[place] += rows[(*place[:-1], other)]
    return np.moveaxis(result, -1, axis)


cumsum.values("worked by hand", x=[1.0, 2.0, 3.0], expected=[1.0, 3.0, 6.0])
cumsum.values(
    "worked by hand: all behind each", x=[1.0, 2.0, 3.0], exclusive=True, reverse=True, expected=[5.0, 3.0, 0.0]
)

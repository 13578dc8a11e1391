"""Rearranging: the same numbers with other axes, in another order, or several times."""

from __future__ import annotations

import math

import numpy as np

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array
from equivalence.operation import case, operation
from equivalence.rounding import selection
from equivalence_reference._arguments import known, measured

CHANNELS = ("first", "last")


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"axes": ((1, 0), (0, 2, 1), (1, 2, 0), (2, 0, 1), (0, 2, 3, 1), (0, 3, 1, 2))},
    cases=[
        case("matrix-distinct_sizes", {"...": (3, 5)}),
        case("matrix-equal_sizes", {"...": (3, 3)}),
        case("swap_of_two", {"...": (2, 4, 3)}, axes=(0, 2, 1)),
        case("cycle", {"...": (2, 3, 4)}, axes=(1, 2, 0)),
        case("cycle_back-equal_sizes", {"...": (3, 3, 3)}, axes=(2, 0, 1)),
        case("channels_first_to_last-distinct_sizes", {"...": (2, 5, 3, 4)}, axes=(0, 2, 3, 1)),
        case("channels_last_to_first-equal_sizes", {"...": (2, 2, 2, 2)}, axes=(0, 3, 1, 2)),
    ],
    rounding=selection,
)
def permute_dimensions(x: Array, *, axes: tuple[int, ...] = (1, 0)) -> Array:
    r"""Put the axes into another order.

    .. math:: y_{i_{a_1} i_{a_2} \ldots i_{a_r}} = x_{i_1 i_2 \ldots i_r}

    Args:
        x: :math:`x`, any number :math:`r` of axes, ``...``.
        axes: :math:`a`, which axis of ``x`` each axis of the output is. The other reading, where each axis of ``x``
            goes, is the inverse permutation.

    Returns:
        The axes of ``x`` in the order ``axes``.

    Raises:
        ParameterError: if ``axes`` does not name each axis once.

    Source: https://keras.io/api/ops/numpy/#transpose-function.
    """
    if sorted(axes) != list(range(x.ndim)):
        raise ParameterError(
            "axes of permute_dimensions",
            expected=f"each of 0 to {x.ndim - 1} once",
            got=axes,
            fix="Name every axis of x, the batch's too.",
        )
    return np.array(x.transpose(axes))


@permute_dimensions.vjp
def permute_dimensions_vjp(cotangent: Array, x: Array, *, axes: tuple[int, ...] = (1, 0)) -> dict[str, Array]:
    """Put every axis back where it came from: the inverse permutation."""
    del x
    return {"x": np.array(cotangent.transpose(sorted(range(len(axes)), key=lambda place: axes[place])))}


@permute_dimensions.witness("one element after the other, each index picked from its place")
def permute_dimensions_by_elements(x: Array, *, axes: tuple[int, ...] = (1, 0)) -> Array:
    """Copy element by element."""
    result = np.empty([x.shape[axis] for axis in axes])
    for place in np.ndindex(x.shape):
        result[tuple(place[axis] for axis in axes)] = x[place]
    return result


permute_dimensions.values(
    "worked by hand: y[j, k, i] = x[i, j, k]",
    x=[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]],
    axes=(1, 2, 0),
    expected=[[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]],
)


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"axis": (-1, 0, 1, 2, -2)},
    cases=[
        case("matrix-distinct_sizes", {"...": (3, 5)}),
        case("matrix-first-equal_sizes", {"...": (3, 3)}, axis=0),
        case("vector", {"...": (4,)}),
        case("matrix-last_but_one", {"...": (2, 4)}, axis=-2),
        case("three_axes-second", {"...": (2, 4, 3)}, axis=1),
        case("matrix-third", {"...": (4, 3)}, axis=2),
        case("three_axes-last_but_one", {"...": (2, 3, 4)}, axis=-2),
        case("three_axes-third", {"...": (2, 3, 4)}, axis=2),
    ],
    rounding=selection,
)
def expand_dims(x: Array, *, axis: int = -1) -> Array:
    r"""Put in an axis of size one.

    .. math:: y_{i_1 \ldots i_a\,0\,i_{a+1} \ldots i_r} = x_{i_1 \ldots i_r}

    Args:
        x: :math:`x`, any number :math:`r` of axes, ``...``.
        axis: :math:`a`, where the new axis stands in the output; negative values count from the output's last, so that
            -1 puts it last.

    Returns:
        One more axis than ``x``.

    Raises:
        ParameterError: if the output has no such axis.

    Source: https://keras.io/api/ops/numpy/#expanddims-function.
    """
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise ParameterError(
            "axis of expand_dims",
            expected=f"from {-x.ndim - 1} to {x.ndim}",
            got=axis,
            fix="It counts the axes of the output, one more than those of x.",
        )
    return np.array(np.expand_dims(x, axis))


@expand_dims.vjp
def expand_dims_vjp(cotangent: Array, x: Array, *, axis: int = -1) -> dict[str, Array]:
    """Take the axis out again."""
    del axis
    return {"x": np.array(cotangent.reshape(x.shape))}


@expand_dims.witness("one element after the other, with a zero put into its index")
def expand_dims_by_elements(x: Array, *, axis: int = -1) -> Array:
    """Copy element by element."""
    place = axis if axis >= 0 else x.ndim + 1 + axis
    result = np.empty((*x.shape[:place], 1, *x.shape[place:]))
    for index in np.ndindex(x.shape):
        result[(*index[:place], 0, *index[place:])] = x[index]
    return result


expand_dims.values("worked by hand: a column", x=[1.0, 2.0], expected=[[1.0], [2.0]])
expand_dims.values("worked by hand: a row", x=[1.0, 2.0], axis=0, expected=[[1.0, 2.0]])


@operation(
    inputs={"x": "t u v"},
    output="...",
    parameters={"axes": (None, (0,), (1,), (-1,), (0, 2))},
    cases=[
        case("middle-distinct_sizes", {"t": 3, "u": 1, "v": 4}, axes=(1,)),
        case("middle-others_of_size_one", {"t": 1, "u": 1, "v": 5}, axes=(1,)),
        case("all-equal_sizes", {"t": 1, "u": 1, "v": 1}),
        case("all_of_size_one", {"t": 1, "u": 4, "v": 1}),
        case("first_alone", {"t": 1, "u": 3, "v": 1}, axes=(0,)),
        case("last_alone", {"t": 1, "u": 3, "v": 1}, axes=(-1,)),
        case("first_and_last", {"t": 1, "u": 1, "v": 1}, axes=(0, 2)),
    ],
    rounding=selection,
)
def squeeze(x: Array, *, axes: tuple[int, ...] | None = None) -> Array:
    r"""Take out axes of size one.

    .. math:: y_{i_1 \ldots i_{a-1}\,i_{a+1} \ldots i_r} = x_{i_1 \ldots i_{a-1}\,0\,i_{a+1} \ldots i_r}

    Args:
        x: :math:`x`, three axes here, ``t u v``.
        axes: every :math:`a`; all axes of size one if left out, the batch's too where it has one example.

    Returns:
        The axes that are left.

    Raises:
        ShapeError: if an axis in ``axes`` has another size than one.

    Source: https://keras.io/api/ops/numpy/#squeeze-function.
    """
    measured(squeeze, x=x)
    wrong = [axis for axis in axes or () if x.shape[axis] != 1]
    if wrong:
        raise ShapeError(
            "x of squeeze",
            expected=f"size 1 on axes {wrong}",
            got=x.shape,
            fix="Only axes of size one can be taken out.",
        )
    return np.array(np.squeeze(x, axes if axes is None else tuple(axes)))


@squeeze.vjp
def squeeze_vjp(cotangent: Array, x: Array, *, axes: tuple[int, ...] | None = None) -> dict[str, Array]:
    """Put the axes in again."""
    del axes
    return {"x": np.array(cotangent.reshape(x.shape))}


@squeeze.witness("one element after the other, with the zeros left out of its index")
def squeeze_by_elements(x: Array, *, axes: tuple[int, ...] | None = None) -> Array:
    """Copy element by element."""
    out = [a for a in range(3) if x.shape[a] == 1] if axes is None else [a % 3 for a in axes]
    kept = [a for a in range(3) if a not in out]
    result = np.empty([x.shape[a] for a in kept])
    for index in np.ndindex(x.shape):
        result[tuple(index[a] for a in kept)] = x[index]
    return result


squeeze.values("worked by hand", x=[[[1.0], [2.0]]], axes=(0,), expected=[[1.0], [2.0]])
squeeze.values("worked by hand", x=[[[1.0], [2.0]]], expected=[1.0, 2.0])


@operation(
    inputs={"x": "t u v"},
    output="...",
    parameters={"shape": ((-1,), (2, -1), (-1, 6), (3, 2, -1))},
    cases=[
        case("vector-distinct_sizes", {"t": 2, "u": 3, "v": 4}),
        case("vector-equal_sizes", {"t": 3, "u": 3, "v": 3}),
        case("two_rows", {"t": 3, "u": 4, "v": 5}, shape=(2, -1)),
        case("six_columns", {"t": 4, "u": 3, "v": 2}, shape=(-1, 6)),
        case("as_many_axes", {"t": 2, "u": 3, "v": 4}, shape=(3, 2, -1)),
    ],
    rounding=selection,
)
def reshape(x: Array, *, shape: tuple[int, ...] = (-1,)) -> Array:
    r"""Lay the numbers out on other axes, in C order: the last axis runs fastest in both.

    .. math:: y_{j_1 \ldots j_s} = x_{i_1 \ldots i_r}, \qquad
        \sum_k j_k \prod_{l > k} m_l = \sum_k i_k \prod_{l > k} n_l

    It moves no number past another, so it cannot exchange axes: that is what :func:`permute_dimensions` does.

    Args:
        x: :math:`x` with sizes :math:`n`, three axes here, ``t u v``.
        shape: :math:`m`, the sizes of the output; one of them may be -1, and is what is left.

    Returns:
        The axes of ``shape``.

    Raises:
        ShapeError: if so many numbers do not fit.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.reshape.html, ``order="C"``.
    """
    measured(reshape, x=x)
    fixed = math.prod(size for size in shape if size != -1)
    if (x.size != fixed) if -1 not in shape else (fixed == 0 or x.size % fixed != 0):
        raise ShapeError(
            "x of reshape", expected=f"as many numbers as {tuple(shape)} holds", got=x.shape, fix="Use -1 for one size."
        )
    return np.array(x.reshape(shape))


@reshape.vjp
def reshape_vjp(cotangent: Array, x: Array, *, shape: tuple[int, ...] = (-1,)) -> dict[str, Array]:
    """Lay the cotangent out on the axes of ``x``."""
    del shape
    return {"x": np.array(cotangent.reshape(x.shape))}


@reshape.witness("counting through both arrays with the last index fastest")
def reshape_by_counting(x: Array, *, shape: tuple[int, ...] = (-1,)) -> Array:
    """Put the numbers into a list, then out of it."""
    numbers = [x[index] for index in np.ndindex(x.shape)]
    rest = len(numbers)
    for size in shape:
        rest = rest if size == -1 else rest // size
    result = np.empty([rest if size == -1 else size for size in shape])
    for index in np.ndindex(result.shape):
        result[index] = numbers.pop(0)
    return result


reshape.values(
    "worked by hand: 1 to 6 stay in their order",
    x=[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]],
    shape=(3, 2, -1),
    expected=[[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]]],
)


@operation(
    inputs={"x": "n c ..."},
    output="n k",
    parameters={"channels": CHANNELS},
    cases=[
        case("image-distinct_sizes", {"n": 2, "c": 3, "...": (4, 5)}),
        case("image-equal_sizes", {"n": 3, "c": 3, "...": (3, 3)}),
        case("image-channels_last-distinct_sizes", {"n": 2, "c": 3, "...": (4, 5)}, channels="last"),
        case("image-channels_last-equal_sizes", {"n": 3, "c": 3, "...": (3, 3)}, channels="last"),
        case("sequence-channels_last", {"n": 2, "c": 4, "...": (3,)}, channels="last"),
        case("volume", {"n": 1, "c": 2, "...": (3, 2, 2)}),
        case("features_alone", {"n": 2, "c": 4, "...": ()}),
    ],
    rounding=selection,
)
def flatten(x: Array, *, channels: str = "first") -> Array:
    r"""Make one axis of all but the batch's, as before a dense layer.

    .. math:: y_{n,\,(c H + h) W + w} = x_{nchw} \quad\text{or}\quad y_{n,\,(h W + w) C + c} = x_{nchw}

    The rows of a dense layer's weight behind it stand in the same order, which a port between layouts must permute.

    Args:
        x: :math:`x`, ``n c ...``.
        channels: ``first`` is the first order, where the channel runs slowest, as on a framework's ``n c h w``;
            ``last`` the second, where it runs fastest, as on ``n h w c``.

    Returns:
        ``n k``.

    Raises:
        ParameterError: for another order.

    Source: https://keras.io/api/layers/reshaping_layers/flatten/, ``data_format``.
    """
    sizes = measured(flatten, x=x)
    known("channels of flatten", channels, CHANNELS)
    ordered = x if channels == "first" else np.moveaxis(x, 1, -1)
    return np.array(ordered.reshape(sizes["n"], math.prod(x.shape[1:])))


@flatten.vjp
def flatten_vjp(cotangent: Array, x: Array, *, channels: str = "first") -> dict[str, Array]:
    """Lay each example's cotangent out on its axes again."""
    if channels == "first":
        return {"x": np.array(cotangent.reshape(x.shape))}
    return {"x": np.array(np.moveaxis(cotangent.reshape(x.shape[0], *x.shape[2:], x.shape[1]), -1, 1))}


@flatten.witness("channel by channel and pixel by pixel, or pixel by pixel and channel by channel")
def flatten_by_elements(x: Array, *, channels: str = "first") -> Array:
    """Append the numbers of each example in their order."""
    pixels = list(np.ndindex(x.shape[2:]))
    first = [(c, *pixel) for c in range(x.shape[1]) for pixel in pixels]
    last = [(c, *pixel) for pixel in pixels for c in range(x.shape[1])]
    return np.array([[example[place] for place in (first if channels == "first" else last)] for example in x])


flatten.values(
    "a published run: two maps of 3 x 3, one behind the other",
    x=np.arange(18.0).reshape(1, 2, 3, 3),
    expected=[[float(number) for number in range(18)]],
)
flatten.values(
    "worked by hand: the channels of the first pixel, then those of the second",
    x=[[[[1.0, 2.0]], [[3.0, 4.0]]]],
    channels="last",
    expected=[[1.0, 3.0, 2.0, 4.0]],
)


@operation(
    inputs={"x": "n c ...", "y": "n d ...", "z": "n e ..."},
    output="n o ...",
    parameters={},
    cases=[
        case("three-distinct_sizes", {"n": 2, "c": 3, "d": 4, "e": 1, "...": (5, 6)}),
        case("three-equal_sizes", {"n": 3, "c": 3, "d": 3, "e": 3, "...": (3, 3)}),
        case("two", {"n": 2, "c": 3, "d": 5, "e": 1, "...": (4,)}, without=["z"]),
        case("two-alike", {"n": 2, "c": 3, "d": 3, "e": 1, "...": (3, 3)}, without=["z"]),
        case("features", {"n": 4, "c": 2, "d": 3, "e": 4, "...": ()}),
    ],
    rounding=selection,
)
def concatenate(x: Array, y: Array, z: Array | None = None) -> Array:
    r"""Put the channels of several arrays behind one another.

    .. math:: o_{n,k} = \begin{cases} x_{n,k} & k < C \\ y_{n,k-C} & C \le k < C + D \\ z_{n,k-C-D} & \text{else}
        \end{cases}

    Args:
        x: :math:`x` with :math:`C` channels, ``n c ...``.
        y: :math:`y` with :math:`D` channels, ``n d ...``.
        z: :math:`z`, ``n e ...``, or nothing.

    Returns:
        ``n o ...`` with ``o = c + d + e``.

    Raises:
        ShapeError: if an axis other than the channels' differs.

    Source: Huang, Liu, van der Maaten and Weinberger, Densely connected convolutional networks (2017), equation 2.
    """
    measured(concatenate, x=x, y=y, z=z)
    return np.concatenate([part for part in (x, y, z) if part is not None], axis=1)


@concatenate.vjp
def concatenate_vjp(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    """Each array gets back the channels it gave."""
    ends = x.shape[1], x.shape[1] + y.shape[1]
    found = {"x": np.array(cotangent[:, : ends[0]]), "y": np.array(cotangent[:, ends[0] : ends[1]])}
    return found if z is None else {**found, "z": np.array(cotangent[:, ends[1] :])}


@concatenate.witness("a list of each example's channels")
def concatenate_by_lists(x: Array, y: Array, z: Array | None = None) -> Array:
    """Append channel by channel."""
    parts = [x, y] if z is None else [x, y, z]
    return np.array([[channel for part in parts for channel in part[n]] for n in range(len(x))])


concatenate.values(
    "worked by hand", x=[[1.0, 2.0], [3.0, 4.0]], y=[[5.0], [6.0]], expected=[[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]
)


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"repeats": (2, 3), "axis": (-1, 0, 1)},
    cases=[
        case("last-distinct_sizes", {"...": (3, 5)}),
        case("first-equal_sizes", {"...": (3, 3)}, axis=0),
        case("heads", {"...": (2, 3, 4)}, axis=1, repeats=3),
        case("vector", {"...": (4,)}, axis=0),
        case("three_axes-last", {"...": (2, 3, 2)}),
    ],
    rounding=selection,
)
def repeat(x: Array, *, repeats: int = 2, axis: int = -1) -> Array:
    r"""Repeat each element of an axis: a a b b.

    .. math:: y_{\ldots k \ldots} = x_{\ldots \lfloor k / r \rfloor \ldots}

    Args:
        x: :math:`x`, any number of axes, ``...``.
        repeats: :math:`r`, how often.
        axis: the axis of :math:`k`; negative values count from the last.

    Returns:
        As many axes; ``axis`` is :math:`r` times as long.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.repeat.html. PyTorch's ``Tensor.repeat`` is
    :func:`tile`.
    """
    return np.repeat(x, repeats, axis=axis)


@repeat.vjp
def repeat_vjp(cotangent: Array, x: Array, *, repeats: int = 2, axis: int = -1) -> dict[str, Array]:
    """Add up the copies of each element, which stand side by side."""
    place = axis % x.ndim
    parted = cotangent.reshape(*x.shape[: place + 1], repeats, *x.shape[place + 1 :])
    return {"x": np.asarray(parted.sum(axis=place + 1))}


@repeat.witness("a list in which each slice stands several times")
def repeat_by_lists(x: Array, *, repeats: int = 2, axis: int = -1) -> Array:
    """Append each slice along the axis so often."""
    slices = [part for part in np.moveaxis(x, axis, 0) for _ in range(repeats)]
    return np.moveaxis(np.array(slices), 0, axis)


repeat.values("worked by hand", x=[1.0, 2.0], axis=0, repeats=3, expected=[1.0, 1.0, 1.0, 2.0, 2.0, 2.0])


@operation(
    inputs={"x": "..."},
    output="...'",
    parameters={"multiples": ((2, 1), (1, 3), (2, 3), (2, 1, 3))},
    cases=[
        case("both-distinct_sizes", {"...": (4, 5)}, multiples=(2, 3)),
        case("rows-equal_sizes", {"...": (3, 3)}),
        case("columns", {"...": (2, 3)}, multiples=(1, 3)),
        case("three_axes", {"...": (2, 4, 3)}, multiples=(2, 1, 3)),
    ],
    rounding=selection,
)
def tile(x: Array, *, multiples: tuple[int, ...] = (2, 1)) -> Array:
    r"""Put whole copies of an array beside one another: a b a b.

    .. math:: y_{k_1 \ldots k_r} = x_{k_1 \bmod n_1,\;\ldots,\;k_r \bmod n_r}

    Args:
        x: :math:`x` with sizes :math:`n`, any number of axes, ``...``.
        multiples: how many copies along each axis, one number an axis.

    Returns:
        As many axes, each so many times as long.

    Raises:
        ParameterError: if there is not one number an axis.

    Source: https://www.tensorflow.org/api_docs/python/tf/tile.
    """
    if len(multiples) != x.ndim:
        raise ParameterError(
            "multiples of tile",
            expected=f"{x.ndim} numbers, one an axis",
            got=multiples,
            fix="Write 1 for an axis that is not repeated.",
        )
    return np.tile(x, multiples)


@tile.vjp
def tile_vjp(cotangent: Array, x: Array, *, multiples: tuple[int, ...] = (2, 1)) -> dict[str, Array]:
    """Add up the copies of each element, which stand as far apart as the array is long."""
    parted = cotangent.reshape([size for pair in zip(multiples, x.shape, strict=True) for size in pair])
    return {"x": np.asarray(parted.sum(axis=tuple(range(0, parted.ndim, 2))))}


@tile.witness("one element after the other, each index taken modulo the size")
def tile_by_elements(x: Array, *, multiples: tuple[int, ...] = (2, 1)) -> Array:
    """Copy element by element."""
    result = np.empty([size * many for size, many in zip(x.shape, multiples, strict=True)])
    for place in np.ndindex(result.shape):
        result[place] = x[tuple(k % size for k, size in zip(place, x.shape, strict=True))]
    return result


tile.values("worked by hand", x=[[1.0, 2.0]], multiples=(2, 3), expected=[[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]] * 2)

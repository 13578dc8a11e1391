"""Element by element: several arrays made one, magnitudes, and other kinds of numbers."""

from __future__ import annotations

import numpy as np

from equivalence.errors import ParameterError
from equivalence.inputs import Array, Integers, Positive, Real
from equivalence.operation import Case, case, operation
from equivalence.rounding import selection
from equivalence_reference._arguments import known, measured

ROUNDINGS = ("floor", "truncate", "nearest")


def _merge_cases() -> list[Case]:
    return [
        case("three-distinct_sizes", {"...": (2, 5, 3)}),
        case("three-equal_sizes", {"...": (4, 4)}),
        case("two", {"...": (3, 4)}, without=["z"]),
        case("two-vector", {"...": (6,)}, without=["z"]),
        case("three-offset", {"...": (2, 3)}, data="offset"),
    ]


def _given(*parts: Array | None) -> list[Array]:
    return [part for part in parts if part is not None]


@operation(
    inputs={"x": "...", "y": "...", "z": "..."},
    output="...",
    parameters={},
    cases=_merge_cases(),
)
def merge_sum(x: Array, y: Array, z: Array | None = None) -> Array:
    r"""Add arrays of one shape, such as a shortcut to what it leaves out.

    .. math:: o = x + y + z

    Args:
        x: :math:`x`, any number of axes, ``...``.
        y: :math:`y`, of the same shape.
        z: :math:`z`, of the same shape, or nothing.

    Returns:
        ``...``.

    Raises:
        ShapeError: if the shapes differ; nothing is broadcast.

    Source: https://keras.io/api/layers/merging_layers/add/.
    """
    measured(merge_sum, x=x, y=y, z=z)
    return np.asarray(x + y if z is None else x + y + z)


@merge_sum.vjp
def merge_sum_vjp(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    """Each array gets the whole cotangent."""
    arrays = {"x": x, "y": y, "z": z}
    return {name: np.array(cotangent) for name, array in arrays.items() if array is not None}


@merge_sum.witness("element after element")
def merge_sum_by_elements(x: Array, y: Array, z: Array | None = None) -> Array:
    """Add up what stands in one place."""
    result = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        for array in (x, y) if z is None else (x, y, z):
            result[place] += array[place]
    return result


merge_sum.values("worked by hand", x=[1.0, 2.0], y=[3.0, -4.0], z=[0.5, 0.5], expected=[4.5, -1.5])


@operation(
    inputs={"x": "...", "y": "...", "z": "..."},
    output="...",
    parameters={},
    cases=_merge_cases(),
)
def merge_mul(x: Array, y: Array, z: Array | None = None) -> Array:
    r"""Multiply arrays of one shape, element by element.

    .. math:: o = x \odot y \odot z

    Args:
        x: :math:`x`, any number of axes, ``...``.
        y: :math:`y`, of the same shape.
        z: :math:`z`, of the same shape, or nothing.

    Returns:
        ``...``.

    Raises:
        ShapeError: if the shapes differ; nothing is broadcast.

    Source: https://keras.io/api/layers/merging_layers/multiply/.
    """
    measured(merge_mul, x=x, y=y, z=z)
    return np.asarray(x * y if z is None else x * y * z)


@merge_mul.vjp
def merge_mul_vjp(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    """The product rule: each array gets the cotangent times the others."""
    if z is None:
        return {"x": np.asarray(cotangent * y), "y": np.asarray(cotangent * x)}
    return {
        "x": np.asarray(cotangent * y * z),
        "y": np.asarray(cotangent * x * z),
        "z": np.asarray(cotangent * x * y),
    }


@merge_mul.witness("element after element")
def merge_mul_by_elements(x: Array, y: Array, z: Array | None = None) -> Array:
    """Multiply what stands in one place."""
    result = np.ones(x.shape)
    for place in np.ndindex(x.shape):
        for array in (x, y) if z is None else (x, y, z):
            result[place] *= array[place]
    return result


merge_mul.values("worked by hand", x=[1.0, 2.0], y=[3.0, -4.0], z=[0.5, 0.5], expected=[1.5, -4.0])


@operation(
    inputs={"x": "...", "y": "...", "z": "..."},
    output="...",
    parameters={},
    cases=[
        *_merge_cases(),
        case("three-ties", {"...": (6, 5)}, data="ties", kink=True),
        case("two-ties", {"...": (4, 5)}, data="ties", kink=True, without=["z"]),
    ],
    rounding=selection,
)
def merge_max(x: Array, y: Array, z: Array | None = None) -> Array:
    r"""Keep the largest of arrays of one shape, element by element, as in maxout.

    .. math:: o = \max(x, y, z)

    Args:
        x: :math:`x`, any number of axes, ``...``.
        y: :math:`y`, of the same shape.
        z: :math:`z`, of the same shape, or nothing.

    Returns:
        ``...``. NaN in one of them gives NaN.

    The gradient goes to the largest; to the first of several.

    Raises:
        ShapeError: if the shapes differ; nothing is broadcast.

    Source: Goodfellow, Warde-Farley, Mirza, Courville and Bengio, Maxout networks (2013), section 3;
    https://keras.io/api/layers/merging_layers/maximum/.
    """
    measured(merge_max, x=x, y=y, z=z)
    largest = np.maximum(x, y)
    return np.asarray(largest if z is None else np.maximum(largest, z))


@merge_max.vjp
def merge_max_vjp(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    """Compare two at a time: the first keeps the cotangent unless the second is larger."""
    if z is not None:
        held = np.maximum(x, y) >= z
        pair = merge_max_vjp(np.asarray(cotangent * held), x, y)
        return {**pair, "z": np.asarray(cotangent * ~held)}
    held = x >= y
    return {"x": np.asarray(cotangent * held), "y": np.asarray(cotangent * ~held)}


@merge_max.witness("element after element")
def merge_max_by_elements(x: Array, y: Array, z: Array | None = None) -> Array:
    """Compare what stands in one place."""
    result = np.array(x)
    for place in np.ndindex(x.shape):
        for array in (y,) if z is None else (y, z):
            result[place] = max(result[place], array[place])
    return result


merge_max.values(
    "worked by hand", x=[1.0, 2.0, -3.0], y=[3.0, -4.0, -2.0], z=[0.5, 0.5, -1.0], expected=[3.0, 2.0, -1.0]
)


@operation(
    inputs={"x": "...", "y": "...", "z": "..."},
    output="...",
    parameters={},
    cases=_merge_cases(),
)
def merge_mean(x: Array, y: Array, z: Array | None = None) -> Array:
    r"""Average arrays of one shape, element by element.

    .. math:: o = \frac{1}{N} (x + y + z)

    Args:
        x: :math:`x`, any number of axes, ``...``.
        y: :math:`y`, of the same shape.
        z: :math:`z`, of the same shape, or nothing. :math:`N` is how many there are, 3 or 2.

    Returns:
        ``...``.

    Raises:
        ShapeError: if the shapes differ; nothing is broadcast.

    Source: https://keras.io/api/layers/merging_layers/average/.
    """
    measured(merge_mean, x=x, y=y, z=z)
    return np.asarray((x + y) / 2 if z is None else (x + y + z) / 3)


@merge_mean.vjp
def merge_mean_vjp(cotangent: Array, x: Array, y: Array, z: Array | None = None) -> dict[str, Array]:
    """Each array gets an equal share of the cotangent."""
    names, arrays = ["x", "y", "z"], _given(x, y, z)
    return {name: np.asarray(cotangent / len(arrays)) for name in names[: len(arrays)]}


@merge_mean.witness("element after element")
def merge_mean_by_elements(x: Array, y: Array, z: Array | None = None) -> Array:
    """Add up what stands in one place and divide by how many there are."""
    result, count = np.zeros(x.shape), 2 if z is None else 3
    for place in np.ndindex(x.shape):
        result[place] = sum(array[place] for array in ((x, y) if z is None else (x, y, z))) / count
    return result


merge_mean.values("worked by hand", x=[1.0, 2.0], y=[3.0, -4.0], expected=[2.0, -1.0])
merge_mean.values("worked by hand", x=[1.0, 2.0], y=[3.0, -4.0], z=[5.0, 5.0], expected=[3.0, 1.0])


@operation(
    inputs={"x": "..."},
    output="...",
    parameters={},
    cases=[
        case("matrix-distinct_sizes", {"...": (3, 5)}),
        case("three_axes-equal_sizes", {"...": (3, 3, 3)}),
        case("no_axes", {"...": ()}),
        case("negative", {"...": (7,)}, data="negative"),
        case("large", {"...": (4, 6)}, data="large"),
        case("tiny", {"...": (4, 6)}, data="tiny"),
        case("zeros", {"...": (4, 6)}, data="zeros", kink=True),
    ],
    rounding=selection,
)
def absolute(x: Array) -> Array:
    r"""Drop the sign.

    .. math:: y = |x|

    Args:
        x: :math:`x`, any number of axes, ``...``.

    Returns:
        ``...``.

    The gradient at exactly ``x = 0``, where there is none, is 0.

    Source: https://keras.io/api/ops/numpy/#abs-function.
    """
    return np.asarray(np.abs(x))


@absolute.vjp
def absolute_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """The cotangent with the sign of ``x``, which is 0 at 0."""
    return {"x": np.asarray(cotangent * np.sign(x))}


@absolute.witness("an if for each element")
def absolute_by_elements(x: Array) -> Array:
    """Turn round what is below zero."""
    result = np.array(x)
    for place in np.ndindex(x.shape):
        if x[place] < 0:
            result[place] = -x[place]
    return result


absolute.values("worked by hand", x=[-2.0, -0.5, 0.0, 3.0], expected=[2.0, 0.5, 0.0, 3.0])


@operation(
    inputs={"x": Real("...", low=-3, high=3, gradient=False)},
    output="...",
    parameters={"dtype": ("int32", "bool")},
    cases=[
        case("int32-distinct_sizes", {"...": (4, 7)}),
        case("int32-equal_sizes", {"...": (5, 5)}),
        case("int32-vector", {"...": (20,)}),
        case("bool", {"...": (3, 9)}, dtype="bool"),
    ],
    rounding=selection,
)
def cast(x: Array, *, dtype: str = "int32") -> Array:
    r"""Make whole numbers of real ones by dropping what is behind the point, or booleans.

    .. math:: y = \operatorname{sgn}(x) \lfloor |x| \rfloor \quad\text{or}\quad y = (x \ne 0)

    Args:
        x: :math:`x`, any number of axes, ``...``; within the range of ``dtype``, as there is no result beyond it that
            frameworks agree on.
        dtype: of the result; ``bool`` gives the second formula, so that 0.3 is true.

    Returns:
        ``...``.

    Raises:
        ParameterError: for another dtype.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.ndarray.astype.html.
    """
    return x.astype(known("dtype of cast", dtype, ("int32", "bool")))


@cast.witness("counting down to zero in steps of one")
def cast_by_counting(x: Array, *, dtype: str = "int32") -> Array:
    """Take away ones while there is a whole one."""
    result = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        rest, count = abs(float(x[place])), 0
        while rest >= 1:
            rest, count = rest - 1, count + 1
        result[place] = float(rest > 0 or count > 0) if dtype == "bool" else count if x[place] > 0 else -count
    return result


cast.values("worked by hand", x=[-2.7, -0.5, 0.5, 2.7], expected=[-2, 0, 0, 2])
cast.values("worked by hand: only zero is false", x=[-0.3, 0.0, 0.3], dtype="bool", expected=[True, False, True])


@operation(
    inputs={"x": Integers("...", low=-3, below=4)},
    output="...",
    parameters={"dtype": ("float32", "uint8", "bool")},
    cases=[
        case("float32-distinct_sizes", {"...": (4, 7)}),
        case("float32-equal_sizes", {"...": (5, 5)}),
        case("uint8", {"...": (3, 6)}, dtype="uint8"),
        case("bool", {"...": (3, 9)}, dtype="bool"),
    ],
    rounding=selection,
)
def cast_integers(x: Array, *, dtype: str = "float32") -> Array:
    r"""Make other numbers of whole ones: real, of fewer bits, or booleans.

    .. math:: y = x \quad\text{or}\quad y = x \bmod 256 \quad\text{or}\quad y = (x \ne 0)

    Args:
        x: :math:`x`, int64, any number of axes, ``...``.
        dtype: of the result; the second formula is that of ``uint8``, where -1 becomes 255, the third that of ``bool``.

    Returns:
        ``...``.

    Raises:
        ParameterError: for another dtype.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.ndarray.astype.html.
    """
    known("dtype of cast_integers", dtype, ("float32", "uint8", "bool"))
    return np.asarray(x % 256) if dtype == "uint8" else x.astype(dtype)


@cast_integers.vjp
def cast_integers_vjp(cotangent: Array, x: Array, *, dtype: str = "float32") -> dict[str, Array]:
    """Whole numbers have no gradient."""
    del cotangent, x, dtype
    return {}


@cast_integers.witness("an if for each element")
def cast_integers_by_elements(x: Array, *, dtype: str = "float32") -> Array:
    """Change the few numbers that change."""
    result = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        value = int(x[place])
        result[place] = value
        if dtype == "bool":
            result[place] = 1 if value else 0
        if dtype == "uint8" and value < 0:
            result[place] = 256 + value
    return result


cast_integers.values("worked by hand: -1 wraps around", x=[-1, 0, 3], dtype="uint8", expected=[255, 0, 3])
cast_integers.values("worked by hand", x=[-1, 0, 3], dtype="bool", expected=[True, False, True])


@operation(
    inputs={"x": Integers("...", low=-9, below=10), "y": Integers("...", low=1, below=5)},
    output="...",
    parameters={"rounding": ROUNDINGS},
    cases=[
        case("floor-distinct_sizes", {"...": (4, 7)}),
        case("floor-equal_sizes", {"...": (6, 6)}),
        case("truncate", {"...": (5, 6)}, rounding="truncate"),
        case("nearest", {"...": (6, 8)}, rounding="nearest"),
    ],
    rounding=selection,
)
def divide_integers(x: Array, y: Array, *, rounding: str = "floor") -> Array:
    r"""Divide whole numbers, with a whole result.

    .. math:: o = \lfloor x / y \rfloor, \qquad \operatorname{sgn}(x / y) \lfloor |x / y| \rfloor
        \quad\text{or}\quad \operatorname{round}(x / y)

    Args:
        x: :math:`x`, whole numbers, any number of axes, ``...``.
        y: :math:`y`, whole numbers other than zero, of the same shape.
        rounding: ``floor``, down, as Python's ``//``; ``truncate``, towards zero, as in C; ``nearest``, of two equally
            near to the even one.

    Returns:
        int64, ``...``.

    Raises:
        ParameterError: for a zero in ``y``, or another rounding.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.floor_divide.html; for the nearest, IEEE 754-2019,
    section 4.3.1.
    """
    measured(divide_integers, x=x, y=y)
    known("rounding of divide_integers", rounding, ROUNDINGS)
    if (y == 0).any():
        raise ParameterError("y of divide_integers", expected="no zero", got="a zero", fix="Nothing divides by zero.")
    down = np.floor_divide(x, y)
    if rounding == "truncate":
        return np.asarray(np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y)))
    if rounding == "floor":
        return np.asarray(down)
    twice = 2 * np.abs(x - down * y)
    up = (twice > np.abs(y)) | ((twice == np.abs(y)) & (down % 2 == 1))
    return np.asarray(down + up)


@divide_integers.witness("trying whole numbers from low to high")
def divide_integers_by_trying(x: Array, y: Array, *, rounding: str = "floor") -> Array:
    """Take the number whose product with the divisor is nearest, on the allowed side."""
    result = np.zeros(x.shape, int)
    for place in np.ndindex(x.shape):
        a, b = int(x[place]), int(y[place])
        tried = range(-abs(a) - 1, abs(a) + 2)
        if rounding == "floor":
            tried = [k for k in tried if k <= a / b]  # type: ignore[assignment]
        if rounding == "truncate":
            tried = [k for k in tried if abs(k) <= abs(a / b)]  # type: ignore[assignment]
        result[place] = min(tried, key=lambda k: (abs(a - k * b), k % 2))
    return result


divide_integers.values("worked by hand: down", x=[-7, 7, -6], y=[2, 2, 3], expected=[-4, 3, -2])
divide_integers.values("worked by hand: to zero", x=[-7, 7, -6], y=[2, 2, 3], rounding="truncate", expected=[-3, 3, -2])
divide_integers.values(
    "worked by hand: halves to the even number",
    x=[-5, -3, -1, 1, 3, 5, 8],
    y=[2, 2, 2, 2, 2, 2, 3],
    rounding="nearest",
    expected=[-2, -2, 0, 0, 2, 2, 3],
)


@operation(
    inputs={"x": Integers("n c h w", below=256), "mean": Positive("c")},
    output="n c h w",
    parameters={"reverse": (False, True), "scale": (1.0, 0.00392156862745098)},
    cases=[
        case("rgb-distinct_sizes", {"n": 2, "c": 3, "h": 4, "w": 5}),
        case("rgb-equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3}, scale=0.00392156862745098),
        case("bgr", {"n": 1, "c": 3, "h": 3, "w": 4}, reverse=True),
        case("bgr-scaled", {"n": 2, "c": 3, "h": 2, "w": 3}, reverse=True, scale=0.00392156862745098),
    ],
)
def normalize_image(x: Array, mean: Array, *, reverse: bool = False, scale: float = 1.0) -> Array:
    r"""Make a network's input of the bytes of an image.

    .. math:: y_{nchw} = s\, x_{nc'hw} - m_c, \qquad c' = c \quad\text{or}\quad c' = C - 1 - c

    Args:
        x: :math:`x`, bytes from 0 to 255, ``n c h w``.
        mean: :math:`m`, in the order and on the scale of the output's channels, ``c``. Its dtype is the output's.
        reverse: whether the channels are reversed, so that red, green and blue become blue, green and red.
        scale: :math:`s`; 1/255 makes numbers from 0 to 1.

    Returns:
        ``n c h w``; ``x`` stays as it is.

    Raises:
        ShapeError: if there is not one mean a channel.

    Source: Jia et al., Caffe: convolutional architecture for fast feature embedding (2014), whose models take blue
    first; https://keras.io/api/applications/, ``preprocess_input``.
    """
    measured(normalize_image, x=x, mean=mean)
    ordered = x[:, ::-1] if reverse else x
    return np.asarray(ordered * np.asarray(scale, mean.dtype) - mean[:, None, None]).astype(mean.dtype)


@normalize_image.vjp
def normalize_image_vjp(
    cotangent: Array, x: Array, mean: Array, *, reverse: bool = False, scale: float = 1.0
) -> dict[str, Array]:
    """Every pixel of a channel takes its mean away."""
    del x, mean, reverse, scale
    return {"mean": np.asarray(-cotangent.sum(axis=(0, 2, 3)))}


@normalize_image.witness("pixel by pixel")
def normalize_image_by_pixels(x: Array, mean: Array, *, reverse: bool = False, scale: float = 1.0) -> Array:
    """Compute one number after the other."""
    result = np.zeros(x.shape)
    for n, c, h, w in np.ndindex(x.shape):
        result[n, c, h, w] = scale * float(x[n, x.shape[1] - 1 - c if reverse else c, h, w]) - mean[c]
    return result


normalize_image.values(
    "worked by hand with Caffe's means of blue, green and red",
    x=[[[[255]], [[100]], [[0]]]],
    mean=[103.9, 116.8, 123.7],
    reverse=True,
    expected=[[[[-103.9]], [[100 - 116.8]], [[255 - 123.7]]]],
)

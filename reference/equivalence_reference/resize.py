"""Resizing images, and looking at them in any places."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from equivalence.errors import ParameterError, ShapeError
from equivalence.inputs import Array, Real
from equivalence.operation import operation
from equivalence.rounding import selection
from equivalence_reference._arguments import known, measured
from equivalence_reference._resizing import (
    COORDINATES,
    Pair,
    Scales,
    applied,
    axes,
    cubic,
    everywhere,
    interpolating,
    linear,
    nearest,
    weighed,
)
from equivalence_reference.cases import resize as cases
from equivalence_reference.witnesses import resize as by_loops

ROUNDINGS = ("floor", "round_half_down", "round_half_up")


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "size": (None, (7, 6), (8, 6), (3, 3), (7, 5)),
        "scale": (None, (1.3, 2.0)),
        "coordinates": COORDINATES,
        "rounding": ROUNDINGS,
    },
    cases=cases.RESIZE_NEAREST,
    rounding=selection,
)
def resize_nearest(
    x: Array,
    *,
    size: Pair | None = None,
    scale: Scales | None = None,
    coordinates: str = "half_pixel",
    rounding: str = "round_half_up",
) -> Array:
    r"""Resize an image by taking the nearest pixel.

    .. math:: y_{ncij} = x_{n,\,c,\,[u_i],\,[v_j]}, \qquad u_i = (i + \tfrac12) \tfrac{h}{I} - \tfrac12

    and :math:`v_j` likewise; rounded to a whole number, :math:`[u]` is moved to the nearest pixel of the image.

    Args:
        x: :math:`x`, images of :math:`h` rows and :math:`w` columns, ``n c h w``.
        size: :math:`I, J`, rows and columns of the output; or ``scale``.
        scale: how many times larger, for rows and columns: :math:`I = \lfloor h s \rfloor`, and :math:`1 / s` takes the
            place of :math:`h / I`.
        coordinates: ``half_pixel``, as above; ``asymmetric``, :math:`u_i = i h / I`; ``align_corners``,
            :math:`u_i = i (h - 1) / (I - 1)`, or 0 if :math:`I` is 1.
        rounding: which pixel is the nearest: ``floor`` takes the one before, ``round_half_down`` and ``round_half_up``
            the nearer, and of two that are as near the one before or behind.

    Returns:
        ``n c i j``.

    Raises:
        ShapeError: if ``x`` is no batch of images.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://onnx.ai/onnx/operators/onnx__Resize.html, ``coordinate_transformation_mode`` and ``nearest_mode``.
    """
    rows, columns = _nearest(x, size, scale, coordinates, rounding)
    return np.asarray(x[:, :, rows][:, :, :, columns])


def _nearest(x: Array, size: Pair | None, scale: Scales | None, coordinates: str, rounding: str) -> Any:
    measured(resize_nearest, x=x)
    known("rounding of resize_nearest", rounding, ROUNDINGS)
    return [nearest(axis, rounding) for axis in axes("resize_nearest", x.shape[2:], size, scale, coordinates)]


@resize_nearest.vjp
def resize_nearest_vjp(cotangent: Array, x: Array, **parameters: Any) -> dict[str, Array]:
    """Each output pixel hands its cotangent to the pixel that it was taken from."""
    taken = _nearest(x, **resize_nearest.defaults | parameters)
    rows, columns = (np.eye(pixels)[:, each] for pixels, each in zip(x.shape[2:], taken, strict=True))
    return {"x": applied(cotangent, rows, columns)}


resize_nearest.witness("every pixel of the image is tried")(by_loops.resize_nearest)
resize_nearest.values(
    "worked by hand: the positions 1/2 and 5/2 lie between two pixels, and the one behind is taken",
    x=[[[[10.0, 20.0, 30.0, 40.0]]]],
    size=(1, 2),
    expected=[[[[20.0, 40.0]]]],
)
resize_nearest.values(
    "worked by hand: 0, 4/3 and 8/3, rounded down",
    x=[[[[10.0, 20.0, 30.0, 40.0]]]],
    size=(1, 3),
    coordinates="asymmetric",
    rounding="floor",
    expected=[[[[10.0, 20.0, 30.0]]]],
)


def _antialiased(name: str, coordinates: str, *, antialias: bool) -> None:
    if antialias and coordinates != "half_pixel":
        raise ParameterError(
            f"antialias of {name}",
            expected="coordinates=half_pixel",
            got=coordinates,
            fix="Frameworks disagree about a filter that is wider than a pixel at other coordinates.",
        )


def _bilinear(x: Array, *, reached: bool = False, antialias: bool, **lines: Any) -> list[Array]:
    """The matrices; or where they may have weights."""
    _antialiased("resize_bilinear", lines["coordinates"], antialias=antialias)
    kernel = everywhere if reached else linear
    found = [
        interpolating(axis, kernel, 1, antialias=antialias, exclude_outside=False)
        for axis in axes("resize_bilinear", x.shape[2:], **lines)
    ]
    return [np.asarray(matrix > 0, np.float64) for matrix in found] if reached else found


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "size": (None, (7, 6), (1, 7), (3, 4)),
        "scale": (None, (1.3, 1.5)),
        "coordinates": COORDINATES,
        "antialias": (False, True),
    },
    cases=cases.RESIZE_BILINEAR,
    rounding=weighed(_bilinear, partial(_bilinear, reached=True)),
)
def resize_bilinear(
    x: Array,
    *,
    size: Pair | None = None,
    scale: Scales | None = None,
    coordinates: str = "half_pixel",
    antialias: bool = False,
) -> Array:
    r"""Resize an image by linear interpolation along both axes.

    .. math::

        y_{ncij} = \sum_{p, q} \Lambda(p - u_i) \Lambda(q - v_j) x_{ncpq}, \qquad \Lambda(d) = \max(1 - |d|, 0)

    Args:
        x: :math:`x`, images of :math:`h` rows and :math:`w` columns, ``n c h w``; beyond its edges it goes on as there.
        size: :math:`I, J`, rows and columns of the output; or ``scale``.
        scale: as in :func:`resize_nearest`.
        coordinates: what :math:`u_i` and :math:`v_j` are, as in :func:`resize_nearest`.
        antialias: where the output is smaller, widen the triangle: :math:`\Lambda(d\,I / h)`, divided by the sum of its
            values on the image. With ``half_pixel`` only.

    Returns:
        ``n c i j``.

    Raises:
        ShapeError: if ``x`` is no batch of images.
        ParameterError: if a parameter has a value it cannot have.

    Source: https://onnx.ai/onnx/operators/onnx__Resize.html, mode ``linear``.
    """
    measured(resize_bilinear, x=x)
    return applied(x, *_bilinear(x, size=size, scale=scale, coordinates=coordinates, antialias=antialias))


@resize_bilinear.vjp
def resize_bilinear_vjp(cotangent: Array, x: Array, **parameters: Any) -> dict[str, Array]:
    """The same weights, the other way round."""
    rows, columns = _bilinear(x, **resize_bilinear.defaults | parameters)
    return {"x": applied(cotangent, rows.T, columns.T)}


resize_bilinear.witness("two pixels for each position, or all of them where the filter is wider")(
    by_loops.resize_bilinear
)
resize_bilinear.values(
    "worked by hand: two pixels become four at -1/4, 1/4, 3/4 and 5/4",
    x=[[[[0.0, 4.0]]]],
    size=(1, 4),
    expected=[[[[0.0, 1.0, 3.0, 4.0]]]],
)
resize_bilinear.values(
    "worked by hand: with aligned corners at 0, 1/3, 2/3 and 1",
    x=[[[[0.0, 3.0]]]],
    size=(1, 4),
    coordinates="align_corners",
    expected=[[[[0.0, 1.0, 2.0, 3.0]]]],
)
resize_bilinear.values(
    "worked by hand: four pixels become two; of 3/4, 3/4, 1/4 and 0 for the first, the sum is 7/4",
    x=[[[[7.0, 0.0, 14.0, 0.0]]]],
    size=(1, 2),
    antialias=True,
    expected=[[[[5.0, 6.0]]]],
)


def _bicubic(x: Array, *, reached: bool = False, coefficient: float, **lines: Any) -> list[Array]:
    """The matrices; or where they may have weights."""
    flags = {name: lines.pop(name) for name in ("antialias", "exclude_outside")}
    _antialiased("resize_bicubic", lines["coordinates"], antialias=flags["antialias"])
    kernel = everywhere if reached else cubic(coefficient)
    found = [interpolating(axis, kernel, 2, **flags) for axis in axes("resize_bicubic", x.shape[2:], **lines)]
    return [np.asarray(matrix > 0, np.float64) for matrix in found] if reached else found


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "size": (None, (7, 6), (7, 7), (10, 8), (3, 4)),
        "scale": (None, (1.3, 1.5)),
        "coordinates": COORDINATES,
        "coefficient": (-0.75, -0.5),
        "exclude_outside": (False, True),
        "antialias": (False, True),
    },
    cases=cases.RESIZE_BICUBIC,
    rounding=weighed(_bicubic, partial(_bicubic, reached=True)),
)
def resize_bicubic(
    x: Array,
    *,
    size: Pair | None = None,
    scale: Scales | None = None,
    coordinates: str = "half_pixel",
    coefficient: float = -0.75,
    exclude_outside: bool = False,
    antialias: bool = False,
) -> Array:
    r"""Resize an image by cubic interpolation along both axes.

    .. math::

        y_{ncij} = \sum_{p, q} k(p - u_i)\, k(q - v_j)\, x_{ncpq}, \qquad
        k(d) = \begin{cases}
            (a + 2) |d|^3 - (a + 3) |d|^2 + 1 & |d| < 1 \\
            a |d|^3 - 5 a |d|^2 + 8 a |d| - 4 a & 1 \le |d| < 2
        \end{cases}

    Args:
        x: :math:`x`, images of :math:`h` rows and :math:`w` columns, ``n c h w``; beyond its edges it goes on as there.
        size: :math:`I, J`, rows and columns of the output; or ``scale``.
        scale: as in :func:`resize_nearest`.
        coordinates: what :math:`u_i` and :math:`v_j` are, as in :func:`resize_nearest`.
        coefficient: :math:`a`, the slope of :math:`k` at distance 1.
        exclude_outside: what is outside has no weight, and the weights are divided by their sum.
        antialias: where the output is smaller, widen :math:`k` as in :func:`resize_bilinear`; what is outside has no
            weight then. With ``half_pixel`` only.

    Returns:
        ``n c i j``.

    Raises:
        ShapeError: if ``x`` is no batch of images.
        ParameterError: if a parameter has a value it cannot have.

    Source: Keys, Cubic convolution interpolation for digital image processing (1981), equation 15 with
    :math:`a = -1/2`; https://onnx.ai/onnx/operators/onnx__Resize.html, ``cubic_coeff_a``.
    """
    measured(resize_bicubic, x=x)
    lines: Any = {"size": size, "scale": scale, "coordinates": coordinates}
    flags: Any = {"exclude_outside": exclude_outside, "antialias": antialias}
    return applied(x, *_bicubic(x, coefficient=coefficient, **lines, **flags))


@resize_bicubic.vjp
def resize_bicubic_vjp(cotangent: Array, x: Array, **parameters: Any) -> dict[str, Array]:
    """The same weights, the other way round."""
    rows, columns = _bicubic(x, **resize_bicubic.defaults | parameters)
    return {"x": applied(cotangent, rows.T, columns.T)}


resize_bicubic.witness("four pixels for each position, or all of them where the filter is wider")(
    by_loops.resize_bicubic
)
resize_bicubic.values(
    "worked by hand: halfway, the weights are a/8, 1/2 - a/8, 1/2 - a/8 and a/8",
    x=[[[[0.0, 32.0, 0.0, 0.0]]]],
    size=(1, 7),
    coordinates="align_corners",
    expected=[[[[0.0, 19.0, 32.0, 19.0, 0.0, -3.0, 0.0]]]],
)


@operation(
    inputs={"x": "n c h w", "grid": Real("n i j v", low=-1.3, high=1.3)},
    output="n c i j",
    parameters={
        "mode": ("bilinear", "nearest"),
        "padding": ("zeros", "border"),
        "align_corners": (False, True),
    },
    cases=cases.GRID_SAMPLE,
)
def grid_sample(
    x: Array, grid: Array, *, mode: str = "bilinear", padding: str = "zeros", align_corners: bool = False
) -> Array:
    r"""Look at an image in the places that a grid says.

    .. math::

        y_{ncij} = \sum_{p, q} \Lambda(p - u_{nij}) \Lambda(q - v_{nij}) x_{ncpq}, \qquad
        v_{nij} = \frac{(g_{nij0} + 1) w - 1}{2}, \quad u_{nij} = \frac{(g_{nij1} + 1) h - 1}{2}

    with :math:`\Lambda(d) = \max(1 - |d|, 0)`.

    Args:
        x: :math:`x`, images of :math:`h` rows and :math:`w` columns, ``n c h w``.
        grid: :math:`g`, ``n i j v``, of which :math:`v` is two: first across, then down; from -1 at the left or upper
            edge to 1 at the right or lower one.
        mode: ``bilinear`` as above; ``nearest`` takes the nearest pixel, and has no gradient for the grid.
        padding: outside the image are ``zeros``; or with ``border`` places outside are moved to its edge.
        align_corners: -1 and 1 are the middles of the outermost pixels, not their outer edges:
            :math:`v = (g + 1)(w - 1) / 2`.

    Returns:
        ``n c i j``.

    Raises:
        ShapeError: if sizes disagree, or the last axis of the grid is not two.
        ParameterError: if a parameter has a value it cannot have.

    Source: Jaderberg et al., Spatial transformer networks (2015), equation 5;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html.
    """
    rows, columns, *_ = _weights(x, grid, mode, padding, align_corners=align_corners)
    return np.asarray(np.einsum("nijh,nijw,nchw->ncij", rows, columns, x))


@grid_sample.vjp
def grid_sample_vjp(cotangent: Array, x: Array, grid: Array, **parameters: Any) -> dict[str, Array]:
    r"""The same weights the other way round; and for the grid, :math:`\Lambda'` in place of :math:`\Lambda`."""
    rows, columns, down, across = _weights(x, grid, **grid_sample.defaults | parameters)
    # The nearest pixel does not change with the place; what it is, infinite or not, has no part in that.
    pixels = np.zeros_like(x) if parameters.get("mode") == "nearest" else x
    moved = [
        np.einsum("ncij,nijh,nijw,nchw->nij", cotangent, rows, across, pixels),
        np.einsum("ncij,nijh,nijw,nchw->nij", cotangent, down, columns, pixels),
    ]
    return {"x": np.einsum("ncij,nijh,nijw->nchw", cotangent, rows, columns), "grid": np.stack(moved, axis=-1)}


def _weights(x: Array, grid: Array, mode: str, padding: str, *, align_corners: bool) -> list[Array]:
    """How much of each row and of each column every place takes; and how that changes with the grid."""
    sizes = measured(grid_sample, x=x, grid=grid)
    if sizes["v"] != 2:  # noqa: PLR2004 - there are two axes
        raise ShapeError(
            "grid of grid_sample", expected="two numbers for each place", got=sizes["v"], fix="Give (across, down)."
        )
    known("mode of grid_sample", mode, ("bilinear", "nearest"))
    known("padding of grid_sample", padding, ("zeros", "border"))
    along = [(sizes["h"], grid[..., 1]), (sizes["w"], grid[..., 0])]
    found = [_along(*one, mode, padding, align_corners=align_corners) for one in along]
    return [weights for weights, _ in found] + [slopes for _, slopes in found]


def _along(pixels: int, grid: Array, mode: str, padding: str, *, align_corners: bool) -> tuple[Array, Array]:
    stretch = (pixels - 1) / 2 if align_corners else pixels / 2
    place = (grid + 1) * stretch - (0.0 if align_corners else 0.5)
    moves = np.ones_like(place) * stretch
    if padding == "border":
        moves = np.where((place > 0) & (place < pixels - 1), moves, np.zeros_like(moves))
        place = np.minimum(np.maximum(place, 0.0), pixels - 1.0)
    if mode == "nearest":
        weights = np.asarray(np.rint(place)[..., None] == np.arange(pixels), grid.dtype)
        return weights, np.zeros_like(weights)
    away = place[..., None] - np.arange(pixels).astype(grid.dtype)
    weights = np.maximum(1 - np.abs(away), np.zeros_like(away))
    return weights, np.where(np.abs(away) < 1, -np.sign(away), np.zeros_like(away)) * moves[..., None]


grid_sample.witness("the four pixels around each place, one place after the other")(by_loops.grid_sample)
grid_sample.values(
    "worked by hand: the middle of two pixels, and the outer edge of the right one, half of which is outside",
    x=[[[[2.0, 6.0]]]],
    grid=[[[[0.0, 0.0], [1.0, 0.0]]]],
    expected=[[[[4.0, 3.0]]]],
)
grid_sample.values(
    "worked by hand: with aligned corners the middle of two pixels, and the right one",
    x=[[[[2.0, 6.0]]]],
    grid=[[[[0.0, 0.0], [1.0, 0.0]]]],
    align_corners=True,
    expected=[[[[4.0, 6.0]]]],
)

"""Pixels: borders around them, windows over them, and blocks of them."""

from __future__ import annotations

import numpy as np

from equivalence.errors import ShapeError
from equivalence.inputs import Array
from equivalence.operation import case, operation
from equivalence.rounding import selection
from equivalence_reference._arguments import Pair, known, measured
from equivalence_reference._windows import Windows, slide

PADDINGS = ("constant", "reflect", "symmetric", "edge")
ORDERS = ("DCR", "CRD")


@operation(
    inputs={"x": "n t ..."},
    output="n i s ...",
    parameters={"size": (3, 2, 4), "step": (1, 2, 3), "pad_end": (False, True)},
    cases=[
        case("overlapping-distinct_sizes", {"n": 2, "t": 7, "...": (3,)}),
        case("overlapping-equal_sizes", {"n": 4, "t": 4, "...": (4,)}, size=2),
        case("remainder_dropped", {"n": 2, "t": 8, "...": (3,)}, size=4, step=3),
        case("remainder_padded", {"n": 2, "t": 8, "...": (2,)}, step=2, pad_end=True),
        case("side_by_side", {"n": 3, "t": 6, "...": ()}, size=2, step=2),
        case("gaps", {"n": 1, "t": 9, "...": (2, 3)}, size=2, step=3),
        case("gaps-padded", {"n": 2, "t": 7, "...": ()}, size=2, step=3, pad_end=True),
    ],
    rounding=selection,
)
def sliding_windows(x: Array, *, size: int = 3, step: int = 1, pad_end: bool = False) -> Array:
    r"""Cut a sequence into windows.

    .. math:: y_{nis\ldots} = x_{n,\;i d + s,\;\ldots}

    Args:
        x: :math:`x`, sequences, ``n t ...``.
        size: how many steps of the sequence a window holds.
        step: :math:`d`, from one window to the next. If it is less than the size, windows overlap; a reshape gives only
            windows that stand side by side.
        pad_end: whether there is a window for each multiple of ``step`` on the sequence, with zeros behind its end;
            else there are only those that are whole.

    Returns:
        ``n i s ...``, windows and the steps in them.

    Raises:
        ShapeError: if not one window is whole.

    Source: https://www.tensorflow.org/api_docs/python/tf/signal/frame;
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html.
    """
    places = _frames(measured(sliding_windows, x=x)["t"], size, step, pad_end=pad_end)
    longer = np.pad(x, [(0, 0), (0, max(0, int(places.max()) + 1 - x.shape[1])), *((0, 0) for _ in x.shape[2:])])
    return np.take(longer, places, axis=1)


def _frames(length: int, size: int, step: int, *, pad_end: bool) -> Array:
    """Where on the sequence each step of each window stands, ``i s``."""
    count = -(-length // step) if pad_end else (length - size) // step + 1
    if count < 1:
        raise ShapeError("x of sliding_windows", expected=f"at least {size} steps", got=length, fix="Use pad_end.")
    return np.arange(count)[:, None] * step + np.arange(size)


@sliding_windows.vjp
def sliding_windows_vjp(
    cotangent: Array, x: Array, *, size: int = 3, step: int = 1, pad_end: bool = False
) -> dict[str, Array]:
    """Each step of the sequence gets the sum over the windows that hold it."""
    gradient, length = np.zeros_like(x), x.shape[1]
    for index, place in np.ndenumerate(_frames(length, size, step, pad_end=pad_end)):
        if place < length:
            gradient[:, place] += cotangent[:, index[0], index[1]]
    return {"x": gradient}


@sliding_windows.witness("window after window, cut out of a list")
def sliding_windows_by_lists(x: Array, *, size: int = 3, step: int = 1, pad_end: bool = False) -> Array:
    """Slice the sequence at each start."""
    result = []
    for sequence in x:
        windows, start = [], 0
        while start + size <= len(sequence) or (pad_end and start < len(sequence)):
            window = list(sequence[start : start + size])
            windows.append(window + [np.zeros(x.shape[2:])] * (size - len(window)))
            start += step
        result.append(windows)
    return np.array(result)


sliding_windows.values(
    "worked by hand",
    x=[[1.0, 2.0, 3.0, 4.0, 5.0]],
    size=3,
    step=2,
    expected=[[[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]],
)
sliding_windows.values(
    "worked by hand: a zero behind the end",
    x=[[1.0, 2.0, 3.0]],
    size=2,
    step=2,
    pad_end=True,
    expected=[[[1.0, 2.0], [3.0, 0.0]]],
)


@operation(
    inputs={"x": "n c h w"},
    output="n c i j",
    parameters={
        "border": (((1, 2), (3, 0)), ((2, 1), (1, 3)), ((1, 1), (1, 1))),
        "mode": PADDINGS,
        "value": (0.0, 1.5),
    },
    cases=[
        case("constant-distinct_sizes", {"n": 2, "c": 3, "h": 4, "w": 5}),
        case("constant-equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3}, border=((1, 1), (1, 1))),
        case("constant-value", {"n": 1, "c": 2, "h": 3, "w": 4}, border=((2, 1), (1, 3)), value=1.5),
        case("reflect", {"n": 2, "c": 3, "h": 4, "w": 5}, mode="reflect", border=((2, 1), (1, 3))),
        case("symmetric", {"n": 2, "c": 3, "h": 4, "w": 5}, mode="symmetric", border=((2, 1), (1, 3))),
        case("edge", {"n": 2, "c": 3, "h": 4, "w": 5}, mode="edge", border=((2, 1), (1, 3))),
        case("reflect-one_sided", {"n": 1, "c": 2, "h": 5, "w": 4}, mode="reflect"),
        case("symmetric-alike", {"n": 1, "c": 2, "h": 3, "w": 3}, mode="symmetric", border=((1, 1), (1, 1))),
    ],
    rounding=selection,
)
def pad(x: Array, *, border: tuple[Pair, Pair] = ((1, 2), (3, 0)), mode: str = "constant", value: float = 0.0) -> Array:
    r"""Put a border around images.

    .. math:: y_{ncij} = x_{n,\,c,\,f(i - t),\,f(j - l)}

    On an axis of size :math:`m` with the pixels a b c d, the two before are

    =========== ============================================ ==========
    constant    the value                                    v v
    reflect     :math:`f(-k) = k`, the edge once             c b
    symmetric   :math:`f(-k) = k - 1`, the edge twice        b a
    edge        :math:`f(-k) = 0`                            a a
    =========== ============================================ ==========

    Args:
        x: :math:`x`, images, ``n c h w``.
        border: ``((top, bottom), (left, right))``; :math:`t` and :math:`l` are the first of each.
        mode: a row of the table.
        value: of a constant border.

    Returns:
        ``n c i j``.

    Raises:
        ParameterError: for another mode.
        ShapeError: if there are too few pixels to mirror.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.pad.html.
    """
    sizes = measured(pad, x=x)
    known("mode of pad", mode, PADDINGS)
    rows, columns = (_mirrored(sizes[letter], sides, mode) for letter, sides in zip("hw", border, strict=True))
    seen = np.take(np.take(x, rows, axis=2), columns, axis=3)
    real = (rows >= 0)[:, None] & (columns >= 0)
    return np.asarray(np.where(real, seen, np.asarray(value, x.dtype)))


def _mirrored(size: int, sides: Pair, mode: str) -> Array:
    """Which pixel each place of a padded axis shows; -1 for none."""
    places = np.arange(-sides[0], size + sides[1])
    if mode == "edge":
        return np.clip(places, 0, size - 1)
    if mode == "constant":
        return np.where((places >= 0) & (places < size), places, -1)
    missing = 1 if mode == "symmetric" else 0
    if max(sides) >= size + missing:
        raise ShapeError(
            "x of pad", expected=f"more than {max(sides) - missing} pixels to mirror", got=size, fix="Pad by less."
        )
    before = np.where(places < 0, -places - missing, places)
    return np.where(before >= size, 2 * size - 2 + missing - before, before)


@pad.vjp
def pad_vjp(
    cotangent: Array,
    x: Array,
    *,
    border: tuple[Pair, Pair] = ((1, 2), (3, 0)),
    mode: str = "constant",
    value: float = 0.0,
) -> dict[str, Array]:
    """Add what each place holds to the pixel that it shows; a constant shows none."""
    del value
    rows, columns = (_mirrored(size, sides, mode) for size, sides in zip(x.shape[2:], border, strict=True))
    gradient = np.zeros_like(x)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if row >= 0 and column >= 0:
                gradient[:, :, row, column] += cotangent[:, :, i, j]
    return {"x": gradient}


@pad.witness("walking back from outside the image, one pixel at a time")
def pad_by_walking(
    x: Array, *, border: tuple[Pair, Pair] = ((1, 2), (3, 0)), mode: str = "constant", value: float = 0.0
) -> Array:
    """Extend a list of indices on both sides; -1 is no pixel."""
    indices: list[list[int]] = []
    for size, (before, after) in zip(x.shape[2:], border, strict=True):
        inner = list(range(size))
        mirror = {"reflect": inner[1:], "symmetric": inner, "edge": [0] * before, "constant": [-1] * before}[mode]
        other = {
            "reflect": inner[-2::-1],
            "symmetric": inner[::-1],
            "edge": [size - 1] * after,
            "constant": [-1] * after,
        }[mode]
        indices.append([*mirror[:before][::-1], *inner, *other[:after]])
    result = np.full((*x.shape[:2], len(indices[0]), len(indices[1])), value)
    for i, row in enumerate(indices[0]):
        for j, column in enumerate(indices[1]):
            if row >= 0 and column >= 0:
                result[:, :, i, j] = x[:, :, row, column]
    return result


for _mode, _row in {
    "constant": [0.0, 0.0, 1.0, 2.0, 3.0, 0.0],
    "reflect": [3.0, 2.0, 1.0, 2.0, 3.0, 2.0],
    "symmetric": [2.0, 1.0, 1.0, 2.0, 3.0, 3.0],
    "edge": [1.0, 1.0, 1.0, 2.0, 3.0, 3.0],
}.items():
    pad.values(
        "worked by hand: two pixels before a, b, c and one behind",
        x=[[[[1.0, 2.0, 3.0]]]],
        border=((0, 0), (2, 1)),
        mode=_mode,
        expected=[[[_row]]],
    )


@operation(
    inputs={"x": "n c h w"},
    output="n c p q i j",
    parameters={
        "window": ((2, 3), (2, 2), (3, 2)),
        "stride": ((1, 1), (2, 1), (2, 3)),
        "dilation": ((1, 1), (2, 1)),
        "padding": ((0, 0), (1, 2)),
    },
    cases=[
        case("dense-distinct_sizes", {"n": 2, "c": 3, "h": 4, "w": 5}),
        case("dense-equal_sizes", {"n": 3, "c": 3, "h": 3, "w": 3}, window=(2, 2)),
        case("strides", {"n": 2, "c": 2, "h": 6, "w": 8}, window=(3, 2), stride=(2, 3)),
        case("padding", {"n": 1, "c": 2, "h": 4, "w": 5}, padding=(1, 2), stride=(2, 1)),
        case("dilation", {"n": 1, "c": 3, "h": 5, "w": 4}, window=(2, 2), dilation=(2, 1)),
    ],
    rounding=selection,
)
def unfold(
    x: Array, *, window: Pair = (2, 3), stride: Pair = (1, 1), dilation: Pair = (1, 1), padding: Pair = (0, 0)
) -> Array:
    r"""Lay out what a window sees at each of its places (im2col).

    .. math:: y_{ncpqij} = x_{n,\;c,\;i s_h + p d_h - t,\;j s_w + q d_w - l}

    Args:
        x: :math:`x`, images, ``n c h w``.
        window: rows and columns of a window, the sizes of ``p q``.
        stride: :math:`s_h, s_w`, pixels from one window to the next.
        dilation: :math:`d_h, d_w`, pixels from one pixel of a window to the next.
        padding: :math:`t, l`, zeros on each side of the rows and of the columns.

    Returns:
        ``n c p q i j``. Frameworks pack ``c p q`` into one axis, and differ in its order.

    Raises:
        ShapeError: if no window fits on the padded image.
        ParameterError: if a parameter has a value it cannot have.

    Source: Chellapilla, Puri and Simard, High performance convolutional neural networks for document processing (2006),
    section 3.1; https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html.
    """
    measured(unfold, x=x)
    windows = _windows(x.shape[2:], window, stride, dilation, padding)
    return np.array(windows.gather(x).transpose(0, 1, 4, 5, 2, 3))


def _windows(image: Pair, window: Pair, stride: Pair, dilation: Pair, padding: Pair) -> Windows:
    rows, columns = padding
    sides = ((rows, rows), (columns, columns))
    return slide("unfold", image, window, stride=stride, padding=sides, dilation=dilation)


@unfold.vjp
def unfold_vjp(
    cotangent: Array,
    x: Array,
    *,
    window: Pair = (2, 3),
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    padding: Pair = (0, 0),
) -> dict[str, Array]:
    """Fold: every pixel gets the sum over the windows that see it (col2im)."""
    windows = _windows(x.shape[2:], window, stride, dilation, padding)
    return {"x": np.array(windows.scatter(cotangent.transpose(0, 1, 4, 5, 2, 3)))}


@unfold.witness("pixel by pixel of each window, zero where there is none")
def unfold_by_pixels(
    x: Array, *, window: Pair = (2, 3), stride: Pair = (1, 1), dilation: Pair = (1, 1), padding: Pair = (0, 0)
) -> Array:
    """Look every pixel up."""
    count = [
        (size + 2 * zeros - (pixels - 1) * apart - 1) // step + 1
        for size, zeros, pixels, apart, step in zip(x.shape[2:], padding, window, dilation, stride, strict=True)
    ]
    result = np.zeros((*x.shape[:2], *window, *count))
    for n, c, p, q, i, j in np.ndindex(result.shape):
        row = i * stride[0] + p * dilation[0] - padding[0]
        column = j * stride[1] + q * dilation[1] - padding[1]
        if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
            result[n, c, p, q, i, j] = x[n, c, row, column]
    return result


unfold.values(
    "worked by hand: two windows of one row and two columns",
    x=[[[[1.0, 2.0, 3.0]]]],
    window=(1, 2),
    expected=[[[[[[1.0, 2.0]], [[2.0, 3.0]]]]]],
)


@operation(
    inputs={"x": "n d h w"},
    output="n c i j",
    parameters={"block": (2, 3), "order": ORDERS},
    cases=[
        case("dcr-distinct_sizes", {"n": 2, "d": 12, "h": 3, "w": 5}),
        case("dcr-equal_sizes", {"n": 4, "d": 4, "h": 4, "w": 4}),
        case("crd-distinct_sizes", {"n": 3, "d": 8, "h": 2, "w": 4}, order="CRD"),
        case("crd-block3", {"n": 1, "d": 18, "h": 2, "w": 3}, order="CRD", block=3),
        case("dcr-block3", {"n": 1, "d": 18, "h": 3, "w": 2}, block=3),
    ],
    rounding=selection,
)
def depth_to_space(x: Array, *, block: int = 2, order: str = "DCR") -> Array:
    r"""Make a block of pixels of the channels (pixel shuffle).

    .. math:: y_{n,\,c,\,h b + p,\,w b + q} = x_{n,\,(p b + q) C + c,\,h,\,w}
        \quad\text{or}\quad x_{n,\,c b^2 + p b + q,\,h,\,w}

    Args:
        x: :math:`x`, images, ``n d h w``.
        block: :math:`b`, rows and columns of a block.
        order: ``DCR`` is the first formula, where the place in the block runs slower than the channel, ``CRD`` the
            second, as in sub-pixel convolution.

    Returns:
        ``n c i j`` with :math:`C = d / b^2`.

    Raises:
        ParameterError: for another order.
        ShapeError: if the channels cannot be shared out.

    Source: Shi et al., Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network (2016), equation 4; https://onnx.ai/onnx/operators/onnx__DepthToSpace.html.
    """
    sizes = measured(depth_to_space, x=x)
    if sizes["d"] % block**2:
        raise ShapeError(
            "x of depth_to_space",
            expected=f"a multiple of {block**2} channels",
            got=sizes["d"],
            fix="Use another block.",
        )
    return _spread(x, block, known("order of depth_to_space", order, ORDERS))


def _spread(x: Array, block: int, order: str) -> Array:
    n, d, h, w = x.shape
    c = d // block**2
    if order == "DCR":
        parted = x.reshape(n, block, block, c, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        parted = x.reshape(n, c, block, block, h, w).transpose(0, 1, 4, 2, 5, 3)
    return np.array(parted.reshape(n, c, h * block, w * block))


def _stack(x: Array, block: int, order: str) -> Array:
    n, c, u, v = x.shape
    parted = x.reshape(n, c, u // block, block, v // block, block)
    moved = parted.transpose(0, 3, 5, 1, 2, 4) if order == "DCR" else parted.transpose(0, 1, 3, 5, 2, 4)
    return np.array(moved.reshape(n, c * block**2, u // block, v // block))


@depth_to_space.vjp
def depth_to_space_vjp(cotangent: Array, x: Array, *, block: int = 2, order: str = "DCR") -> dict[str, Array]:
    """Stack the blocks again, which is a permutation's inverse."""
    del x
    return {"x": _stack(cotangent, block, order)}


@depth_to_space.witness("pixel by pixel, as the formula says")
def depth_to_space_by_pixels(x: Array, *, block: int = 2, order: str = "DCR") -> Array:
    """Copy one number after the other."""
    n, d, h, w = x.shape
    channels = d // (block * block)
    result = np.zeros((n, channels, h * block, w * block))
    for m, c, i, j in np.ndindex(result.shape):
        place = (i % block) * block + j % block
        source = place * channels + c if order == "DCR" else c * block * block + place
        result[m, c, i, j] = x[m, source, i // block, j // block]
    return result


for _order, _expected in {
    "DCR": [[[1.0, 3.0], [5.0, 7.0]], [[2.0, 4.0], [6.0, 8.0]]],
    "CRD": [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]],
}.items():
    depth_to_space.values(
        "worked by hand: eight channels of one pixel",
        x=np.arange(1.0, 9.0).reshape(1, 8, 1, 1),
        order=_order,
        expected=[_expected],
    )


@operation(
    inputs={"x": "n c u v"},
    output="n d i j",
    parameters={"block": (2, 3), "order": ORDERS},
    cases=[
        case("dcr-distinct_sizes", {"n": 3, "c": 5, "u": 4, "v": 6}),
        case("dcr-equal_sizes", {"n": 4, "c": 4, "u": 4, "v": 4}),
        case("crd-distinct_sizes", {"n": 2, "c": 3, "u": 6, "v": 4}, order="CRD"),
        case("crd-block3", {"n": 1, "c": 2, "u": 6, "v": 9}, order="CRD", block=3),
        case("dcr-block3", {"n": 1, "c": 2, "u": 9, "v": 6}, block=3),
    ],
    rounding=selection,
)
def space_to_depth(x: Array, *, block: int = 2, order: str = "DCR") -> Array:
    r"""Make channels of each block of pixels (pixel unshuffle).

    .. math:: y_{n,\,(p b + q) C + c,\,i,\,j} = x_{n,\,c,\,i b + p,\,j b + q}
        \quad\text{or}\quad y_{n,\,c b^2 + p b + q,\,i,\,j} = x_{n,\,c,\,i b + p,\,j b + q}

    Args:
        x: :math:`x`, images, ``n c u v``; :math:`C` is the number of channels.
        block: :math:`b`, rows and columns of a block.
        order: ``DCR`` is the first formula, where the place in the block runs slower than the channel, ``CRD`` the
            second.

    Returns:
        ``n d i j`` with ``d`` :math:`= C b^2`. It undoes :func:`depth_to_space` of the same order.

    Raises:
        ParameterError: for another order.
        ShapeError: if the image cannot be cut into such blocks.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn/space_to_depth;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html.
    """
    sizes = measured(space_to_depth, x=x)
    if sizes["u"] % block or sizes["v"] % block:
        raise ShapeError(
            "x of space_to_depth",
            expected=f"rows and columns that {block} divides",
            got=x.shape,
            fix="Use another block, or pad.",
        )
    return _stack(x, block, known("order of space_to_depth", order, ORDERS))


@space_to_depth.vjp
def space_to_depth_vjp(cotangent: Array, x: Array, *, block: int = 2, order: str = "DCR") -> dict[str, Array]:
    """Spread the channels again, which is a permutation's inverse."""
    del x
    return {"x": _spread(cotangent, block, order)}


@space_to_depth.witness("pixel by pixel, as the formula says")
def space_to_depth_by_pixels(x: Array, *, block: int = 2, order: str = "DCR") -> Array:
    """Copy one number after the other."""
    n, channels, u, v = x.shape
    result = np.zeros((n, channels * block * block, u // block, v // block))
    for m, c, i, j in np.ndindex(x.shape):
        place = (i % block) * block + j % block
        target = place * channels + c if order == "DCR" else c * block * block + place
        result[m, target, i // block, j // block] = x[m, c, i, j]
    return result


space_to_depth.values(
    "worked by hand: the four pixels of one block",
    x=[[[[1.0, 2.0], [3.0, 4.0]]]],
    expected=[[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]],
)
space_to_depth.values(
    "worked by hand: two channels, place by place",
    x=[[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]],
    expected=[[[[1.0]], [[5.0]], [[2.0]], [[6.0]], [[3.0]], [[7.0]], [[4.0]], [[8.0]]]],
)

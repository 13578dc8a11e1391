"""TensorFlow's borders, windows and blocks; images have their channels last."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy

tf = Lazy("tensorflow")

Pair = tuple[int, int]

_WITHOUT_CHANNELS = ((0, 0),)


def _pad(x: Any, *, paddings: Any, mode: str, constant_values: float) -> Any:
    if mode != "edge":
        return tf.pad(x, paddings, mode=mode, constant_values=constant_values)
    # tf.pad repeats no edge: it is gathered.
    for axis, (before, after) in enumerate(paddings):
        size = x.shape[axis]
        x = tf.gather(x, tf.clip_by_value(tf.range(-before, size + after), 0, size - 1), axis=axis)
    return x


def _unfold(x: Any, *, window: Pair, stride: Pair, dilation: Pair, padding: Pair) -> Any:
    # Its own paddings are VALID and SAME.
    padded = tf.pad(x, [[0, 0], [padding[0]] * 2, [padding[1]] * 2, [0, 0]])
    return tf.image.extract_patches(padded, [1, *window, 1], [1, *stride, 1], [1, *dilation, 1], "VALID")


def _depth_to_space(x: Any, *, block: int, order: str) -> Any:
    if order == "DCR":
        return tf.nn.depth_to_space(x, block)
    n, h, w, d = x.shape
    c = d // block**2
    parted = tf.transpose(tf.reshape(x, (n, h, w, c, block, block)), (0, 1, 4, 2, 5, 3))
    return tf.reshape(parted, (n, h * block, w * block, c))


def _space_to_depth(x: Any, *, block: int, order: str) -> Any:
    if order == "DCR":
        return tf.nn.space_to_depth(x, block)
    n, u, v, c = x.shape
    parted = tf.transpose(tf.reshape(x, (n, u // block, block, v // block, block, c)), (0, 1, 3, 5, 2, 4))
    return tf.reshape(parted, (n, u // block, v // block, c * block**2))


def _paddings(context: Context) -> tuple[Pair, ...]:
    return (*_WITHOUT_CHANNELS, *context.parameters["border"], *_WITHOUT_CHANNELS)


def _frame(x: Any, *, size: int, step: int, pad_end: bool) -> Any:
    return tf.signal.frame(x, size, step, pad_end=pad_end, axis=1)


sliding_windows = binding(
    _frame,
    docs="https://www.tensorflow.org/api_docs/python/tf/signal/frame",
    conventions={
        "place of the new axis": "behind the windows' axis",
        "remainder": "dropped; pad_end=True: zeros",
        "default axis": "-1",
    },
)
pad = binding(
    _pad,
    docs="https://www.tensorflow.org/api_docs/python/tf/pad",
    x="n h w c",
    output="n i j c",
    rename={"border": None, "value": "constant_values"},
    recode={"paddings": _paddings},
    conventions={
        "order of the amounts": "first axis first, a pair for every axis",
        "edge once": "REFLECT",
        "edge twice": "SYMMETRIC",
        "edge repeated": "none",
    },
)
unfold = binding(
    _unfold,
    docs="https://www.tensorflow.org/api_docs/python/tf/image/extract_patches",
    x="n h w c",
    output="n i j (p q c)",
    conventions={
        "order in a patch": "p q c: the channel fastest",
        "place of the windows": "two axes, i j",
        "padding": "VALID or SAME",
    },
)
depth_to_space = binding(
    _depth_to_space,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/depth_to_space",
    x="n h w d",
    output="n i j c",
    conventions={"order of its own": "DCR"},
)
space_to_depth = binding(
    _space_to_depth,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/space_to_depth",
    x="n u v c",
    output="n i j d",
    conventions={"order of its own": "DCR"},
)

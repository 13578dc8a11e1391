"""TensorFlow's way to layers that see an image through windows: channels last, as Keras 2 had them."""

from __future__ import annotations

from typing import Any

from equivalence.binding import Context, binding
from equivalence.lazy import Lazy
from equivalence_adapters.padding import Border, convolution_border
from equivalence_adapters.tensorflow.linear import finish, nin_layer

tf = Lazy("tensorflow")


def _border(context: Context) -> Border:
    return convolution_border(Context({**context.parameters, "dilation": (1, 1)}, context.sizes))


def _mlpconv(
    x: Any,
    kernel: Any,
    hidden: Any,
    weight: Any,
    *biases: Any,
    stride: tuple[int, int],
    padding: Border,
    activation: str,
) -> Any:
    first, second, third = biases or (None, None, None)
    padded = tf.pad(x, ((0, 0), *padding, (0, 0)))
    output = finish(tf.nn.conv2d(padded, kernel, strides=stride, padding="VALID"), first, activation)
    output = nin_layer(output, hidden, second, activation=activation)
    return nin_layer(output, weight, third, activation=activation)


mlpconv = binding(
    _mlpconv,
    docs="https://www.tensorflow.org/api_docs/python/tf/nn/conv2d",
    recode={"padding": _border},
    x="n h w c",
    kernel="p q c m",
    hidden="m k",
    weight="k o",
    output="n i j o",
    conventions={
        "1x1 layers": "tf.nn.conv2d with a kernel 1 1 c o, or a matrix c o",
        "default activation": "none",
        "default padding": "none: VALID, SAME or numbers",
    },
)

_LOCAL = {
    "default activation": "none",
    "bias": "one for each place and filter",
    "padding": "valid; same in implementations 2 and 3 of the layer",
    "still there": "no: tf.keras.layers had it up to 2.15",
}


def _locally_connected1d(x: Any, weight: Any, bias: Any = None, *, stride: int, kernel: int) -> Any:
    # As Keras 2 did it: the windows side by side, each flattened in the order q c.
    starts = range(0, x.shape[1] - kernel + 1, stride)
    seen = tf.stack([tf.reshape(x[:, start : start + kernel], (x.shape[0], -1)) for start in starts], axis=1)
    return finish(tf.einsum("njf,jfo->njo", seen, weight), bias, "linear")


locally_connected1d = binding(
    _locally_connected1d,
    docs="https://www.tensorflow.org/versions/r2.13/api_docs/python/tf/keras/layers/LocallyConnected1D",
    recode={"kernel": lambda context: context.sizes["q"]},
    x="n w c",
    weight="j (q c) o",
    bias="j o",
    output="n j o",
    conventions=_LOCAL,
)


def _locally_connected2d(
    x: Any, weight: Any, bias: Any = None, *, stride: tuple[int, int], kernel: tuple[int, int]
) -> Any:
    windows = tf.image.extract_patches(x, (1, *kernel, 1), (1, *stride, 1), (1, 1, 1, 1), "VALID")
    count, rows, columns, features = windows.shape
    flat = tf.reshape(windows, (count, rows * columns, features))
    output = tf.reshape(tf.einsum("nlf,lfo->nlo", flat, weight), (count, rows, columns, -1))
    return finish(output, bias, "linear")


locally_connected2d = binding(
    _locally_connected2d,
    docs="https://www.tensorflow.org/versions/r2.13/api_docs/python/tf/keras/layers/LocallyConnected2D",
    recode={"kernel": lambda context: (context.sizes["p"], context.sizes["q"])},
    x="n h w c",
    weight="(i j) (p q c) o",
    bias="i j o",
    output="n i j o",
    conventions=_LOCAL,
)

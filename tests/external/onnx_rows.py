"""How ONNX operators are computed by our operations: a row for each, and functions that translate attributes."""

import math
from dataclasses import dataclass

import numpy as np
from onnx import numpy_helper


def borders(attributes, rank):
    """ONNX writes all beginnings, then all ends; we write a pair for each axis."""
    pads = attributes.get("pads", [0] * 2 * rank)
    return tuple(zip(pads[:rank], pads[rank:], strict=True))


def sliding(attributes, rank):
    return {"stride": tuple(attributes.get("strides", [1] * rank)), "padding": borders(attributes, rank)}


def convolution(name, extra=()):
    def compute(call, attributes, x, weight, bias=None):
        rank = x.ndim - 2
        assert tuple(attributes["kernel_shape"]) == weight.shape[2:]
        settings = sliding(attributes, rank)
        settings |= {key: tuple(attributes[key]) for key in extra if key in attributes}
        settings |= {"dilation": tuple(attributes.get("dilations", [1] * rank)), "groups": attributes.get("group", 1)}
        return call(f"{name}{rank}d", x, weight, bias, **settings)

    return compute


def pooling(name):
    def compute(call, attributes, x):
        rank = x.ndim - 2
        settings = sliding(attributes, rank)
        if any(step != 1 for step in attributes.get("dilations", [])):
            settings["dilation"] = tuple(attributes["dilations"])
        return call(f"{name}{rank}d", x, window=tuple(attributes["kernel_shape"]), **settings)

    return compute


def batch_normalization(call, attributes, x, scale, shift, mean, variance):
    assert attributes["is_test"] == 1
    return call("batch_norm", x, mean, variance, scale, shift, epsilon=attributes["epsilon"])


def gemm(call, attributes, a, b, c):
    assert attributes.get("alpha", 1) == 1
    c = c * attributes.get("beta", 1)
    if attributes.get("transB"):
        return call("dense", a, b, c)
    return call("matmul", a, b) + c


def exponentials(name):
    def compute(call, attributes, x):
        """Until version 13 the axes from ``axis`` on are one."""
        axis = attributes.get("axis", 1) % x.ndim
        return call(name, x.reshape(math.prod(x.shape[:axis]), -1), axis=-1).reshape(x.shape)

    return compute


def prelu(call, attributes, x, slope):
    return call("prelu", x, np.broadcast_to(slope.reshape(-1), x.shape[1:2]))


def pad(call, attributes, x):
    border = borders(attributes, 4)
    assert border[:2] == ((0, 0), (0, 0))
    return call("pad", x, border=border[2:], mode=attributes["mode"].decode(), value=attributes.get("value", 0.0))


def gather(call, attributes, weight, indices):
    looked_up = call("embedding", indices, weight)
    np.testing.assert_array_equal(call("gather", weight, indices, axis=0), looked_up)
    return looked_up


def merged(name, function):
    def compute(call, attributes, *arrays):
        """Ours for equal shapes, else NumPy; until version 7 ``axis`` says where the second one's axes lie."""
        if len({array.shape for array in arrays}) == 1:
            return call(name, *arrays)
        first, second = arrays
        if "axis" in attributes:
            second = second.reshape(second.shape + (1,) * (first.ndim - second.ndim - attributes["axis"]))
        return function(first, second)

    return compute


def concatenation(call, attributes, *arrays):
    joined = call("concatenate", *(np.swapaxes(array, 1, attributes["axis"]) for array in arrays))
    return np.swapaxes(joined, 1, attributes["axis"])


def reduction(name):
    def compute(call, attributes, x):
        return call(name, x, axes=tuple(attributes["axes"]), keepdims=bool(attributes["keepdims"]))

    return compute


def flatten(call, attributes, x):
    assert attributes["axis"] == 1
    return call("flatten", x) if x.ndim > 1 else x.reshape(-1, 1)


def split(call, attributes, x):
    sizes = attributes.get("split", [x.shape[attributes["axis"]] // 2] * 2)
    return np.split(x, np.cumsum(sizes)[:-1], attributes["axis"])


def unsqueeze(call, attributes, x):
    (axis,) = attributes["axes"]
    return call("expand_dims", x, axis=axis)


def slices(call, attributes, x):
    for axis, start, end in zip(attributes["axes"], attributes["starts"], attributes["ends"], strict=True):
        x = np.take(x, range(start, end), axis)
    return x


@dataclass(frozen=True)
class Row:
    """How one ONNX operator is computed, and which of its attributes that heeds."""

    compute: object
    attributes: str = ""


def ours(name, **attributes):
    """A row for an operation with the same arguments; ``ours_name="onnx_name"`` for each parameter."""
    return Row(
        lambda call, given, *x: call(name, *x, **{key: given[theirs] for key, theirs in attributes.items()}),
        " ".join(attributes.values()),
    )


def glue(function, attributes=""):
    """A row that NumPy computes."""
    return Row(lambda call, given, *x: function(*x, **given), attributes)


SLIDING = "dilations kernel_shape pads strides"
ROWS = {
    "Abs": ours("absolute"),
    "Add": Row(merged("merge_sum", np.add), "axis broadcast"),
    "AveragePool": Row(pooling("avg_pool"), "kernel_shape pads strides"),
    "BatchNormalization": Row(batch_normalization, "epsilon is_test momentum"),
    "Clip": glue(lambda x, **limits: np.clip(x, limits["min"], limits["max"]), "max min"),
    "Concat": Row(concatenation, "axis"),
    "Constant": Row(lambda call, given: numpy_helper.to_array(given["value"]), "value"),
    "Conv": Row(convolution("conv"), f"{SLIDING} group"),
    "ConvTranspose": Row(convolution("conv_transpose", ["output_padding"]), f"{SLIDING} group output_padding"),
    "Div": glue(np.divide),
    "Elu": ours("elu", alpha="alpha"),
    "Exp": glue(np.exp),
    "Flatten": Row(flatten, "axis"),
    "Gather": Row(gather),
    "Gemm": Row(gemm, "alpha beta broadcast transB"),
    "InstanceNormalization": ours("instance_norm", epsilon="epsilon"),
    "LeakyRelu": ours("leaky_relu", alpha="alpha"),
    "LogSoftmax": Row(exponentials("log_softmax"), "axis"),
    "MatMul": ours("matmul"),
    "Max": Row(merged("merge_max", np.maximum)),
    "MaxPool": Row(pooling("max_pool"), SLIDING),
    "Min": glue(np.minimum),
    "Mul": Row(merged("merge_mul", np.multiply)),
    "Neg": glue(np.negative),
    "PRelu": Row(prelu),
    "Pad": Row(pad, "mode pads value"),
    "Pow": glue(np.power),
    "ReduceMean": Row(reduction("reduce_mean"), "axes keepdims"),
    "ReduceSum": Row(reduction("reduce_sum"), "axes keepdims"),
    "Relu": ours("relu"),
    "Reshape": glue(np.reshape),
    "Selu": ours("selu"),
    "Sigmoid": ours("sigmoid"),
    "Slice": Row(slices, "axes ends starts"),
    "Softmax": Row(exponentials("softmax"), "axis"),
    "Softplus": ours("softplus"),
    "Split": Row(split, "axis split"),
    "Sqrt": glue(np.sqrt),
    "Squeeze": glue(lambda x, axes: np.squeeze(x, tuple(axes)), "axes"),
    "Sub": glue(np.subtract),
    "Sum": Row(merged("merge_sum", np.add)),
    "Tanh": ours("tanh"),
    "Tile": Row(lambda call, given, x, repeats: call("tile", x, multiples=tuple(repeats.tolist()))),
    "Transpose": Row(lambda call, given, x: call("permute_dimensions", x, axes=tuple(given["perm"])), "perm"),
    "Unsqueeze": Row(unsqueeze, "axes"),
}


def depthwise(steps=(1, 1), border=((0, 0), (0, 0))):
    def compute(call, x, weight, bias):
        filters = weight.reshape(x.shape[1], -1, *weight.shape[2:])
        y = call("depthwise_conv2d", x, filters, bias.reshape(filters.shape[:2]), stride=steps, padding=border)
        return y.reshape(y.shape[0], -1, *y.shape[3:])

    return compute


WHOLE = {
    "test_PixelShuffle": lambda call, x: call("depth_to_space", x, block=3, order="CRD"),
    "test_Softsign": lambda call, x: call("softsign", x),
    "test_Linear_no_bias": lambda call, x, weight: call("dense", x, weight),
    "test_Conv2d_depthwise": depthwise(),
    "test_Conv2d_depthwise_padded": depthwise(border=((1, 1), (1, 1))),
    "test_Conv2d_depthwise_strided": depthwise(steps=(2, 2)),
    "test_Conv2d_depthwise_with_multiplier": depthwise(),
}
"""Graphs that are one operation of ours as a whole."""

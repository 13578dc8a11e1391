"""Unrecorded porting faults of convolutions."""

from equivalence import Layer, Port

FIRST = {"x": "n c h w", "weight": "o c p q"}
LAST = {"x": "n h w c", "weight": "p q c o"}
KERNEL = {"o": "o", "p": "p", "q": "q"}


def torch_valid_conv(x, weight):
    import torch.nn.functional as F

    return F.conv2d(x, weight)


def numpy_mirrored_windows(x, weight):
    """It reads each window from right to left."""
    import numpy as np

    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[:2], axis=(1, 2))
    return np.einsum("nijcpq,pqco->nijo", windows[..., ::-1], weight)


flipped_in_width = Port(
    name="kernel-flipped-in-width-alone",
    original=Layer("torch", torch_valid_conv, inputs=FIRST, output="n o i j"),
    ported=Layer("numpy", numpy_mirrored_windows, inputs=LAST, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
)


def keras_causal(x, weight, bias):
    import keras
    import tensorflow as tf

    past = weight.shape[0] - 1
    return keras.ops.conv(tf.pad(x, [[0, 0], [past, 0], [0, 0]]), weight, padding="valid") + bias


def torch_same(x, weight, bias):
    import torch.nn.functional as F

    return F.conv1d(x, weight, bias, padding="same")


causal = Port(
    name="causal-convolution-sees-the-future",
    original=Layer("keras", keras_causal, inputs={"x": "n w c", "weight": "q c o", "bias": "o"}, output="n j o"),
    ported=Layer("torch", torch_same, inputs={"x": "n c w", "weight": "o c q", "bias": "o"}, output="n o j"),
    operation="conv1d",
    sizes={"q": 3},
    parameters={"padding": ((2, 0),)},
    axes={"o": "o", "q": "q"},
)


def tf_strided(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=(2, 1), padding="VALID")


def torch_strides_as_width_height(x, weight):
    import torch.nn.functional as F

    return F.conv2d(x, weight, stride=(1, 2))


strides = Port(
    name="strides-of-height-and-width-swapped",
    original=Layer("tensorflow", tf_strided, inputs=LAST, output="n i j o"),
    ported=Layer("torch", torch_strides_as_width_height, inputs=FIRST, output="n o i j"),
    sizes={"h": [8, 9], "w": 7, "p": 3, "q": 3},
)


def caffe_holes(x, weight):
    """On PyTorch: DeepLab's layer with hole: 2."""
    import torch.nn.functional as F

    return F.conv2d(x, weight, dilation=2, padding=2)


def tf_holes_between_taps(x, weight):
    """It takes the hole for the number of pixels left out."""
    import tensorflow as tf

    hole = 2
    return tf.nn.conv2d(x, weight, strides=1, padding="SAME", dilations=hole + 1)


holes = Port(
    name="hole-taken-for-pixels-left-out",
    original=Layer("torch", caffe_holes, inputs=FIRST, output="n o i j"),
    ported=Layer("tensorflow", tf_holes_between_taps, inputs=LAST, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
    parameters={"padding": ((2, 2), (2, 2)), "dilation": (2, 2)},
)


def torch_grouped(x, weight):
    import torch.nn.functional as F

    return F.conv2d(x, weight, padding=1, groups=2)


def keras_kernel_tiled(x, weight):
    """Without groups, the kernel was tiled until it fitted."""
    import keras

    return keras.ops.conv(x, keras.ops.tile(weight, (1, 1, 2, 1)), padding="same")


groups = Port(
    name="grouped-kernel-tiled-over-all-channels",
    original=Layer("torch", torch_grouped, inputs={"x": "n c h w", "weight": "o k p q"}, output="n o i j"),
    ported=Layer("keras", keras_kernel_tiled, inputs={"x": "n h w c", "weight": "p q k o"}, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 3, "c": "2*k", "o": 4},
    parameters={"padding": ((1, 1), (1, 1)), "groups": 2},
)


def torch_reflecting_conv(sizes):
    import torch

    return torch.nn.Conv2d(sizes["c"], sizes["o"], 3, padding=1, padding_mode="reflect")


def torch_replicating_conv(sizes):
    import torch

    return torch.nn.Conv2d(sizes["c"], sizes["o"], 3, padding=1, padding_mode="replicate")


PADDED = {
    "inputs": {"input": "n c h w"},
    "parameters": {"weight": "o c p q", "bias": "o"},
    "output": "n o i j",
}

reflected = Port(
    name="reflect-padding-as-replicate",
    original=Layer("torch", torch_reflecting_conv, **PADDED),
    ported=Layer("torch", torch_replicating_conv, **PADDED),
    sizes={"p": 3, "q": 3},
)


def theano_true_conv(x, weight, bias):
    from theano.tensor.nnet import conv2d

    return conv2d(x, weight, border_mode="valid") + bias.dimshuffle("x", 0, "x", "x")


def tf_conv_without_bias(x, weight, bias):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=1, padding="VALID")


# Two faults: the kernel is not flipped, and the bias is missing.
unbiased = Port(
    name="true-convolution-correlated-without-bias",
    original=Layer("theano", theano_true_conv, inputs={**FIRST, "bias": "o"}, output="n o i j"),
    ported=Layer("tensorflow", tf_conv_without_bias, inputs={**LAST, "bias": "o"}, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 2},
    parameters={"flip_kernel": True},
)


def torch_upconv(x, weight, bias):
    import torch.nn.functional as F

    return F.conv_transpose2d(x, weight, bias, stride=2, padding=1, output_padding=1)


def tf_upconv_padded_afterwards(x, weight, bias):
    import tensorflow as tf

    n, h, w, _ = x.shape
    full = tf.nn.conv2d_transpose(x, weight, [n, 2 * h + 1, 2 * w + 1, weight.shape[2]], strides=2, padding="VALID")
    y = full[:, 1:-1, 1:-1] + bias
    return tf.pad(y, [[0, 0], [0, 1], [0, 1], [0, 0]])


output_padding = Port(
    name="output-padding-filled-with-zeros",
    original=Layer("torch", torch_upconv, inputs={"x": "n c h w", "weight": "c o p q", "bias": "o"}, output="n o i j"),
    ported=Layer(
        "tensorflow",
        tf_upconv_padded_afterwards,
        inputs={"x": "n h w c", "weight": "p q o c", "bias": "o"},
        output="n i j o",
    ),
    operation="conv_transpose2d",
    sizes={"p": 3, "q": 3},
    parameters={"stride": (2, 2), "padding": ((1, 1), (1, 1)), "output_padding": (1, 1)},
)

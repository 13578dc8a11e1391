"""Recorded porting faults of transposed convolution: which side is cropped, the output's size, weight layouts."""

from equivalence import Layer, Port

FIRST = {"x": "n c h w", "weight": "c o p q"}
LAST = {"x": "n h w c", "weight": "p q o c"}
KERNEL = {"o": "o", "p": "p", "q": "q"}


def tf_deconv_same(x, weight):
    import tensorflow as tf

    n, h, w, _ = x.shape
    return tf.nn.conv2d_transpose(x, weight, [n, 2 * h, 2 * w, weight.shape[2]], strides=2, padding="SAME")


def torch_output_padding(x, weight):
    from torch.nn import functional

    return functional.conv_transpose2d(x, weight, stride=2, padding=1, output_padding=1)


crop_offset = Port(
    original=Layer("tensorflow", tf_deconv_same, inputs=LAST, output="n i j o"),
    ported=Layer("torch", torch_output_padding, inputs=FIRST, output="n o i j"),
    operation="conv_transpose2d",
    sizes={"p": 3, "q": 3},
    parameters={"stride": (2, 2), "padding": "same_upper"},
    axes=KERNEL,
    name="deconv-same-crop-offset",
)


def tf_deconv_to_25(x, weight):
    """The decoder's layer that undoes the encoder's step from 25 to 13 pixels."""
    import tensorflow as tf

    return tf.nn.conv2d_transpose(x, weight, [x.shape[0], 25, 25, weight.shape[2]], strides=2, padding="SAME")


def keras_deconv_same(x, weight):
    import keras

    return keras.ops.conv_transpose(x, weight, strides=2, padding="same")


output_shape = Port(
    original=Layer("tensorflow", tf_deconv_to_25, inputs=LAST, output="n i j o"),
    ported=Layer("keras", keras_deconv_same, inputs=LAST, output="n i j o"),
    operation="conv_transpose2d",
    sizes={"h": 13, "w": 13, "p": 3, "q": 3},
    parameters={"stride": (2, 2), "padding": "same_upper", "output_shape": (25, 25)},
    axes=KERNEL,
    name="deconv-output-shape-ambiguity",
)


def torch_deconv(x, weight):
    """The generator's layer of a DCGAN."""
    from torch.nn import functional

    return functional.conv_transpose2d(x, weight, stride=2, padding=1)


def tf_padded_input(x, weight):
    import tensorflow as tf

    n, h, w, _ = x.shape
    k = weight.shape[0]
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    full = [n, (h + 1) * 2 + k, (w + 1) * 2 + k, weight.shape[2]]
    y = tf.nn.conv2d_transpose(x, weight, full, strides=2, padding="VALID")
    return y[:, : (h - 1) * 2 - 2 + k, : (w - 1) * 2 - 2 + k]


padding_of_input = Port(
    original=Layer("torch", torch_deconv, inputs=FIRST, output="n o i j"),
    ported=Layer("tensorflow", tf_padded_input, inputs=LAST, output="n i j o"),
    operation="conv_transpose2d",
    sizes={"p": 4, "q": 4},
    parameters={"stride": (2, 2), "padding": ((1, 1), (1, 1))},
    name="deconv-padding-as-input-padding",
)


def tf_kernel_read_as_oihw(x, weight):
    """It is given PyTorch's kernel."""
    import tensorflow as tf

    weight = tf.transpose(weight, [2, 3, 0, 1])
    n, h, w, _ = x.shape
    return tf.nn.conv2d_transpose(x, weight, [n, 2 * h, 2 * w, weight.shape[2]], strides=2, padding="SAME")


channels_swapped = Port(
    original=Layer("torch", torch_deconv, inputs=FIRST, output="n o i j"),
    ported=Layer("tensorflow", tf_kernel_read_as_oihw, inputs={"x": "n h w c", "weight": "c o p q"}, output="n i j o"),
    operation="conv_transpose2d",
    sizes={"p": 4, "q": 4, "o": "c"},
    parameters={"stride": (2, 2), "padding": ((1, 1), (1, 1))},
    name="deconv-in-out-channels-swapped",
)


def torch_deconv_valid(x, weight):
    from torch.nn import functional

    return functional.conv_transpose2d(x, weight, stride=2)


def np_conv_transpose(x, weight):
    """What jax.lax.conv_transpose does by default: spread the pixels out, pad, correlate with the kernel as it is."""
    import numpy as np

    n, h, w, c = x.shape
    p, q = weight.shape[:2]
    spread = np.zeros((n, 2 * h - 1, 2 * w - 1, c), x.dtype)
    spread[:, ::2, ::2] = x
    spread = np.pad(spread, ((0, 0), (p - 1, p - 1), (q - 1, q - 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(spread, (p, q), axis=(1, 2))
    return np.einsum("nijcpq,pqco->nijo", windows, weight)


kernel_flip = Port(
    original=Layer("torch", torch_deconv_valid, inputs=FIRST, output="n o i j"),
    ported=Layer("numpy", np_conv_transpose, inputs={"x": "n h w c", "weight": "p q c o"}, output="n i j o"),
    operation="conv_transpose2d",
    sizes={"p": 3, "q": 3},
    parameters={"stride": (2, 2)},
    name="deconv-kernel-flip-jax",
)

"""Recorded porting faults of convolution: padding, flipped kernels, weight layouts, groups and dilation."""

from equivalence import Layer, Port

FIRST = {"x": "n c h w", "weight": "o c p q"}
LAST = {"x": "n h w c", "weight": "p q c o"}
KERNEL = {"o": "o", "p": "p", "q": "q"}


def torch_stem(x, weight):
    """The first layer of a ResNet."""
    from torch.nn import functional

    return functional.conv2d(x, weight, stride=2, padding=3)


def tf_stem_same(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=2, padding="SAME")


explicit_as_same = Port(
    original=Layer("torch", torch_stem, inputs=FIRST, output="n o i j"),
    ported=Layer("tensorflow", tf_stem_same, inputs=LAST, output="n i j o"),
    operation="conv2d",
    sizes={"p": 7, "q": 7},
    parameters={"stride": (2, 2), "padding": ((3, 3), (3, 3))},
    name="conv-explicit-pad-then-valid-ported-as-same",
)


def tf_same_stride2(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=2, padding="SAME")


def torch_symmetric_padding(x, weight):
    from torch.nn import functional

    return functional.conv2d(x, weight, stride=2, padding=weight.shape[-1] // 2)


same_stride2 = Port(
    original=Layer("tensorflow", tf_same_stride2, inputs=LAST, output="n i j o"),
    ported=Layer("torch", torch_symmetric_padding, inputs=FIRST, output="n o i j"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
    parameters={"stride": (2, 2), "padding": "same_upper"},
    axes=KERNEL,
    name="conv-same-stride2-symmetric-pad",
)


def theano_conv(x, weight):
    """Lasagne's Conv2DLayer, which flips its filters."""
    from theano.tensor.nnet import conv2d

    return conv2d(x, weight, border_mode=(1, 1), subsample=(1, 1), filter_flip=True)


def torch_not_flipped(x, weight):
    from torch.nn import functional

    return functional.conv2d(x, weight, padding=1)


not_flipped = Port(
    original=Layer("theano", theano_conv, inputs=FIRST, output="n o i j"),
    ported=Layer("torch", torch_not_flipped, inputs=FIRST, output="n o i j"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
    parameters={"padding": ((1, 1), (1, 1)), "flip_kernel": True},
    name="conv-kernel-not-flipped",
)


def theano_dnn_conv(x, weight):
    """Lasagne's Conv2DDNNLayer, which does not flip its filters."""
    from theano.tensor.nnet import conv2d

    return conv2d(x, weight, border_mode=(1, 1), filter_flip=False)


def tf_flipped_as_always(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight[::-1, ::-1], strides=1, padding="SAME")


flipped_twice = Port(
    original=Layer("theano", theano_dnn_conv, inputs=FIRST, output="n o i j"),
    ported=Layer("tensorflow", tf_flipped_as_always, inputs=LAST, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
    parameters={"padding": ((1, 1), (1, 1))},
    name="conv-kernel-flipped-twice",
)


def torch_same_conv(x, weight):
    from torch.nn import functional

    return functional.conv2d(x, weight, padding="same")


def tf_reshaped_kernel(x, weight):
    """It is given PyTorch's kernel."""
    import tensorflow as tf

    o, c, p, q = weight.shape
    return tf.nn.conv2d(x, tf.reshape(weight, [p, q, c, o]), strides=1, padding="SAME")


kernel_reshaped = Port(
    original=Layer("torch", torch_same_conv, inputs=FIRST, output="n o i j"),
    ported=Layer("tensorflow", tf_reshaped_kernel, inputs={"x": "n h w c", "weight": "o c p q"}, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
    parameters={"padding": "same_upper"},
    name="conv-kernel-reshape-instead-of-transpose",
)


def tf_atrous(x, weight):
    import tensorflow as tf

    return tf.nn.atrous_conv2d(x, weight, rate=2, padding="SAME")


def torch_padding_of_undilated_kernel(x, weight):
    from torch.nn import functional

    kernel_size = weight.shape[-1]
    return functional.conv2d(x, weight, padding=(kernel_size - 1) // 2, dilation=2)


dilation_ignored = Port(
    original=Layer("tensorflow", tf_atrous, inputs=LAST, output="n i j o"),
    ported=Layer("torch", torch_padding_of_undilated_kernel, inputs=FIRST, output="n o i j"),
    operation="conv2d",
    sizes={"p": 3, "q": 3},
    parameters={"padding": "same_upper", "dilation": (2, 2)},
    axes=KERNEL,
    name="conv-dilation-ignored-in-padding",
)


def tf_even_kernel(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=1, padding="SAME")


def torch_half_then_cropped(x, weight):
    from torch.nn import functional

    y = functional.conv2d(x, weight, padding=(weight.shape[2] // 2, weight.shape[3] // 2))
    return y[:, :, :-1, :-1]


even_kernel = Port(
    original=Layer("tensorflow", tf_even_kernel, inputs=LAST, output="n i j o"),
    ported=Layer("torch", torch_half_then_cropped, inputs=FIRST, output="n o i j"),
    operation="conv2d",
    sizes={"p": 4, "q": 4},
    parameters={"padding": "same_upper"},
    axes=KERNEL,
    name="conv-even-kernel-half-pad-crop-end",
)


def torch_grouped(x, weight):
    """The second layer of AlexNet."""
    from torch.nn import functional

    return functional.conv2d(x, weight, padding=2, groups=2)


def tf_interleaved_groups(x, weight):
    import tensorflow as tf

    groups = 2
    kernels = tf.split(weight, groups, axis=-1)
    outputs = [tf.nn.conv2d(x[..., g::groups], kernels[g], strides=1, padding="SAME") for g in range(groups)]
    return tf.concat(outputs, axis=-1)


groups = Port(
    original=Layer("torch", torch_grouped, inputs={"x": "n c h w", "weight": "o k p q"}, output="n o i j"),
    ported=Layer("tensorflow", tf_interleaved_groups, inputs={"x": "n h w c", "weight": "p q k o"}, output="n i j o"),
    operation="conv2d",
    sizes={"p": 5, "q": 5, "c": "2*k", "o": 4},
    parameters={"padding": ((2, 2), (2, 2)), "groups": 2},
    name="conv-groups-lost-or-interleaved",
)

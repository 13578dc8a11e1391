"""Convolutions, written differently and right."""

from equivalence import Layer, Port

IMAGES = {"torch": "n c h w", "tensorflow": "n h w c"}
FILTERS = {"torch": "o c p q", "tensorflow": "p q c o"}
RESULTS = {"torch": "n o i j", "tensorflow": "n i j o"}


def conv(framework, function):
    """A layer of images and filters in the framework's usual layouts."""
    return Layer(
        framework,
        function,
        inputs={"x": IMAGES[framework], "weight": FILTERS[framework]},
        output=RESULTS[framework],
    )


def torch_conv(x, weight, stride=(1, 1), dilation=(1, 1)):
    import torch.nn.functional as F

    return F.conv2d(x, weight, stride=stride, dilation=dilation)


def tf_conv(x, weight, stride=(1, 1)):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=stride, padding="VALID")


def tf_pointwise_by_matmul(x, weight):
    import tensorflow as tf

    return tf.tensordot(x, weight[0, 0], axes=1)


pointwise_as_matmul = Port(
    original=conv("torch", torch_conv),
    ported=conv("tensorflow", tf_pointwise_by_matmul),
    operation="conv2d",
    sizes={"p": 1, "q": 1},
)


def torch_conv_by_unfold(x, weight, stride):
    import torch.nn.functional as F

    filters, _, height, width = weight.shape
    patches = F.unfold(x, (height, width), stride=stride)
    rows = (x.shape[2] - height) // stride[0] + 1
    return (weight.flatten(1) @ patches).unflatten(-1, (rows, -1)).reshape(len(x), filters, rows, -1)


convolution_by_unfold = Port(
    original=conv("tensorflow", tf_conv),
    ported=conv("torch", torch_conv_by_unfold),
    operation="conv2d",
    sizes={"h": 7, "w": 6, "p": 3, "q": 2},
    parameters={"stride": (2, 1)},
)


def torch_conv_by_fourier(x, weight):
    import torch

    size = [x.shape[k] + weight.shape[k] - 1 for k in (2, 3)]
    spectrum = torch.fft.rfft2(x, s=size)[:, None] * torch.fft.rfft2(weight.flip(2, 3), s=size)
    full = torch.fft.irfft2(spectrum.sum(dim=2), s=size)
    rows, columns = weight.shape[2] - 1, weight.shape[3] - 1
    return full[:, :, rows : x.shape[2], columns : x.shape[3]]


convolution_by_fourier = Port(
    original=conv("tensorflow", tf_conv),
    ported=conv("torch", torch_conv_by_fourier),
    sizes={"h": [7, 9], "w": 8, "p": 3, "q": 2},
)


def theano_conv_of_flipped_filters(x, weight):
    import theano.tensor as T

    return T.nnet.conv2d(x, weight[:, :, ::-1, ::-1], border_mode="valid", filter_flip=True)


theano_filters_flipped_back = Port(
    original=Layer(
        "theano", theano_conv_of_flipped_filters, inputs={"x": "n c h w", "weight": "o c p q"}, output="n o i j"
    ),
    ported=conv("tensorflow", tf_conv),
    operation="conv2d",
    sizes={"h": 6, "w": 5, "p": 3, "q": 2},
)


def torch_conv_transpose(x, weight):
    import torch.nn.functional as F

    return F.conv_transpose2d(x, weight, stride=2)


def tf_gradient_of_conv(x, weight):
    import tensorflow as tf

    batch, height, width, _ = x.shape
    rows, columns, features, _ = weight.shape
    images = tf.zeros([batch, 2 * (height - 1) + rows, 2 * (width - 1) + columns, features], x.dtype)
    with tf.GradientTape() as tape:
        tape.watch(images)
        convolved = tf.nn.conv2d(images, weight, strides=2, padding="VALID")
    return tape.gradient(convolved, images, output_gradients=x)


transposed_convolution_as_gradient = Port(
    original=Layer("torch", torch_conv_transpose, inputs={"x": "n o h w", "weight": "o c p q"}, output="n c i j"),
    ported=Layer("tensorflow", tf_gradient_of_conv, inputs={"x": "n h w o", "weight": "p q c o"}, output="n i j c"),
    sizes={"p": 3, "q": 2},
)


def tf_depthwise(x, weight):
    import tensorflow as tf

    return tf.nn.depthwise_conv2d(x, weight, strides=[1, 1, 1, 1], padding="VALID")


def torch_depthwise_as_groups(x, weight):
    import torch.nn.functional as F

    return F.conv2d(x, weight.flatten(0, 1)[:, None], groups=x.shape[1])


depthwise_as_groups = Port(
    original=Layer("tensorflow", tf_depthwise, inputs={"x": "n h w c", "weight": "p q c m"}, output="n i j o"),
    ported=Layer("torch", torch_depthwise_as_groups, inputs={"x": "n c h w", "weight": "c m p q"}, output="n o i j"),
    sizes={"h": 6, "w": 5, "p": 3, "q": 2},
)


def tf_same_conv(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=2, padding="SAME")


def torch_padded_then_conv(x, weight):
    import torch.nn.functional as F

    pads = []
    for size, window in zip(x.shape[:1:-1], weight.shape[:1:-1], strict=True):
        total = max((-(-size // 2) - 1) * 2 + window - size, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, stride=2)


same_padding_by_hand = Port(
    original=conv("tensorflow", tf_same_conv),
    ported=conv("torch", torch_padded_then_conv),
    operation="conv2d",
    sizes={"h": [5, 6], "w": [7, 8], "p": 3, "q": 2},
    parameters={"stride": (2, 2), "padding": "same_upper"},
)


def torch_conv_with_padding(x, weight):
    import torch.nn.functional as F

    return F.conv2d(x, weight, padding=(1, 2))


def keras_padded_then_valid(x, weight):
    from keras import ops

    padded = ops.pad(x, ((0, 0), (1, 1), (2, 2), (0, 0)))
    return ops.conv(padded, weight, padding="valid", data_format="channels_last")


padding_then_valid = Port(
    original=conv("torch", torch_conv_with_padding),
    ported=Layer("keras", keras_padded_then_valid, inputs={"x": "n h w c", "weight": "p q c o"}, output="n i j o"),
    operation="conv2d",
    sizes={"p": 3, "q": 5},
    parameters={"padding": ((1, 1), (2, 2))},
)


def tf_conv_of_spread_filters(x, weight, dilation):
    import tensorflow as tf

    rows, columns = (
        tf.one_hot(step * tf.range(count), step * (count - 1) + 1, dtype=weight.dtype)
        for step, count in zip(dilation, weight.shape[:2], strict=True)
    )
    taps = tf.einsum("pqco,pr,qs->rsco", weight, rows, columns)
    return tf.nn.conv2d(x, taps, strides=1, padding="VALID")


dilation_by_spread_filters = Port(
    original=conv("torch", torch_conv),
    ported=conv("tensorflow", tf_conv_of_spread_filters),
    operation="conv2d",
    sizes={"h": 8, "w": 7, "p": 3, "q": 2},
    parameters={"dilation": (2, 3)},
)


def torch_conv1d(x, weight):
    import torch.nn.functional as F

    return F.conv1d(x, weight)


def tf_conv1d_as_flat_image(x, weight):
    import tensorflow as tf

    return tf.nn.conv2d(x[:, None], weight[None], strides=1, padding="VALID")[:, 0]


sequence_as_flat_image = Port(
    original=Layer("torch", torch_conv1d, inputs={"x": "n c t", "weight": "o c k"}, output="n o i"),
    ported=Layer("tensorflow", tf_conv1d_as_flat_image, inputs={"x": "n t c", "weight": "k c o"}, output="n i o"),
    sizes={"t": 7, "k": 3},
)

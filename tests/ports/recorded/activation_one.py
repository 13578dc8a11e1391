"""Recorded porting faults of activations, softmax and dropout."""

from equivalence import Layer, Mask, Port

FEATURES = {"x": "n c"}


def torch_gelu(x):
    from torch.nn import functional

    return functional.gelu(x)


def keras_default_gelu(x):
    import keras

    return keras.ops.gelu(x)


gelu = Port(
    original=Layer("torch", torch_gelu, inputs=FEATURES, output="n c"),
    ported=Layer("keras", keras_default_gelu, inputs=FEATURES, output="n c"),
    operation="gelu",
    name="gelu-tanh-vs-erf",
)


def tf_leaky_relu(x):
    """The slope of Keras's layer."""
    import tensorflow as tf

    return tf.where(x > 0, x, 0.3 * x)


def torch_default_slope(x):
    from torch.nn import functional

    return functional.leaky_relu(x)


leaky_relu = Port(
    original=Layer("tensorflow", tf_leaky_relu, inputs=FEATURES, output="n c"),
    ported=Layer("torch", torch_default_slope, inputs=FEATURES, output="n c"),
    operation="leaky_relu",
    parameters={"alpha": 0.3},
    name="leaky-relu-slope",
)


def theano_hard_sigmoid(x):
    import theano.tensor as tt

    return tt.nnet.hard_sigmoid(x)


def torch_hard_sigmoid(x):
    from torch.nn import functional

    return functional.hardsigmoid(x)


hard_sigmoid = Port(
    original=Layer("theano", theano_hard_sigmoid, inputs=FEATURES, output="n c"),
    ported=Layer("torch", torch_hard_sigmoid, inputs=FEATURES, output="n c"),
    operation="hard_sigmoid",
    parameters={"slope": 0.2},
    name="hard-sigmoid-slope",
)


def tf_relu6(x):
    import tensorflow as tf

    return tf.nn.relu6(x)


def torch_relu(x):
    from torch.nn import functional

    return functional.relu(x)


relu6 = Port(
    original=Layer("tensorflow", tf_relu6, inputs={"x": "n h w c"}, output="n h w c"),
    ported=Layer("torch", torch_relu, inputs={"x": "n c h w"}, output="n c h w"),
    operation="relu6",
    name="relu6-as-relu",
)


def torch_softmax_over_channels(x):
    from torch.nn import functional

    return functional.softmax(x, dim=1)


def tf_default_axis(x):
    """It keeps the images as they were, channels first."""
    import tensorflow as tf

    return tf.nn.softmax(x)


softmax = Port(
    original=Layer("torch", torch_softmax_over_channels, inputs={"x": "n c h w"}, output="n c h w"),
    ported=Layer("tensorflow", tf_default_axis, inputs={"x": "n c h w"}, output="n c h w"),
    operation="softmax",
    parameters={"axis": 1},
    name="softmax-axis",
)


def tf_dropout(x, mask):
    """Dropout of TensorFlow 1 behind its drawing of the mask."""
    import tensorflow as tf

    keep_prob = 0.8
    return x / keep_prob * tf.cast(mask, x.dtype)


def torch_keep_prob_as_rate(x, mask):
    p = 0.8
    return x * mask / (1 - p)


DROPPED = {"x": "n c", "mask": Mask("n c")}

dropout = Port(
    original=Layer("tensorflow", tf_dropout, inputs=DROPPED, output="n c"),
    ported=Layer("torch", torch_keep_prob_as_rate, inputs=DROPPED, output="n c"),
    operation="dropout_with_mask",
    parameters={"rate": 0.2},
    name="dropout-keep-prob-vs-rate",
)

"""Recorded porting faults of activations: overflow, a lost alpha, integers, dropout's scale, and a changed input."""

from equivalence import Integers, Layer, Mask, Port


def tf_block(x, weight):
    import tensorflow as tf

    return x + tf.matmul(tf.nn.relu(x), weight)


def torch_block(x, weight):
    import torch

    relu = torch.nn.ReLU(inplace=True)
    out = relu(x) @ weight
    return x + out


# No operation: the catalogue has no residual block.
inplace_relu_changes_skip = Port(
    name="inplace-relu-changes-skip",
    original=Layer("tensorflow", tf_block, inputs={"x": "n u", "weight": "u u'"}, output="n u'"),
    ported=Layer("torch", torch_block, inputs={"x": "n u", "weight": "u u'"}, output="n u'"),
)


def tf_selu(x):
    import tensorflow as tf

    return tf.nn.selu(x)


def tflearn_selu_without_alpha(x):
    import tensorflow as tf

    scale = 1.0507009873554804934193349852946
    return scale * tf.nn.elu(x)


# TensorFlow on both sides, as TFLearn had it: PyTorch's elu rounds better near 0.
elu_selu_alpha = Port(
    name="elu-selu-alpha",
    original=Layer("tensorflow", tf_selu, inputs={"x": "n c"}, output="n c"),
    ported=Layer("tensorflow", tflearn_selu_without_alpha, inputs={"x": "n c"}, output="n c"),
    operation="selu",
)


def torch_softplus(x):
    import torch.nn.functional as F

    return F.softplus(x)


def tf_naive_softplus(x):
    import tensorflow as tf

    return tf.math.log(1.0 + tf.exp(x))


softplus_overflow_threshold = Port(
    name="softplus-overflow-threshold",
    original=Layer("torch", torch_softplus, inputs={"x": "n c"}, output="n c"),
    ported=Layer("tensorflow", tf_naive_softplus, inputs={"x": "n c"}, output="n c"),
    operation="softplus",
    parameters={"threshold": 20.0},
)


def tf_dropout(x, mask, rate, training):
    import tensorflow as tf

    if not training:
        return x
    return x * tf.cast(mask, x.dtype) / (1.0 - rate)


def torch_dropout_of_the_paper(x, mask, rate, training):
    if not training:
        return x * (1.0 - rate)
    return x * mask


DROPPED = {"x": "n c", "mask": Mask("n c")}

dropout_not_inverted = Port(
    name="dropout-not-inverted",
    original=Layer("tensorflow", tf_dropout, inputs=DROPPED, output="n c"),
    ported=Layer("torch", torch_dropout_of_the_paper, inputs=DROPPED, output="n c"),
    operation="dropout_with_mask",
    parameters={"rate": 0.3, "training": False},
)


def np_hard_sigmoid(x):
    import numpy as np

    return np.clip(x / 6.0 + 0.5, 0.0, 1.0)


def np_hard_sigmoid_in_the_dtype_of_x(x):
    """As Keras's NumPy backend had it: constants in the dtype of the input."""
    import numpy as np

    x = np.asarray(x)
    half = np.array(0.5, x.dtype)
    return np.clip(x / np.array(6, x.dtype) + half, 0.0, 1.0)


WHOLE = {"x": Integers("n c", low=-6, below=7)}

integer_constant_cast = Port(
    name="dtype-integer-constant-cast",
    original=Layer("numpy", np_hard_sigmoid, inputs=WHOLE, output="n c"),
    ported=Layer("numpy", np_hard_sigmoid_in_the_dtype_of_x, inputs=WHOLE, output="n c"),
    operation="hard_sigmoid",
)

"""Elementwise functions and softmax, written differently and right."""

from equivalence import Layer, Port

TABLE = {"x": "n c"}


def layer(framework, function):
    return Layer(framework, function, inputs=TABLE, output="n c")


def torch_gelu(x):
    import torch.nn.functional as F

    return F.gelu(x)


def tf_gelu_by_erfc(x):
    import tensorflow as tf

    return 0.5 * x * tf.math.erfc(-x / tf.sqrt(tf.constant(2.0, x.dtype)))


gelu_by_erfc = Port(original=layer("torch", torch_gelu), ported=layer("tensorflow", tf_gelu_by_erfc), operation="gelu")


def tf_sigmoid(x):
    import tensorflow as tf

    return tf.sigmoid(x)


def torch_sigmoid_by_tanh(x):
    return 0.5 + 0.5 * (0.5 * x).tanh()


sigmoid_by_tanh = Port(original=layer("tensorflow", tf_sigmoid), ported=layer("torch", torch_sigmoid_by_tanh))


def np_softmax_less_the_largest(x):
    import numpy as np

    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def torch_softmax_by_logsumexp(x):
    return (x - x.logsumexp(dim=1, keepdim=True)).exp()


softmax_by_logsumexp = Port(
    original=layer("numpy", np_softmax_less_the_largest),
    ported=layer("torch", torch_softmax_by_logsumexp),
    operation="softmax",
)


def torch_leaky_relu(x):
    import torch.nn.functional as F

    return F.leaky_relu(x, 0.1)


def keras_leaky_relu_by_where(x):
    from keras import ops

    return ops.where(x > 0, x, 0.1 * x)


leaky_relu_by_where = Port(original=layer("torch", torch_leaky_relu), ported=layer("keras", keras_leaky_relu_by_where))


def torch_glu(x):
    import torch.nn.functional as F

    return F.glu(x, dim=1)


def tf_glu_by_halves(x):
    import tensorflow as tf

    value, gate = tf.unstack(tf.reshape(x, [-1, 2, x.shape[1] // 2]), axis=1)
    return tf.sigmoid(gate) * value


glu_by_reshaped_halves = Port(
    original=Layer("torch", torch_glu, inputs=TABLE, output="n o"),
    ported=Layer("tensorflow", tf_glu_by_halves, inputs=TABLE, output="n o"),
    sizes={"c": [6, 8]},
)

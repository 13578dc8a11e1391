"""Unrecorded porting faults of normalization."""

from equivalence import Layer, Port, Positive, Real

AFFINE = {"scale": "c", "shift": "c"}
STATISTICS = {"mean": Real("c", gradient=False), "variance": Positive("c", gradient=False)}


def torch_group_norm(x, scale, shift):
    import torch.nn.functional as F

    return F.group_norm(x, 2, scale, shift, eps=1e-3)


def tf_group_norm_of_deviation(x, scale, shift):
    import tensorflow as tf

    n, h, w, c = x.shape
    grouped = tf.reshape(x, [n, h, w, 2, c // 2])
    mean, variance = tf.nn.moments(grouped, axes=[1, 2, 4], keepdims=True)
    y = (grouped - mean) / (tf.sqrt(variance) + 1e-3)
    return tf.reshape(y, [n, h, w, c]) * scale + shift


group_norm = Port(
    name="group-norm-epsilon-on-the-deviation",
    original=Layer("torch", torch_group_norm, inputs={"x": "n c h w", **AFFINE}, output="n c h w"),
    ported=Layer("tensorflow", tf_group_norm_of_deviation, inputs={"x": "n h w c", **AFFINE}, output="n h w c"),
    operation="group_norm",
    sizes={"c": [4, 6]},
    parameters={"groups": 2, "epsilon": 1e-3},
    axes={"c": "c"},
)


def keras_instance_norm(x, scale, shift):
    import keras

    mean, variance = keras.ops.moments(x, axes=[1, 2], keepdims=True)
    return (x - mean) / keras.ops.sqrt(variance + 1e-5) * scale + shift


def torch_var_by_default(x, scale, shift):
    import torch

    mean, variance = x.mean(dim=(2, 3), keepdim=True), x.var(dim=(2, 3), keepdim=True)
    return (x - mean) * torch.rsqrt(variance + 1e-5) * scale[:, None, None] + shift[:, None, None]


instance_norm = Port(
    name="instance-norm-of-unbiased-variance",
    original=Layer("keras", keras_instance_norm, inputs={"x": "n h w c", **AFFINE}, output="n h w c"),
    ported=Layer("torch", torch_var_by_default, inputs={"x": "n c h w", **AFFINE}, output="n c h w"),
    operation="instance_norm",
    axes={"c": "c"},
)


def theano_inverse_deviation(x, mean, inv_std, scale, shift):
    """As Lasagne's BatchNormLayer: it stores one over the standard deviation."""
    return (x - mean) * (inv_std * scale) + shift


def torch_inverse_deviation_as_variance(x, mean, inv_std, scale, shift):
    import torch.nn.functional as F

    return F.batch_norm(x, mean, inv_std, scale, shift, eps=0.0)


STORED = {
    "x": "n c",
    "mean": Real("c", gradient=False),
    "inv_std": Real("c", low=0.2, high=2.0, gradient=False),
    **AFFINE,
}

inverse_deviation = Port(
    name="inverse-deviation-read-as-variance",
    original=Layer("theano", theano_inverse_deviation, inputs=STORED, output="n c"),
    ported=Layer("torch", torch_inverse_deviation_as_variance, inputs=STORED, output="n c"),
)


def keras_average(average, weights):
    decay = 0.9
    return decay * average + (1 - decay) * weights


def torch_average(average, weights):
    decay = 0.9
    return average.lerp(weights, decay)


teacher = Port(
    name="moving-average-of-weights-inverted",
    original=Layer("keras", keras_average, inputs={"average": "o c", "weights": "o c"}, output="o c"),
    ported=Layer("torch", torch_average, inputs={"average": "o c", "weights": "o c"}, output="o c"),
)


def tf_generator_norm(x, mean, variance, scale, shift):
    """As pix2pix does it, also when it draws pictures: the statistics are those of the batch."""
    import tensorflow as tf

    mean, variance = tf.nn.moments(x, axes=[0, 1, 2])
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, 1e-5)


def torch_after_eval(x, mean, variance, scale, shift):
    import torch.nn.functional as F

    return F.batch_norm(x, mean, variance, scale, shift, eps=1e-5)


# No operation: the catalogue's training gives the new statistics too.
generator = Port(
    name="generator-evaluated-by-stored-statistics",
    original=Layer("tensorflow", tf_generator_norm, inputs={"x": "n h w c", **STATISTICS, **AFFINE}, output="n h w c"),
    ported=Layer("torch", torch_after_eval, inputs={"x": "n c h w", **STATISTICS, **AFFINE}, output="n c h w"),
)


def keras_batch_norm():
    import keras

    return keras.layers.BatchNormalization(axis=-1)


def torch_blobs_in_alphabetical_order(x, moving_mean, moving_variance, gamma, beta):
    import torch.nn.functional as F

    return F.batch_norm(x, moving_mean, moving_variance, beta, gamma)


NORMALIZED = {
    "gamma": "c",
    "beta": "c",
    "moving_mean": Real("c", gradient=False),
    "moving_variance": Positive("c", gradient=False),
}

# Two faults: gamma and beta exchanged, and another epsilon.
alphabetical = Port(
    name="gamma-beta-exchanged-with-another-epsilon",
    original=Layer("keras", keras_batch_norm, inputs={"x": "n h w c"}, parameters=NORMALIZED, output="n h w c"),
    ported=Layer("torch", torch_blobs_in_alphabetical_order, inputs={"x": "n c h w", **NORMALIZED}, output="n c h w"),
)


def torch_rms_then_dense(x, scale, weight):
    import torch.nn.functional as F

    return F.linear(F.rms_norm(x, scale.shape, scale, eps=1e-6), weight)


def tf_rms_then_dense(x, scale, weight):
    import tensorflow as tf

    x = x * tf.math.rsqrt(tf.reduce_mean(x * x, axis=-1, keepdims=True) + 1e-3) * scale
    return tf.einsum("ntu,uv->ntv", x, weight)


# Two faults: another epsilon, and a square matrix that is not transposed.
rms_dense = Port(
    name="rms-epsilon-and-square-matrix-not-transposed",
    original=Layer(
        "torch", torch_rms_then_dense, inputs={"x": "n t u", "scale": "u", "weight": "u' u"}, output="n t u'"
    ),
    ported=Layer(
        "tensorflow", tf_rms_then_dense, inputs={"x": "n t u", "scale": "u", "weight": "u' u"}, output="n t u'"
    ),
)

"""Recorded porting faults of normalization: swapped or reinterpreted parameters, statistics, epsilon and windows."""

from equivalence import Layer, Port, Positive, Real

STATISTICS = {"mean": Real("c", gradient=False), "variance": Positive("c", gradient=False)}
NORMALIZED = {**STATISTICS, "scale": "c", "shift": "c"}


def torch_batch_norm(x, mean, variance, scale, shift):
    import torch.nn.functional as F

    return F.batch_norm(x, mean, variance, scale, shift, training=False, eps=1e-3)


def keras_batch_norm_with_weights_in_wrong_order(x, mean, variance, scale, shift):
    import keras

    layer = keras.layers.BatchNormalization(epsilon=1e-3, dtype=keras.backend.standardize_dtype(x.dtype))
    layer.build(x.shape)
    y, _ = layer.stateless_call([scale, shift], [variance, mean], x, training=False)
    return y


bn_param_order_swapped = Port(
    name="bn-param-order-swapped",
    original=Layer("torch", torch_batch_norm, inputs={"x": "n c h w", **NORMALIZED}, output="n c h w"),
    ported=Layer(
        "keras",
        keras_batch_norm_with_weights_in_wrong_order,
        inputs={"x": "n h w c", **NORMALIZED},
        output="n h w c",
    ),
    operation="batch_norm",
    parameters={"epsilon": 1e-3},
)


def mxnet_batch_norm(x, mean, variance, scale, shift):
    """What MXNet computes with fix_gamma=True, its default: gamma is 1, whatever is stored."""
    import numpy as np

    gamma = np.ones_like(scale)
    column = (slice(None), None, None)
    return gamma[column] * (x - mean[column]) / np.sqrt(variance[column] + 1e-3) + shift[column]


# No operation: the catalogue's batch_norm uses the scale that it is given.
bn_mxnet_fix_gamma = Port(
    name="bn-mxnet-fix-gamma",
    original=Layer("numpy", mxnet_batch_norm, inputs={"x": "n c h w", **NORMALIZED}, output="n c h w"),
    ported=Layer("torch", torch_batch_norm, inputs={"x": "n c h w", **NORMALIZED}, output="n c h w"),
)


def tf_instance_norm(x, scale, shift):
    import tensorflow as tf

    mean, variance = tf.nn.moments(x, axes=[1, 2], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, 1e-5)


def torch_instance_norm_with_running_statistics(x, scale, shift):
    import torch

    channels = x.shape[1]
    module = torch.nn.InstanceNorm2d(channels, affine=True, track_running_stats=True, dtype=x.dtype)
    trained = {
        "weight": scale,
        "bias": shift,
        "running_mean": torch.linspace(-0.4, 0.7, channels, dtype=x.dtype),
        "running_var": torch.linspace(0.5, 1.8, channels, dtype=x.dtype),
    }
    return torch.func.functional_call(module.eval(), trained, x)


AFFINE = {"scale": "c", "shift": "c"}

instancenorm_running_stats = Port(
    name="instancenorm-running-stats-in-eval",
    original=Layer("tensorflow", tf_instance_norm, inputs={"x": "n h w c", **AFFINE}, output="n h w c"),
    ported=Layer(
        "torch",
        torch_instance_norm_with_running_statistics,
        inputs={"x": "n c h w", **AFFINE},
        output="n c h w",
    ),
    operation="instance_norm",
    axes={"c": "c"},
)


def torch_gemma_norm(x, weight):
    import torch

    normed = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
    return normed * (1.0 + weight)


def tf_llama_norm(x, weight):
    import tensorflow as tf

    variance = tf.reduce_mean(tf.square(x), axis=-1, keepdims=True)
    return weight * (x * tf.math.rsqrt(variance + 1e-6))


# No operation: the catalogue's rms_norm multiplies by the weight as it is stored, Gemma by 1 and the weight.
rmsnorm_one_plus_weight = Port(
    name="rmsnorm-one-plus-weight",
    original=Layer("torch", torch_gemma_norm, inputs={"x": "n t d", "weight": "d"}, output="n t d"),
    ported=Layer("tensorflow", tf_llama_norm, inputs={"x": "n t d", "weight": "d"}, output="n t d"),
)


def tf_l2_normalize(x):
    import tensorflow as tf

    return tf.math.l2_normalize(x, axis=-1)


def torch_l2_normalize(x):
    import torch

    return x / torch.sqrt(torch.sum(x**2, dim=-1, keepdim=True) + 1e-8)


l2norm_eps_placement = Port(
    name="l2norm-eps-placement",
    original=Layer("tensorflow", tf_l2_normalize, inputs={"x": "n c"}, output="n c"),
    ported=Layer("torch", torch_l2_normalize, inputs={"x": "n c"}, output="n c"),
    operation="l2_normalize",
)


def theano_local_response_norm(x):
    """As Lasagne's LocalResponseNormalization2DLayer, with TensorFlow's depth_radius."""
    import theano.tensor as T

    alpha, beta, bias, depth_radius = 1e-4, 0.75, 2.0, 2
    squares = T.sqr(x)
    batch, channels, rows, columns = x.shape
    padded = T.zeros((batch, channels + 2 * depth_radius, rows, columns), dtype=x.dtype)
    padded = T.set_subtensor(padded[:, depth_radius : depth_radius + channels], squares)
    scale = bias
    for i in range(2 * depth_radius + 1):
        scale += alpha * padded[:, i : i + channels]
    return x / scale**beta


def torch_local_response_norm(x):
    import torch

    depth_radius = 2
    # PyTorch divides alpha by the size of the window.
    return torch.nn.LocalResponseNorm(size=depth_radius, alpha=1e-4 * depth_radius, beta=0.75, k=2.0)(x)


# Theano for the original: TensorFlow's own local response normalization does not compute in float64.
lrn_radius_vs_size = Port(
    name="lrn-radius-vs-size",
    original=Layer("theano", theano_local_response_norm, inputs={"x": "n c h w"}, output="n c h w"),
    ported=Layer("torch", torch_local_response_norm, inputs={"x": "n c h w"}, output="n c h w"),
    operation="local_response_norm",
)

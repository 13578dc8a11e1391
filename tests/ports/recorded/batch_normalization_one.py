"""Recorded porting faults of batch normalization: statistics, epsilon and axis."""

from equivalence import Layer, Port, Positive, Real

STATISTICS = {"mean": Real("c", gradient=False), "variance": Positive("c", gradient=False)}
AFFINE = {"scale": "c", "shift": "c"}
LAST = {"x": "n h w c", **STATISTICS, **AFFINE}
FIRST = {"x": "n c h w", **STATISTICS, **AFFINE}


def keras_batch_norm(x, mean, variance, scale, shift):
    import keras

    return keras.ops.batch_normalization(x, mean, variance, axis=-1, offset=shift, scale=scale, epsilon=1e-3)


def tf_training(x, mean, variance, scale, shift):
    """As the fused kernel does it: the stored variance is the unbiased one."""
    import tensorflow as tf

    momentum = 0.99
    batch_mean, batch_variance = tf.nn.moments(x, axes=[0, 1, 2])
    y = tf.nn.batch_normalization(x, batch_mean, batch_variance, shift, scale, 1e-3)
    count = tf.cast(tf.size(x) / tf.shape(x)[-1], x.dtype)
    unbiased = batch_variance * count / (count - 1)
    new_mean = momentum * mean + (1 - momentum) * tf.stop_gradient(batch_mean)
    new_variance = momentum * variance + (1 - momentum) * tf.stop_gradient(unbiased)
    return y, new_mean, new_variance


def torch_momentum_copied(x, mean, variance, scale, shift):
    from torch.nn import functional

    running_mean, running_var = mean.clone(), variance.clone()
    y = functional.batch_norm(
        x, running_mean, running_var, weight=scale, bias=shift, training=True, momentum=0.99, eps=1e-3
    )
    return y, running_mean, running_var


momentum = Port(
    original=Layer(
        "tensorflow", tf_training, inputs=LAST, outputs={"y": "n h w c", "new_mean": "c", "new_variance": "c"}
    ),
    ported=Layer(
        "torch", torch_momentum_copied, inputs=FIRST, outputs={"y": "n c h w", "new_mean": "c", "new_variance": "c"}
    ),
    operation="batch_norm_training",
    parameters={"epsilon": 1e-3, "decay": 0.99, "unbiased": True},
    axes={"c": "c"},
    name="bn-momentum-convention",
)


def torch_default_epsilon(x, mean, variance, scale, shift):
    from torch.nn import functional

    return functional.batch_norm(x, mean, variance, scale, shift)


epsilon = Port(
    original=Layer("keras", keras_batch_norm, inputs=LAST, output="n h w c"),
    ported=Layer("torch", torch_default_epsilon, inputs=FIRST, output="n c h w"),
    operation="batch_norm",
    parameters={"epsilon": 1e-3},
    axes={"c": "c"},
    name="bn-epsilon",
)


def caffe_batch_norm(x, mean, variance, factor):
    """On Theano: the three blobs of Caffe's BatchNorm layer, the third of which divides the other two."""
    import theano.tensor as tt

    factor = tt.switch(tt.eq(factor, 0), 0, 1 / factor)
    mean, variance = (blob.dimshuffle("x", 0, "x", "x") * factor for blob in (mean, variance))
    return (x - mean) / tt.sqrt(variance + 1e-5)


def torch_third_blob_ignored(x, mean, variance, factor):
    from torch.nn import functional

    return functional.batch_norm(x, mean, variance, eps=1e-5)


BLOBS = {"x": "n c h w", **STATISTICS, "factor": Positive("", gradient=False)}

# No operation: the catalogue's batch_norm has no factor that divides the stored statistics.
caffe_factor = Port(
    original=Layer("theano", caffe_batch_norm, inputs=BLOBS, output="n c h w"),
    ported=Layer("torch", torch_third_blob_ignored, inputs=BLOBS, output="n c h w"),
    name="bn-caffe-scale-factor",
)


def torch_frozen_but_training(x, mean, variance, scale, shift):
    import torch

    layer = torch.nn.BatchNorm2d(len(mean), eps=1e-3).to(x.dtype)
    layer.load_state_dict({"weight": scale, "bias": shift, "running_mean": mean, "running_var": variance}, strict=False)
    layer.requires_grad_(requires_grad=False)
    return layer(x)


FROZEN = {**STATISTICS, "scale": Real("c", gradient=False), "shift": Real("c", gradient=False)}

frozen = Port(
    original=Layer("keras", keras_batch_norm, inputs={"x": "n h w c", **FROZEN}, output="n h w c"),
    ported=Layer("torch", torch_frozen_but_training, inputs={"x": "n c h w", **FROZEN}, output="n c h w"),
    operation="batch_norm",
    parameters={"epsilon": 1e-3},
    axes={"c": "c"},
    name="bn-frozen-uses-batch-stats",
)


def tf_batch_norm(x, mean, variance, scale, shift):
    import tensorflow as tf

    return tf.nn.batch_normalization(x, mean, variance, shift, scale, 1e-3)


def keras_axis_one(x, mean, variance, scale, shift):
    import keras

    return keras.ops.batch_normalization(x, mean, variance, axis=1, offset=shift, scale=scale, epsilon=1e-3)


wrong_axis = Port(
    original=Layer("tensorflow", tf_batch_norm, inputs=LAST, output="n h w c"),
    ported=Layer("keras", keras_axis_one, inputs=LAST, output="n h w c"),
    operation="batch_norm",
    parameters={"epsilon": 1e-3},
    axes={"c": "c"},
    name="bn-wrong-axis",
)


def torch_batch_norm(x, mean, variance, scale, shift):
    from torch.nn import functional

    return functional.batch_norm(x, mean, variance, scale, shift, training=False, eps=1e-5)


def theano_epsilon_on_std(x, mean, variance, scale, shift):
    """As early batch normalization layers for Lasagne had it."""
    import theano.tensor as tt

    mean, std, gamma, beta = (v.dimshuffle("x", 0, "x", "x") for v in (mean, tt.sqrt(variance), scale, shift))
    return (x - mean) / (std + 1e-5) * gamma + beta


epsilon_outside = Port(
    original=Layer("torch", torch_batch_norm, inputs=FIRST, output="n c h w"),
    ported=Layer("theano", theano_epsilon_on_std, inputs=FIRST, output="n c h w"),
    operation="batch_norm",
    parameters={"epsilon": 1e-5},
    name="bn-eps-outside-sqrt",
)

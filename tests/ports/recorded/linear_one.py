"""Recorded porting faults around dense layers: order of flattening, transposed weights, and lower precision."""

from equivalence import Layer, Port


def keras_flatten_dense(x, weight, bias):
    import tensorflow as tf

    return tf.reshape(x, [x.shape[0], -1]) @ weight + bias


def torch_flatten_dense(x, weight, bias):
    from torch.nn import functional

    return functional.linear(x.flatten(1), weight, bias)


# No operation: the catalogue has flatten and dense, not the one behind the other.
flatten_order = Port(
    original=Layer(
        "tensorflow", keras_flatten_dense, inputs={"x": "n h w c", "weight": "k o", "bias": "o"}, output="n o"
    ),
    ported=Layer("torch", torch_flatten_dense, inputs={"x": "n c h w", "weight": "o k", "bias": "o"}, output="n o"),
    sizes={"k": "h*w*c"},
    name="flatten-order-nhwc-nchw",
)


def tf_dense(x, weight, bias):
    return x @ weight + bias


def torch_kernel_as_it_is(x, weight, bias):
    """It is given TensorFlow's kernel."""
    from torch.nn import functional

    return functional.linear(x, weight, bias)


DENSE = {"x": "n c", "weight": "c o", "bias": "o"}

not_transposed = Port(
    original=Layer("tensorflow", tf_dense, inputs=DENSE, output="n o"),
    ported=Layer("torch", torch_kernel_as_it_is, inputs=DENSE, output="n o"),
    operation="dense",
    sizes={"o": "c"},
    name="dense-weight-not-transposed-square",
)


def torch_dense(x, weight):
    from torch.nn import functional

    return functional.linear(x, weight)


def np_tf32_dense(x, weight):
    """What a tensor core makes of it: both factors lose all but ten bits behind the point, the sum is in float32."""
    import numpy as np

    def shortened(array):
        return (array.astype(np.float32).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)

    return shortened(x) @ shortened(weight).T


tf32 = Port(
    original=Layer("torch", torch_dense, inputs={"x": "n c", "weight": "o c"}, output="n o"),
    ported=Layer("numpy", np_tf32_dense, inputs={"x": "n c", "weight": "o c"}, output="n o"),
    operation="dense",
    name="dtype-tf32",
)


def theano_dense(x, weight):
    import theano.tensor as tt

    return tt.dot(x, weight)


def tf_always_float32(x, weight):
    import tensorflow as tf

    return tf.cast(x, tf.float32) @ tf.cast(weight, tf.float32)


floatx = Port(
    original=Layer("theano", theano_dense, inputs={"x": "n c", "weight": "c o"}, output="n o"),
    ported=Layer("tensorflow", tf_always_float32, inputs={"x": "n c", "weight": "c o"}, output="n o"),
    operation="dense",
    name="dtype-floatx-float64",
)

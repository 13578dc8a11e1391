"""Dense layers, contractions and embeddings, written differently and right."""

from equivalence import Integers, Layer, Port, Real

DENSE = {"x": "n c", "weight": "c o", "bias": "o"}


def tf_dense(x, weight, bias):
    import tensorflow as tf

    return tf.nn.bias_add(x @ weight, bias)


def torch_dense_transposed_back(x, weight, bias):
    import torch.nn.functional as F

    return F.linear(x, weight.T.contiguous(), bias)


weight_transposed_back = Port(
    original=Layer("tensorflow", tf_dense, inputs=DENSE, output="n o"),
    ported=Layer("torch", torch_dense_transposed_back, inputs=DENSE, output="n o"),
    operation="dense",
)


def torch_dense_with_two_biases(x, weight, bias):
    import torch.nn.functional as F

    share = 0.25 * bias
    return F.linear(x, weight, share) + (bias - share)


bias_split_in_two = Port(
    original=Layer("tensorflow", tf_dense, inputs=DENSE, output="n o"),
    ported=Layer("torch", torch_dense_with_two_biases, inputs={"x": "n c", "weight": "o c", "bias": "o"}, output="n o"),
)


def np_dense_with_a_column_of_ones(x, weight, bias):
    import numpy as np

    ones = np.ones((len(x), 1), dtype=x.dtype)
    return np.hstack([x, ones]) @ np.vstack([weight, bias])


bias_as_a_column_of_ones = Port(
    original=Layer("tensorflow", tf_dense, inputs=DENSE, output="n o"),
    ported=Layer("numpy", np_dense_with_a_column_of_ones, inputs=DENSE, output="n o"),
    operation="dense",
)


def torch_linear(x, weight, bias):
    import torch.nn.functional as F

    return F.linear(x, weight, bias)


def tf_dense_by_reshape(x, weight, bias):
    import tensorflow as tf

    shape = tf.shape(x)
    rows = tf.reshape(x, [-1, shape[-1]])
    return tf.reshape(rows @ weight + bias, [shape[0], shape[1], -1])


dense_over_a_sequence = Port(
    original=Layer("torch", torch_linear, inputs={"x": "n t c", "weight": "o c", "bias": "o"}, output="n t o"),
    ported=Layer(
        "tensorflow", tf_dense_by_reshape, inputs={"x": "n t c", "weight": "c o", "bias": "o"}, output="n t o"
    ),
)


def theano_dense_by_tensordot(x, weight, bias):
    import theano.tensor as T

    return T.tensordot(weight, x, axes=[[1], [2]]).dimshuffle(1, 2, 0) + bias


dense_over_a_sequence_by_tensordot = Port(
    original=Layer(
        "theano", theano_dense_by_tensordot, inputs={"x": "n t c", "weight": "o c", "bias": "o"}, output="n t o"
    ),
    ported=Layer("torch", torch_linear, inputs={"x": "n t c", "weight": "o c", "bias": "o"}, output="n t o"),
)


def tf_heads_by_einsum(x, weight):
    import tensorflow as tf

    return tf.einsum("ntc,cmd->nmtd", x, weight)


def torch_heads_by_matmul(x, weight):
    features, heads, width = weight.shape
    joined = x @ weight.reshape(features, heads * width)
    return joined.unflatten(-1, (heads, width)).transpose(1, 2)


heads_by_matmul = Port(
    original=Layer("tensorflow", tf_heads_by_einsum, inputs={"x": "n t c", "weight": "c m d"}, output="n m t d"),
    ported=Layer("torch", torch_heads_by_matmul, inputs={"x": "n t c", "weight": "c m d"}, output="n m t d"),
)


def torch_bilinear(left, right, weight):
    import torch.nn.functional as F

    return F.bilinear(left, right, weight)


def keras_bilinear_as_dense_of_outer_product(left, right, weight):
    from keras import ops

    outer = ops.reshape(left[:, :, None] * right[:, None, :], (left.shape[0], -1))
    return ops.matmul(outer, ops.transpose(ops.reshape(weight, (weight.shape[0], -1))))


bilinear_as_dense_of_outer_product = Port(
    original=Layer("torch", torch_bilinear, inputs={"left": "n a", "right": "n b", "weight": "o a b"}, output="n o"),
    ported=Layer(
        "keras",
        keras_bilinear_as_dense_of_outer_product,
        inputs={"left": "n a", "right": "n b", "weight": "o a b"},
        output="n o",
    ),
)

JOINED = {"left": "n a", "right": "n b", "weight": "c o"}


def keras_dense_of_joined(left, right, weight):
    from keras import ops

    return ops.matmul(ops.concatenate([left, right], axis=1), weight)


def torch_sum_of_two_dense(left, right, weight):
    upper, lower = weight.split([left.shape[1], right.shape[1]])
    return left @ upper + right @ lower


dense_of_joined_as_sum = Port(
    original=Layer("keras", keras_dense_of_joined, inputs=JOINED, output="n o"),
    ported=Layer("torch", torch_sum_of_two_dense, inputs=JOINED, output="n o"),
    sizes={"c": "a+b"},
)

LOOKUP = {"indices": Integers("n t", below="v"), "table": Real("v d")}


def torch_embedding(indices, table):
    import torch.nn.functional as F

    return F.embedding(indices, table)


def tf_embedding_by_one_hot(indices, table):
    import tensorflow as tf

    return tf.one_hot(indices, tf.shape(table)[0], dtype=table.dtype) @ table


embedding_by_one_hot = Port(
    original=Layer("torch", torch_embedding, inputs=LOOKUP, output="n t d"),
    ported=Layer("tensorflow", tf_embedding_by_one_hot, inputs=LOOKUP, output="n t d"),
    operation="embedding",
    bind={"table": "weight"},
)


def tf_flatten_then_dense(x, weight):
    import tensorflow as tf

    return tf.reshape(x, [tf.shape(x)[0], -1]) @ weight


def torch_flatten_then_dense_reordered(x, weight):
    channels, height, width = x.shape[1:]
    reordered = weight.reshape(height, width, channels, -1).permute(3, 2, 0, 1).flatten(1)
    return x.flatten(1) @ reordered.T


flatten_then_dense_with_reordered_weights = Port(
    original=Layer("tensorflow", tf_flatten_then_dense, inputs={"x": "n h w c", "weight": "f o"}, output="n o"),
    ported=Layer("torch", torch_flatten_then_dense_reordered, inputs={"x": "n c h w", "weight": "f o"}, output="n o"),
    sizes={"f": "h*w*c"},
)

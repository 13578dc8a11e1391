"""Recorded porting faults of attention: the mask, how heads are merged, and the scale."""

from equivalence import Layer, Mask, Port, Real

QKV = {"query": "n m t d", "key": "n m s d", "value": "n m s e", "mask": Mask("n m t s")}


def tf_masked_attention(query, key, value, mask):
    import tensorflow as tf

    scores = tf.matmul(query, key, transpose_b=True) / tf.sqrt(tf.cast(tf.shape(query)[-1], query.dtype))
    scores = tf.where(mask, scores, scores.dtype.min)
    return tf.matmul(tf.nn.softmax(scores), value)


def torch_mask_means_ignore(query, key, value, mask):
    import math

    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    scores = scores.masked_fill(mask, float("-inf"))
    return scores.softmax(dim=-1) @ value


mask_polarity = Port(
    original=Layer("tensorflow", tf_masked_attention, inputs=QKV, output="n m t e"),
    ported=Layer("torch", torch_mask_means_ignore, inputs=QKV, output="n m t e"),
    operation="scaled_dot_product_attention",
    name="attention-mask-polarity",
)


def tf_self_attention(x, weight, bias, output_weight):
    """Kernels as Keras has them: b parts for query, key and value, m heads of d features."""
    import tensorflow as tf

    query, key, value = tf.unstack(tf.einsum("ntc,cbmd->bnmtd", x, weight) + bias[:, None, :, None, :])
    query = query * tf.math.rsqrt(tf.cast(tf.shape(query)[-1], x.dtype))
    heads = tf.matmul(tf.nn.softmax(tf.matmul(query, key, transpose_b=True)), value)
    heads = tf.transpose(heads, [0, 2, 1, 3])
    shape = tf.shape(heads)
    merged = tf.reshape(heads, [shape[0], shape[1], shape[2] * shape[3]])
    return tf.matmul(merged, tf.reshape(output_weight, [shape[2] * shape[3], -1]))


def _inputs(weight, output_weight):
    """Weights of a size with which the softmax is not saturated."""
    return {
        "x": "n t c",
        "weight": Real(weight, low=-0.5, high=0.5),
        "bias": "b m d",
        "output_weight": Real(output_weight, low=-0.5, high=0.5),
    }


KERAS_WEIGHTS = _inputs("c b m d", "m d o")
TORCH_WEIGHTS = _inputs("b m d c", "o m d")


def torch_heads_only_reshaped(x, weight, bias, output_weight):
    from torch.nn import functional

    n, t, _ = x.shape
    _, m, d, c = weight.shape
    projected = functional.linear(x, weight.reshape(-1, c), bias.reshape(-1))
    query, key, value = projected.view(n, t, 3, m, d).permute(2, 0, 3, 1, 4)
    y = functional.scaled_dot_product_attention(query, key, value)
    return functional.linear(y.reshape(n, t, m * d), output_weight.flatten(1))


heads_merged = Port(
    original=Layer("tensorflow", tf_self_attention, inputs=KERAS_WEIGHTS, output="n t o"),
    ported=Layer("torch", torch_heads_only_reshaped, inputs=TORCH_WEIGHTS, output="n t o"),
    operation="self_attention",
    sizes={"b": 3, "c": "m*d"},
    name="attention-heads-merged-without-transpose",
)


def torch_scaled_by_embedding(x, weight, bias, output_weight):
    import torch

    n, t, embed_size = x.shape
    _, heads, head_dim, _ = weight.shape
    query, key, value = torch.einsum("ntc,bmdc->bntmd", x, weight) + bias[:, None, None]
    energy = torch.einsum("nqhd,nkhd->nhqk", query, key)
    attention = torch.softmax(energy / embed_size**0.5, dim=3)
    out = torch.einsum("nhql,nlhd->nqhd", attention, value).reshape(n, t, heads * head_dim)
    return out @ output_weight.flatten(1).T


scale_wrong_dim = Port(
    original=Layer("tensorflow", tf_self_attention, inputs=KERAS_WEIGHTS, output="n t o"),
    ported=Layer("torch", torch_scaled_by_embedding, inputs=TORCH_WEIGHTS, output="n t o"),
    operation="self_attention",
    sizes={"b": 3, "c": "m*d"},
    name="attention-scale-wrong-dim",
)

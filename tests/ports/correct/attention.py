"""Attention, written differently and right."""

from equivalence import Layer, Mask, Port

HEADS = {"query": "n m t d", "key": "n m s d", "value": "n m s e"}
HEADS_LAST = {"query": "n t m d", "key": "n s m d", "value": "n s m e"}
MASKED = {**HEADS, "mask": Mask("n m t s")}


def torch_attention(query, key, value, mask=None, causal=None):
    import torch.nn.functional as F

    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal is not None)


def tf_query_scaled_first(query, key, value):
    import tensorflow as tf

    query = query / tf.sqrt(tf.cast(query.shape[-1], query.dtype))
    return tf.nn.softmax(tf.matmul(query, key, transpose_b=True)) @ value


query_scaled_first = Port(
    original=Layer("torch", torch_attention, inputs=HEADS, output="n m t e"),
    ported=Layer("tensorflow", tf_query_scaled_first, inputs=HEADS, output="n m t e"),
    operation="scaled_dot_product_attention",
)


def keras_attention(query, key, value, scale):
    from keras import ops

    return ops.dot_product_attention(query, key, value, scale=scale)


def torch_query_and_key_scaled(query, key, value, scale):
    import torch

    root = scale**0.5
    scores = torch.einsum("nmtd,nmsd->nmts", root * query, root * key)
    return torch.einsum("nmts,nmse->nmte", scores.softmax(dim=-1), value)


query_and_key_scaled = Port(
    original=Layer("keras", keras_attention, inputs=HEADS_LAST, output="n t m e"),
    ported=Layer("torch", torch_query_and_key_scaled, inputs=HEADS, output="n m t e"),
    operation="scaled_dot_product_attention",
    parameters={"scale": 0.375},
)


def tf_mask_multiplied_and_renormalized(query, key, value, mask):
    import tensorflow as tf

    scores = tf.einsum("nmtd,nmsd->nmts", query, key) / tf.sqrt(tf.cast(query.shape[-1], query.dtype))
    largest = tf.reduce_max(tf.where(mask, scores, scores.dtype.min), axis=-1, keepdims=True)
    powers = tf.exp(tf.minimum(scores - tf.stop_gradient(largest), 0)) * tf.cast(mask, scores.dtype)
    return (powers / tf.reduce_sum(powers, axis=-1, keepdims=True)) @ value


mask_multiplied_and_renormalized = Port(
    original=Layer("torch", torch_attention, inputs=MASKED, output="n m t e"),
    ported=Layer("tensorflow", tf_mask_multiplied_and_renormalized, inputs=MASKED, output="n m t e"),
    operation="scaled_dot_product_attention",
)


def tf_causal_by_triangle(query, key, value):
    import tensorflow as tf

    scores = tf.matmul(query, key, transpose_b=True) / tf.sqrt(tf.cast(query.shape[-1], query.dtype))
    seen = tf.linalg.band_part(tf.ones(scores.shape[-2:], tf.bool), -1, 0)
    return tf.nn.softmax(tf.where(seen, scores, float("-inf"))) @ value


causal_by_triangle = Port(
    original=Layer("torch", torch_attention, inputs=HEADS, output="n m t e"),
    ported=Layer("tensorflow", tf_causal_by_triangle, inputs=HEADS, output="n m t e"),
    operation="scaled_dot_product_attention",
    parameters={"causal": "top_left"},
)

PROJECTED = {"x": "n t c", "weight": "b m d c", "output_weight": "o m d", "mask": Mask("n t t'")}


def torch_heads_one_by_one(x, weight, output_weight, mask):
    import torch.nn.functional as F

    total = 0
    for head in range(weight.shape[1]):
        query, key, value = (x @ weight[part, head].T for part in range(3))
        total = total + F.scaled_dot_product_attention(query, key, value, mask) @ output_weight[:, head].T
    return total


def tf_heads_at_once(x, weight, output_weight, mask):
    import tensorflow as tf

    query, key, value = tf.unstack(tf.einsum("ntc,bmdc->bnmtd", x, weight))
    scores = tf.matmul(query, key, transpose_b=True) / tf.sqrt(tf.cast(query.shape[-1], x.dtype))
    weights = tf.nn.softmax(tf.where(mask[:, None], scores, float("-inf")))
    return tf.einsum("nmtd,omd->nto", weights @ value, output_weight)


heads_one_by_one = Port(
    original=Layer("tensorflow", tf_heads_at_once, inputs=PROJECTED, output="n t o"),
    ported=Layer("torch", torch_heads_one_by_one, inputs=PROJECTED, output="n t o"),
    operation="self_attention",
    sizes={"b": 3},
)


def torch_three_projections(x, query_weight, key_weight, value_weight):
    import torch.nn.functional as F

    return F.scaled_dot_product_attention(x @ query_weight, x @ key_weight, x @ value_weight)


def keras_one_packed_projection(x, query_weight, key_weight, value_weight):
    from keras import ops

    packed = ops.matmul(x, ops.concatenate([query_weight, key_weight, value_weight], axis=1))
    query, key, value = ops.split(packed, 3, axis=-1)
    scores = ops.matmul(query, ops.transpose(key, (0, 2, 1))) * query.shape[-1] ** -0.5
    return ops.matmul(ops.softmax(scores, axis=-1), value)


PROJECTIONS = {"x": "n t c", "query_weight": "c d", "key_weight": "c d", "value_weight": "c d"}
one_packed_projection = Port(
    original=Layer("torch", torch_three_projections, inputs=PROJECTIONS, output="n t d"),
    ported=Layer("keras", keras_one_packed_projection, inputs=PROJECTIONS, output="n t d"),
)

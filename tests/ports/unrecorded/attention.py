"""Unrecorded porting faults of attention."""

from equivalence import Layer, Mask, Port

ATTENDED = {"query": "n m t d", "key": "n m s d", "value": "n m s e"}
SELF = {"query": "n t d", "key": "n t d", "value": "n t e", "mask": Mask("n t")}


def torch_causal(query, key, value):
    import torch.nn.functional as F

    return F.scaled_dot_product_attention(query, key, value, is_causal=True)


def tf_causal_off_by_one(query, key, value):
    import tensorflow as tf

    scores = tf.matmul(query, key, transpose_b=True) * query.shape[-1] ** -0.5
    steps, seen = scores.shape[-2:]
    hidden = tf.range(seen) > tf.range(steps)[:, None] + 1
    scores = tf.where(hidden, tf.cast(float("-inf"), scores.dtype), scores)
    return tf.nn.softmax(scores) @ value


causal = Port(
    name="causal-mask-shows-the-next-token",
    original=Layer("torch", torch_causal, inputs=ATTENDED, output="n m t e"),
    ported=Layer("tensorflow", tf_causal_off_by_one, inputs=ATTENDED, output="n m t e"),
    operation="scaled_dot_product_attention",
    parameters={"causal": "top_left"},
)


def keras_masked(query, key, value, mask):
    from keras import ops

    scores = ops.einsum("ntd,nsd->nts", query, key)
    scores = ops.where(mask[:, None, :], scores, -1e30)
    return ops.einsum("nts,nse->nte", ops.softmax(scores), value)


def torch_scores_times_mask(query, key, value, mask):
    scores = query @ key.transpose(1, 2) * mask.unsqueeze(1)
    return scores.softmax(-1) @ value


times_mask = Port(
    name="scores-multiplied-by-the-mask",
    original=Layer("keras", keras_masked, inputs=SELF, output="n t e"),
    ported=Layer("torch", torch_scores_times_mask, inputs=SELF, output="n t e"),
)


def torch_masked(query, key, value, mask):
    import torch.nn.functional as F

    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask.unsqueeze(1))


def tf_mask_inverted_and_unscaled(query, key, value, mask):
    import tensorflow as tf

    scores = tf.matmul(query, key, transpose_b=True)
    scores += tf.cast(mask, scores.dtype)[:, None] * -1e9
    return tf.nn.softmax(scores) @ value


# Two faults: the sense of the mask, and no scale.
inverted_unscaled = Port(
    name="padding-mask-inverted-and-scores-unscaled",
    original=Layer("torch", torch_masked, inputs=SELF, output="n t e"),
    ported=Layer("tensorflow", tf_mask_inverted_and_unscaled, inputs=SELF, output="n t e"),
)

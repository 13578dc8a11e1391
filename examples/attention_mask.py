"""Attention with a padding mask, ported from TensorFlow to PyTorch.

In Keras a mask is true where there is something to see. In ``torch.nn.MultiheadAttention`` and in every
``masked_fill`` it is true where something is to be hidden.

- ``mask_inverted`` hides what the mask does not show: equal.
- ``mask_to_the_fused_function`` calls ``scaled_dot_product_attention``, which reads a mask as Keras does: equal.
- ``mask_as_it_is`` hides what the mask shows: different, ``mask.polarity``.

Run: equivalence check examples/attention_mask.py   (exit status 1: different)
"""

from equivalence import Layer, Mask, Port


def tf_attention(query, key, value, mask):
    """The original: true where a key is there."""
    import tensorflow as tf

    scores = tf.matmul(query, key, transpose_b=True) / tf.sqrt(tf.cast(query.shape[-1], query.dtype))
    seen = tf.where(mask[:, None], scores, float("-inf"))
    return tf.nn.softmax(seen) @ value


def torch_attention(query, key, value, hidden):
    """Attention that hides the keys for which the last argument is true."""
    scores = query @ key.mT / query.shape[-1] ** 0.5
    return scores.masked_fill(hidden[:, None], float("-inf")).softmax(dim=-1) @ value


def torch_mask_inverted(query, key, value, mask):
    """Hide where there is nothing."""
    return torch_attention(query, key, value, hidden=~mask)


def torch_mask_as_it_is(query, key, value, mask):
    """Hide where there is something."""
    return torch_attention(query, key, value, hidden=mask)


def torch_mask_to_the_fused_function(query, key, value, mask):
    """Leave it to PyTorch."""
    import torch.nn.functional as F

    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None])


def port(ported):
    """The port with this layer on PyTorch's side."""
    inputs = {"query": "n t d", "key": "n s d", "value": "n s e", "mask": Mask("n s")}
    return Port(
        original=Layer("tensorflow", tf_attention, inputs=inputs, output="n t e"),
        ported=Layer("torch", ported, inputs=inputs, output="n t e"),
    )


mask_inverted = port(torch_mask_inverted)
mask_to_the_fused_function = port(torch_mask_to_the_fused_function)
mask_as_it_is = port(torch_mask_as_it_is)

"""Recorded porting faults of transformers: positions, masks, heads, and the scale of an embedding."""

from equivalence import Integers, Layer, Mask, Port


def torch_scaled_embedding(indices, weight):
    import math

    import torch.nn.functional as F

    return F.embedding(indices, weight) * math.sqrt(weight.shape[1])


def tf_embedding(indices, weight):
    import tensorflow as tf

    return tf.nn.embedding_lookup(weight, indices)


TOKENS = {"indices": Integers("n t", below="v"), "weight": "v d"}

# No operation: the catalogue's embedding has no scale.
embedding_scale_sqrt_d = Port(
    name="embedding-scale-sqrt-d",
    original=Layer("torch", torch_scaled_embedding, inputs=TOKENS, output="n t d"),
    ported=Layer("tensorflow", tf_embedding, inputs=TOKENS, output="n t d"),
)


def torch_roberta_positions(x, weight):
    import torch

    padding_idx = 1
    positions = torch.arange(x.shape[1]) + padding_idx + 1
    return x + weight[positions]


def tf_bert_positions(x, weight):
    import tensorflow as tf

    positions = tf.range(tf.shape(x)[1])
    return x + tf.gather(weight, positions)


POSITIONED = {"x": "n t c", "weight": "v c"}

position_embedding_offset = Port(
    name="position-embedding-offset",
    original=Layer("torch", torch_roberta_positions, inputs=POSITIONED, output="n t c"),
    ported=Layer("tensorflow", tf_bert_positions, inputs=POSITIONED, output="n t c"),
    operation="learned_position_embedding",
    sizes={"v": "t+4"},
    parameters={"offset": 2},
)


def torch_fairseq_positions(x, weight, mask):
    import torch.nn.functional as F

    padding_idx = 1
    counted = mask.int()
    positions = counted.cumsum(dim=1) * counted + padding_idx
    return x + F.embedding(positions.long(), weight)


def tf_positions_over_padding(x, weight, mask):
    import tensorflow as tf

    padding_idx = 1
    positions = tf.range(padding_idx + 1, tf.shape(mask)[1] + padding_idx + 1)
    return x + tf.gather(weight, positions)[tf.newaxis]


position_ids_ignore_padding = Port(
    name="position-ids-ignore-padding",
    original=Layer("torch", torch_fairseq_positions, inputs={**POSITIONED, "mask": Mask("n t")}, output="n t c"),
    ported=Layer("tensorflow", tf_positions_over_padding, inputs={**POSITIONED, "mask": Mask("n t")}, output="n t c"),
    operation="learned_position_embedding",
    sizes={"v": "t+4"},
    parameters={"offset": 2},
)


def torch_sinusoids(x):
    import math

    import torch

    _, steps, features = x.shape
    position = torch.arange(steps, dtype=x.dtype).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, features, 2, dtype=x.dtype) * -(math.log(10000.0) / features))
    pe = torch.zeros(steps, features, dtype=x.dtype)
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)
    return x + pe


def tf_sinusoids(x):
    import numpy as np
    import tensorflow as tf

    _, steps, features = x.shape
    rates = 1 / 10000 ** (np.arange(features // 2) / (features // 2))
    angles = np.arange(steps)[:, np.newaxis] * rates
    encoding = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)
    return x + tf.cast(encoding[np.newaxis], x.dtype)


sinusoid_concat_vs_interleave = Port(
    name="sinusoid-concat-vs-interleave",
    original=Layer("torch", torch_sinusoids, inputs={"x": "n t c"}, output="n t c"),
    ported=Layer("tensorflow", tf_sinusoids, inputs={"x": "n t c"}, output="n t c"),
    operation="sinusoidal_position_embedding",
    sizes={"c": [6, 8]},
)


def torch_masked_attention(query, key, value, mask):
    import math

    import torch

    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    scores = scores.masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, dim=-1) @ value


def tf_attention_with_mask_added(query, key, value, mask):
    import math

    import tensorflow as tf

    scores = tf.matmul(query, key, transpose_b=True) / math.sqrt(query.shape[-1])
    scores += tf.cast(tf.logical_not(mask), scores.dtype)
    return tf.matmul(tf.nn.softmax(scores), value)


ATTENDED = {"query": "n m t d", "key": "n m s d", "value": "n m s e", "mask": Mask("n m t s")}

attention_bool_mask_added = Port(
    name="attention-bool-mask-added",
    original=Layer("torch", torch_masked_attention, inputs=ATTENDED, output="n m t e"),
    ported=Layer("tensorflow", tf_attention_with_mask_added, inputs=ATTENDED, output="n m t e"),
    operation="scaled_dot_product_attention",
)


def torch_neox_attention(x, weight, bias, output_weight):
    import torch.nn.functional as F

    n, t, _ = x.shape
    heads, _, d, c = weight.shape
    qkv = F.linear(x, weight.reshape(-1, c), bias.reshape(-1)).view(n, t, heads, 3 * d)
    q, k, v = qkv.transpose(1, 2).chunk(3, dim=-1)
    context = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, heads * d)
    return F.linear(context, output_weight.flatten(1))


def torch_gpt2_attention(x, weight, bias, output_weight):
    import torch.nn.functional as F

    n, t, _ = x.shape
    heads, _, d, c = weight.shape
    qkv = F.linear(x, weight.reshape(-1, c), bias.reshape(-1))
    q, k, v = (part.view(n, t, heads, d).transpose(1, 2) for part in qkv.chunk(3, dim=-1))
    context = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, heads * d)
    return F.linear(context, output_weight.flatten(1))


FUSED = {"x": "n t c", "weight": "m b d c", "bias": "m b d", "output_weight": "o m d"}

qkv_fused_layout = Port(
    name="qkv-fused-layout",
    original=Layer("torch", torch_neox_attention, inputs=FUSED, output="n t o"),
    ported=Layer("torch", torch_gpt2_attention, inputs=FUSED, output="n t o"),
    operation="self_attention",
    sizes={"b": 3},
)


def tf_repeat_heads(x):
    import tensorflow as tf

    return tf.repeat(x, 4, axis=1)


def torch_repeat_heads(x):
    return x.repeat(1, 4, 1, 1)


repeat_vs_tile = Port(
    name="repeat-vs-tile",
    original=Layer("tensorflow", tf_repeat_heads, inputs={"x": "n g t d"}, output="n m t d"),
    ported=Layer("torch", torch_repeat_heads, inputs={"x": "n g t d"}, output="n m t d"),
    operation="repeat",
    parameters={"repeats": 4, "axis": 1},
)

"""Recorded porting faults of whole numbers: division, and indices beyond the table."""

from equivalence import Integers, Layer, Port


def tf_floor_divide(x, y):
    import tensorflow as tf

    return tf.math.floordiv(x, y)


def torch_truncating_divide(x, y):
    """What torch.floor_divide did before PyTorch 1.13."""
    import torch

    return torch.div(x, y, rounding_mode="trunc")


PAIRS = {"x": Integers("n c", low=-20, below=21), "y": Integers("n c", low=1, below=7)}

floor_divide = Port(
    original=Layer("tensorflow", tf_floor_divide, inputs=PAIRS, output="n c"),
    ported=Layer("torch", torch_truncating_divide, inputs=PAIRS, output="n c"),
    operation="divide_integers",
    name="floor-divide-truncates",
)


def tf_gpu_gather(table, tokens):
    """TensorFlow on a GPU: zeros for an index that is no row."""
    import tensorflow as tf

    rows = tf.shape(table, out_type=tokens.dtype)[0]
    known = (tokens >= 0) & (tokens < rows)
    return tf.where(known[..., None], tf.gather(table, tf.where(known, tokens, 0)), 0)


def np_clamped(table, tokens):
    """What an index beyond the end means to jax.numpy and XLA."""
    import numpy as np

    return np.take(table, tokens, axis=0, mode="clip")


LOOKUP = {"table": "v d", "tokens": Integers("n t", below="v + 2")}

# No operation: the several axes of gather's indices and result cannot be bound to a port's.
out_of_range = Port(
    original=Layer("tensorflow", tf_gpu_gather, inputs=LOOKUP, output="n t d"),
    ported=Layer("numpy", np_clamped, inputs=LOOKUP, output="n t d"),
    name="gather-out-of-range",
)

"""Unrecorded porting faults of indices."""

from equivalence import Integers, Layer, Port


def lookup_table(indices, weight):
    """As Torch7's LookupTable: the first row is number 1."""
    return weight[indices - 1]


def tf_lookup(indices, weight):
    import tensorflow as tf

    return tf.gather(weight, indices)


WORDS = {"indices": Integers("n t", low=1, below="v"), "weight": "v d"}

# No operation: the catalogue's embedding counts from 0.
one_based = Port(
    name="words-counted-from-one",
    original=Layer("numpy", lookup_table, inputs=WORDS, output="n t d"),
    ported=Layer("tensorflow", tf_lookup, inputs=WORDS, output="n t d"),
)

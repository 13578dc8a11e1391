"""Lasagne's NINLayer, on Theano, ported to TensorFlow: a matrix product over the channels at every pixel.

Run: equivalence check examples/nin_port.py
"""

from equivalence import Layer, Port


def theano_nin(x, weight):
    """Contract the channels as Lasagne does, then put the units where the channels were."""
    import theano.tensor as T

    return T.tensordot(x, weight, axes=[[1], [0]]).dimshuffle(0, 3, 1, 2)


def tf_nin(x, weight):
    """Flatten all but the channels, multiply, and restore whatever height and width came in."""
    import tensorflow as tf

    shape = tf.shape(x)
    pixels = tf.reshape(x, [-1, shape[-1]])
    return tf.reshape(pixels @ weight, [shape[0], shape[1], shape[2], tf.shape(weight)[-1]])


nin = Port(
    original=Layer("theano", theano_nin, inputs={"x": "n c h w", "weight": "c o"}, output="n o h w"),
    ported=Layer("tensorflow", tf_nin, inputs={"x": "n h w c", "weight": "c o"}, output="n h w o"),
    operation="nin",
    sizes={"h": 5, "w": 7},
)

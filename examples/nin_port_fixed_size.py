"""The same port with the size of one image written into the reshape: right at 5 x 5 only.

At other sizes it fails, or silently mixes pixels of different samples where the numbers happen to fit.

Run: equivalence check examples/nin_port_fixed_size.py   (exit status 1: different)
"""

from nin_port import theano_nin

from equivalence import Layer, Port


def tf_nin_5x5(x, weight):
    """Restore 5 x 5 pixels, whatever came in."""
    import tensorflow as tf

    pixels = tf.reshape(x, [-1, tf.shape(x)[-1]])
    return tf.reshape(pixels @ weight, [-1, 5, 5, tf.shape(weight)[-1]])


def port(sizes):
    """The port at these sizes of image."""
    return Port(
        original=Layer("theano", theano_nin, inputs={"x": "n c h w", "weight": "c o"}, output="n o h w"),
        ported=Layer("tensorflow", tf_nin_5x5, inputs={"x": "n h w c", "weight": "c o"}, output="n h w o"),
        operation="nin",
        sizes=sizes,
    )


nin_as_published = port({"h": 5, "w": 5})
nin_at_any_size = port({})

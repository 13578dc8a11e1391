"""Lasagne's Conv2DLayer, on Theano, ported to TensorFlow.

Theano convolves: it turns the filter by 180 degrees. TensorFlow correlates: it takes the filter as it is. So moving
the weights to TensorFlow's layout is half of the port; they must be flipped as well.

- ``conv_flipped`` does both: equal.
- ``conv_not_flipped`` only moves the axes: different, ``kernel.flipped``.

Run: equivalence check examples/lasagne_conv_to_tensorflow.py   (exit status 1: different)
"""

from equivalence import Layer, Port


def lasagne_conv(x, weight, bias):
    """What Conv2DLayer(pad="valid", nonlinearity=rectify) computes."""
    import theano.tensor as T

    convolved = T.nnet.conv2d(x, weight, border_mode="valid", filter_flip=True)
    return T.nnet.relu(convolved + bias.dimshuffle("x", 0, "x", "x"))


def tf_conv_flipped(x, weight, bias):
    """Flip the filters, then correlate."""
    import tensorflow as tf

    flipped = tf.reverse(weight, axis=[0, 1])
    return tf.nn.relu(tf.nn.conv2d(x, flipped, strides=1, padding="VALID") + bias)


def tf_conv_not_flipped(x, weight, bias):
    """Correlate with the filters as Lasagne stored them."""
    import tensorflow as tf

    return tf.nn.relu(tf.nn.conv2d(x, weight, strides=1, padding="VALID") + bias)


def port(ported):
    """The port with this layer on TensorFlow's side."""
    return Port(
        original=Layer(
            "theano", lasagne_conv, inputs={"x": "n c h w", "weight": "o c p q", "bias": "o"}, output="n o i j"
        ),
        ported=Layer("tensorflow", ported, inputs={"x": "n h w c", "weight": "p q c o", "bias": "o"}, output="n i j o"),
        sizes={"h": 7, "w": 6, "p": 3, "q": [2, 3]},
    )


conv_flipped = port(tf_conv_flipped)
conv_not_flipped = port(tf_conv_not_flipped)

"""The end of an image classifier, flatten then dense, ported from TensorFlow to PyTorch.

TensorFlow flattens height, width, channels; PyTorch flattens channels, height, width. The dense layer's weights belong
to TensorFlow's order, and fit PyTorch's as far as the shapes go.

- ``channels_last_first`` moves the channels to the end before it flattens: equal.
- ``weights_reordered`` flattens as PyTorch does and re-orders the weights instead: equal.
- ``flattened_as_it_is`` does neither: different, ``layout.flatten-order``.

Run: equivalence check examples/flatten_then_dense.py   (exit status 1: different)
"""

from equivalence import Layer, Port


def tf_classifier(x, weight, bias):
    """The original, as ``Flatten`` and ``Dense`` compute it."""
    import tensorflow as tf

    return tf.reshape(x, [tf.shape(x)[0], -1]) @ weight + bias


def torch_channels_last_first(x, weight, bias):
    """Move the channels to the end, as TensorFlow has them, and flatten."""
    import torch.nn.functional as F

    return F.linear(x.permute(0, 2, 3, 1).flatten(1), weight, bias)


def torch_weights_reordered(x, weight, bias):
    """Flatten in PyTorch's order, and bring the weights into the same."""
    import torch.nn.functional as F

    channels, height, width = x.shape[1:]
    reordered = weight.unflatten(1, (height, width, channels)).permute(0, 3, 1, 2).flatten(1)
    return F.linear(x.flatten(1), reordered, bias)


def torch_flattened_as_it_is(x, weight, bias):
    """Flatten in PyTorch's order, and leave the weights in TensorFlow's."""
    import torch.nn.functional as F

    return F.linear(x.flatten(1), weight, bias)


def port(ported):
    """The port with this layer on PyTorch's side."""
    return Port(
        original=Layer(
            "tensorflow", tf_classifier, inputs={"x": "n h w c", "weight": "f o", "bias": "o"}, output="n o"
        ),
        ported=Layer("torch", ported, inputs={"x": "n c h w", "weight": "o f", "bias": "o"}, output="n o"),
        sizes={"f": "h*w*c"},
    )


channels_last_first = port(torch_channels_last_first)
weights_reordered = port(torch_weights_reordered)
flattened_as_it_is = port(torch_flattened_as_it_is)

"""A convolution of stride 2 with padding SAME, ported from TensorFlow to PyTorch.

TensorFlow pads no more than it needs, and puts the odd pixel at the end: for a 3 x 3 filter on an image of even size
it pads 0 before and 1 after. PyTorch's ``padding=1`` pads 1 on both sides, so the windows sit one pixel further up and
left. The outputs have the same shape. On images of odd size the two are the same.

- ``padded_by_hand`` pads as TensorFlow does: equal.
- ``padding_1`` does not: different, ``padding.side``.
- ``padding_1_on_odd_images`` is the same layer, checked only where it is right: equal.

Run: equivalence check examples/tensorflow_strided_conv_to_torch.py   (exit status 1: different)
"""

from equivalence import Layer, Port


def tf_conv(x, weight):
    """The original."""
    import tensorflow as tf

    return tf.nn.conv2d(x, weight, strides=2, padding="SAME")


def torch_conv_padded_by_hand(x, weight):
    """Pad 0 or 1 before, and 1 after, as TensorFlow does."""
    import torch.nn.functional as F

    height, width = x.shape[2:]
    padded = F.pad(x, (width % 2, 1, height % 2, 1))
    return F.conv2d(padded, weight, stride=2)


def torch_conv_padding_1(x, weight):
    """Pad 1 on each side."""
    import torch.nn.functional as F

    return F.conv2d(x, weight, stride=2, padding=1)


def port(ported, sizes):
    """The port with this layer on PyTorch's side, at these sizes of image."""
    return Port(
        original=Layer("tensorflow", tf_conv, inputs={"x": "n h w c", "weight": "p q c o"}, output="n i j o"),
        ported=Layer("torch", ported, inputs={"x": "n c h w", "weight": "o c p q"}, output="n o i j"),
        operation="conv2d",
        sizes={"p": 3, "q": 3, **sizes},
        parameters={"stride": (2, 2), "padding": "same_upper"},
    )


padded_by_hand = port(torch_conv_padded_by_hand, {"h": [6, 7], "w": [8, 5]})
padding_1 = port(torch_conv_padding_1, {"h": [6, 7], "w": [8, 5]})
padding_1_on_odd_images = port(torch_conv_padding_1, {"h": [5, 7], "w": 9})

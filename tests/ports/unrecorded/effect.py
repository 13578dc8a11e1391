"""Unrecorded porting faults of what a layer does besides its output."""

from equivalence import Layer, Port


def torch_centred(x, scale):
    return (x - x.mean(dim=-1, keepdim=True)) * scale


def numpy_centred_in_place(x, scale):
    x -= x.mean(axis=-1, keepdims=True)
    return x * scale


in_place = Port(
    name="centred-in-place",
    original=Layer("torch", torch_centred, inputs={"x": "n c", "scale": "c"}, output="n c"),
    ported=Layer("numpy", numpy_centred_in_place, inputs={"x": "n c", "scale": "c"}, output="n c"),
)


def keras_hidden(x, weight, bias):
    """Inference: a dropout layer that does nothing."""
    from keras import ops

    return ops.relu(x @ weight + bias)


def torch_functional_dropout(x, weight, bias):
    """The function drops in training mode unless it is told."""
    import torch.nn.functional as F

    return F.dropout(F.relu(F.linear(x, weight, bias)))


DENSE = {"x": "n c", "bias": "o"}

dropout = Port(
    name="functional-dropout-left-on",
    original=Layer("keras", keras_hidden, inputs={**DENSE, "weight": "c o"}, output="n o"),
    ported=Layer("torch", torch_functional_dropout, inputs={**DENSE, "weight": "o c"}, output="n o"),
)


def tf_tempered(x):
    import tensorflow as tf

    return tf.nn.softmax(x / 2.0)


def torch_annealed():
    import torch

    class Annealed(torch.nn.Module):
        """Its temperature falls with every call, in evaluation too."""

        def __init__(self):
            super().__init__()
            self.register_buffer("temperature", torch.tensor(2.0))

        def forward(self, x):
            y = torch.softmax(x / self.temperature.to(x.dtype), dim=-1)
            self.temperature = self.temperature * 0.97
            return y

    return Annealed()


annealed = Port(
    name="temperature-falls-with-every-call",
    original=Layer("tensorflow", tf_tempered, inputs={"x": "n c"}, output="n c"),
    ported=Layer("torch", torch_annealed, inputs={"x": "n c"}, output="n c"),
)

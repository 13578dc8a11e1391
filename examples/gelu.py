"""GELU, as GPT-2 has it on TensorFlow, ported to PyTorch.

GPT-2 computes GELU by a formula with tanh; ``torch.nn.functional.gelu`` by the error function unless it is told
otherwise. The two are never further apart than 0.0005, so a tolerance for whole models lets it pass.

- ``gelu_by_tanh`` asks for the formula: equal.
- ``gelu_as_it_comes`` does not: different, ``function.variant``.

Run: equivalence check examples/gelu.py   (exit status 1: different)
"""

from math import pi, sqrt

from equivalence import Layer, Port


def tf_gelu(x):
    """The original, as GPT-2's code writes it."""
    import tensorflow as tf

    return 0.5 * x * (1 + tf.tanh(sqrt(2 / pi) * (x + 0.044715 * tf.pow(x, 3))))


def torch_gelu_by_tanh(x):
    """The same formula."""
    import torch.nn.functional as F

    return F.gelu(x, approximate="tanh")


def torch_gelu_as_it_comes(x):
    """The error function."""
    import torch.nn.functional as F

    return F.gelu(x)


def port(ported):
    """The port with this function on PyTorch's side."""
    return Port(
        original=Layer("tensorflow", tf_gelu, inputs={"x": "n c"}, output="n c"),
        ported=Layer("torch", ported, inputs={"x": "n c"}, output="n c"),
        operation="gelu",
        parameters={"approximate": "tanh"},
    )


gelu_by_tanh = port(torch_gelu_by_tanh)
gelu_as_it_comes = port(torch_gelu_as_it_comes)

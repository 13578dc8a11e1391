"""Batch normalization with its running statistics, ported from Keras to PyTorch.

Keras's epsilon is 0.001 and PyTorch's 0.00001. Keras's momentum is the part of the old statistics that is kept, 0.99;
PyTorch's is the part of the new ones that is taken, 0.1. And in training PyTorch puts the unbiased variance into its
running statistics, Keras the biased one: no argument changes that.

- ``inference`` sets the epsilon: equal.
- ``inference_with_defaults`` does not: different, ``epsilon.value``.
- ``training`` takes 1 - 0.99 as momentum, and is the same but for the running variance: equal.
- ``training_with_momentum_as_it_is`` takes 0.99 as it is: different, ``momentum.convention``.
- ``training_with_variance`` compares the running variance too: different, ``variance.correction``.

Run: equivalence check examples/keras_batch_norm_to_torch.py   (exit status 1: different)
"""

from equivalence import Layer, Port, Positive, Real


def keras_batch_norm():
    """The original."""
    import keras

    return keras.layers.BatchNormalization()


def torch_batch_norm(sizes, eps=1e-3, momentum=0.01):
    """The port, as it should be."""
    import torch

    return torch.nn.BatchNorm2d(sizes["c"], eps=eps, momentum=momentum)


def torch_batch_norm_with_defaults(sizes):
    """The port with PyTorch's epsilon."""
    return torch_batch_norm(sizes, eps=1e-5)


def torch_batch_norm_with_momentum_as_it_is(sizes):
    """The port with Keras's number for the momentum."""
    return torch_batch_norm(sizes, momentum=0.99)


MATCH = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def port(ported, *, training=False, compared=()):
    """The port with this layer on PyTorch's side, comparing the output and these statistics."""
    mean, variance = Real("c", gradient=False), Positive("c", gradient=False)
    return Port(
        original=Layer(
            "keras",
            keras_batch_norm,
            inputs={"x": "n h w c"},
            parameters={"gamma": "c", "beta": "c", "moving_mean": mean, "moving_variance": variance},
            outputs={"y": "n h w c", **dict.fromkeys(compared, "c")},
            training=training,
        ),
        ported=Layer(
            "torch",
            ported,
            inputs={"x": "n c h w"},
            parameters={"weight": "c", "bias": "c", "running_mean": mean, "running_var": variance},
            outputs={"y": "n c h w", **{MATCH[name]: "c" for name in compared}},
            training=training,
        ),
        match=MATCH,
    )


inference = port(torch_batch_norm)
inference_with_defaults = port(torch_batch_norm_with_defaults)
training = port(torch_batch_norm, training=True, compared=["moving_mean"])
training_with_momentum_as_it_is = port(torch_batch_norm_with_momentum_as_it_is, training=True, compared=["moving_mean"])
training_with_variance = port(torch_batch_norm, training=True, compared=["moving_mean", "moving_variance"])

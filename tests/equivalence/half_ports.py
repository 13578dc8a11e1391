"""Ports to be checked in half precision."""

from equivalence import Layer, Port


def torch_nin(x, weight):
    import torch

    return torch.einsum("nchw,oc->nohw", x, weight)


def tensorflow_nin(x, weight):
    import tensorflow as tf

    return tf.tensordot(x, weight, axes=1)


def doubled(x, weight):
    import torch

    half = x.dtype in (torch.float16, torch.bfloat16)
    return torch.einsum("nchw,oc->nohw", x, weight) * (2 if half else 1)


def numpy_nin(x, weight):
    import numpy as np

    return np.einsum("nchw,oc->nohw", x, weight)


def theano_nin(x, weight):
    return (x.dimshuffle(0, 2, 3, 1) @ weight.T).dimshuffle(0, 3, 1, 2)


CANONICAL = {"inputs": {"x": "n c h w", "weight": "o c"}, "output": "n o h w"}
original = Layer("torch", torch_nin, **CANONICAL)
ported = Layer("tensorflow", tensorflow_nin, inputs={"x": "n h w c", "weight": "c o"}, output="n h w o")

right = Port(original=original, ported=ported, operation="nin")
wrong = Port(original=original, ported=Layer("torch", doubled, **CANONICAL))
arrays = Port(original=Layer("numpy", numpy_nin, **CANONICAL), ported=original)
unable = Port(original=Layer("theano", theano_nin, **CANONICAL), ported=original)

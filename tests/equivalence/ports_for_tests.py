"""Ports, right and wrong, each of which the tests check. NumPy and PyTorch start fastest."""

import os
import time

from equivalence import Integers, Layer, Lengths, Mask, Port, Positive, Real

DENSE = {"x": "n c", "weight": "c o"}
LINEAR = {"x": "n c", "weight": "o c"}


def np_dense(x, weight):
    return x @ weight


def torch_dense(x, weight):
    return x @ weight.T


original = Layer("numpy", np_dense, inputs=DENSE, output="n o")

right = Port(original=original, ported=Layer("torch", torch_dense, inputs=LINEAR, output="n o"), operation="dense")


def torch_forgot_to_transpose(x, weight):
    return x @ weight


forgotten_transpose = Port(
    original=original,
    ported=Layer("torch", torch_forgot_to_transpose, inputs={"x": "n c", "weight": "o c"}, output="n o"),
)


def torch_transposed_output(x, weight):
    return weight @ x.T


transposed_output = Port(original=original, ported=Layer("torch", torch_transposed_output, inputs=LINEAR, output="n o"))


def torch_blocked(x, weight):
    return x.detach() @ weight.T


blocked_gradient = Port(original=original, ported=Layer("torch", torch_blocked, inputs=LINEAR, output="n o"))


def torch_raises(x, weight):
    raise RuntimeError("not for these sizes")


def np_raises(x, weight):
    raise RuntimeError("nor for these")


one_side_raises = Port(original=original, ported=Layer("torch", torch_raises, inputs=LINEAR, output="n o"))
both_raise = Port(
    original=Layer("numpy", np_raises, inputs=DENSE, output="n o"),
    ported=Layer("torch", torch_raises, inputs=LINEAR, output="n o"),
)


def torch_two(x, weight):
    return x @ weight.T, x


two_outputs_for_one = Port(original=original, ported=Layer("torch", torch_two, inputs=LINEAR, output="n o"))


def torch_dies(x, weight):
    os._exit(7)


def torch_hangs(x, weight):
    time.sleep(600)


dies = Port(original=original, ported=Layer("torch", torch_dies, inputs=LINEAR, output="n o"))
hangs = Port(original=original, ported=Layer("torch", torch_hangs, inputs=LINEAR, output="n o"))

both_agree_but_not_the_operation = Port(
    original=Layer("numpy", lambda x, weight: 2 * (x @ weight), inputs=DENSE, output="n o"),
    ported=Layer("torch", lambda x, weight: 2 * (x @ weight.T), inputs=LINEAR, output="n o"),
    operation="dense",
)

named_otherwise = Port(
    original=Layer(
        "numpy", lambda images, kernel: images @ kernel, inputs={"images": "b f", "kernel": "f u"}, output="b u"
    ),
    ported=Layer(
        "torch", lambda images, kernel: images @ kernel, inputs={"images": "b f", "kernel": "f u"}, output="b u"
    ),
    operation="dense",
    bind={"images": "x", "kernel": "weight"},
    name="another name",
)


def np_moments(x):
    return {"mean": x.mean(axis=0), "variance": x.var(axis=0)}


def torch_moments(x):
    return x.mean(dim=0), x.var(dim=0, unbiased=False)


moments = Port(
    original=Layer("numpy", np_moments, inputs={"x": "n c"}, outputs={"mean": "c", "variance": "c"}),
    ported=Layer("torch", torch_moments, inputs={"x": "n c"}, outputs={"mean": "c", "variance": "c"}),
    sizes={"n": [3, 4]},
)


def np_pooled(table, tokens, mask, lengths, scale):
    import numpy as np

    rows = table[tokens] * mask[..., None] * scale
    return np.stack([row[:length].sum(axis=0) for row, length in zip(rows, lengths, strict=True)])


def torch_pooled(table, tokens, mask, lengths, scale):
    import torch

    steps = torch.arange(tokens.shape[1])
    keep = mask & (steps[None] < lengths[:, None])
    return (table[tokens] * keep[..., None] * scale).sum(dim=1)


POOLED = {
    "table": Real("v d"),
    "tokens": Integers("n t", below="v"),
    "mask": Mask("n t"),
    "lengths": Lengths("n", of="t"),
    "scale": Positive("d", gradient=False),
}
pooled = Port(
    original=Layer("numpy", np_pooled, inputs=POOLED, output="n d"),
    ported=Layer("torch", torch_pooled, inputs=POOLED, output="n d"),
)


def torch_unrolled(x, weight, *, sizes, scale=1.0):
    return scale * sum(x[:, k : k + 1] * weight[:, k] for k in range(sizes["c"]))


def np_scaled(x, weight, scale):
    return scale * (x @ weight)


with_sizes_and_parameters = Port(
    original=Layer("numpy", np_scaled, inputs=DENSE, output="n o"),
    ported=Layer("torch", torch_unrolled, inputs=LINEAR, output="n o"),
    parameters={"scale": 3.0},
    sizes={"c": "2*o", "o": 3},
)


def process(x):
    import torch

    return torch.zeros_like(x) + os.getpid()


two_processes = Port(
    original=Layer("torch", process, inputs={"x": "n"}, output="n"),
    ported=Layer("torch", process, inputs={"x": "n"}, output="n"),
)

in_another_file = Port(
    original=original, ported=Layer("torch", "layers_for_tests.py:dense", inputs=LINEAR, output="n o")
)

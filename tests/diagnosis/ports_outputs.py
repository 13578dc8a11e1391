"""Ports whose ported layer does something else to its output or at its borders, by the code it should get."""

import numpy as np
from port_recorder import Recorder

from equivalence import Integers, Mask

port = Recorder(__file__)

DENSE = {"x": "n c", "weight": "c o"}


def dense(x, weight):
    return x @ weight


doubled = port(dense, lambda x, weight: 1.75 * (x @ weight), DENSE, "n o", "scale.factor")
by_size = port(dense, lambda x, weight: x @ weight / x.shape[1], DENSE, "n o", "scale.factor")
shifted = port(dense, lambda x, weight: x @ weight + 0.25, DENSE, "n o", "constant.value")
activation_more = port(dense, lambda x, weight: np.maximum(x @ weight, 0), DENSE, "n o", "function.variant")
activation_less = port(lambda x, weight: np.maximum(x @ weight, 0), dense, DENSE, "n o", "function.variant")
cut_off = port(dense, lambda x, weight: np.trunc(x @ weight), DENSE, "n o", "precision.integer")
in_half = port(
    dense, lambda x, weight: (x @ weight).astype(np.float16).astype(x.dtype), DENSE, "n o", "precision.lower"
)


def floored(a, b):
    return np.floor(a / b)


towards_zero = port(floored, lambda a, b: np.trunc(a / b), {"a": "n c", "b": "n c"}, "n c", "precision.integer")


INTEGERS = {"a": Integers("n c", low=-20, below=21), "b": Integers("n c", low=1, below=7)}
towards_zero_of_integers = port(
    lambda a, b: a // b, lambda a, b: np.trunc(a / b).astype(int), INTEGERS, "n c", "precision.integer"
)


def mean_of(x):
    return np.mean(x**2)


summed = port(mean_of, lambda x: np.sum(x**2) / len(x), {"x": "n c"}, "", "reduction.normalizer")


def kept_mean(x, mask):
    return np.sum(x * mask) / mask.sum()


over_all = port(
    kept_mean,
    lambda x, mask: np.sum(x * mask) / mask.size,
    {"x": "n t", "mask": Mask("n t")},
    "",
    "reduction.normalizer",
)


def blocks_of_space(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 3, 5, 1, 2, 4).reshape(n, -1, h // 2, w // 2)


def other_blocks(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 5, 2, 4).reshape(n, -1, h // 2, w // 2)


space = port(
    blocks_of_space, other_blocks, {"x": "n c h w"}, "n o i j", "layout.channel-order", sizes={"h": [4, 6], "w": 8}
)


def late(x):
    return np.concatenate([np.zeros_like(x[:, :1]), np.cumsum(x, axis=1)[:, :-1]], axis=1)


one_late = port(lambda x: np.cumsum(x, axis=1), late, {"x": "n t c"}, "n t c", "sequence.state")


def convolved(x, weight, left=1, right=1, stride=1, mode="constant"):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, [(0, 0), (0, 0), (left, right)], mode), 3, axis=2)
    return np.einsum("nctp,ocp->not", windows, weight)[:, :, ::stride]


def same(x, weight):
    total = max((-(-x.shape[2] // 2) - 1) * 2 + 3 - x.shape[2], 0)
    return convolved(x, weight, total // 2, total - total // 2, 2)


CONV = {"x": "n c t", "weight": "o c p"}
other_side = port(same, lambda x, weight: convolved(x, weight, 1, 1, 2), CONV, "n o i", "padding.side", sizes={"p": 3})
reflected = port(
    convolved, lambda x, weight: convolved(x, weight, mode="reflect"), CONV, "n o i", "padding.value", sizes={"p": 3}
)
more = port(convolved, lambda x, weight: convolved(x, weight, 2, 2), CONV, "n o i", "padding.amount", sizes={"p": 3})
strided = port(
    convolved, lambda x, weight: convolved(x, weight, stride=2), CONV, "n o i", "stride.value", sizes={"p": 3}
)


def averaged(x, *, counted=False):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, [(0, 0), (0, 0), (1, 1)]), 3, axis=2)
    ones = np.lib.stride_tricks.sliding_window_view(np.pad(np.ones_like(x), [(0, 0), (0, 0), (1, 1)]), 3, axis=2)
    return windows.mean(-1) if counted else windows.sum(-1) / ones.sum(-1)


counted = port(averaged, lambda x: averaged(x, counted=True), {"x": "n c t"}, "n c i", "padding.counted")
not_counted = port(lambda x: averaged(x, counted=True), averaged, {"x": "n c t"}, "n c i", "padding.counted")


def standardised(x):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)


def each_alone(x):
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)


def over_both(x):
    return (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-3)


jointly = port(each_alone, over_both, {"x": "n t c"}, "n t c", "axis.wrong")
alone = port(over_both, each_alone, {"x": "n t c"}, "n t c", "axis.wrong")

right_dense = port(dense, lambda x, weight: (weight.T @ x.T).T, DENSE, "n o")


def averaged_by_sums(x):
    padded = np.cumsum(np.pad(x, [(0, 0), (0, 0), (2, 1)]), axis=2)
    places = np.arange(x.shape[2])
    return (padded[:, :, 3:] - padded[:, :, :-3]) / (np.minimum(places, 1) + 1 + np.minimum(x.shape[2] - 1 - places, 1))


right_average = port(averaged, averaged_by_sums, {"x": "n c t"}, "n c i")

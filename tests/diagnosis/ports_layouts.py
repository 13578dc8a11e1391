"""Ports whose ported layer has one thing about its layout wrong, by the code it should get; and some that are right."""

import numpy as np
from port_recorder import Recorder

from equivalence import Lengths

port = Recorder(__file__)


def slid(x, weight):
    h, w = (x.shape[k] - weight.shape[k] + 1 for k in (2, 3))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, :h, :w]
    return np.einsum("nchwpq,ocpq->nohw", windows, weight)


def flipped(x, weight):
    return slid(x, weight[:, :, ::-1, ::-1])


def flipped_rows(x, weight):
    return slid(x, weight[:, :, ::-1])


def transposed_kernel(x, weight):
    return slid(x, weight.transpose(0, 1, 3, 2))


def reshaped_kernel(x, weight):
    o, c, p, q = weight.shape
    return slid(x, weight.reshape(p, q, c, o).transpose(3, 2, 0, 1))


def bgr(x, weight):
    return slid(x[:, ::-1], weight)


CONV = {"x": "n c h w", "weight": "o c p q"}
kernel_flipped = port(slid, flipped, CONV, "n o i j", "kernel.flipped")
kernel_half_flipped = port(slid, flipped_rows, CONV, "n o i j", "kernel.flipped")
kernel_transposed = port(slid, transposed_kernel, CONV, "n o i j", "layout.transposed", sizes={"p": 3, "q": 3})
kernel_reshaped = port(slid, reshaped_kernel, CONV, "n o i j", "layout.reshaped", sizes={"p": 3, "q": 3})
channels_backwards = port(slid, bgr, CONV, "n o i j", "layout.channel-order", sizes={"c": 3})


def dense(x, weight):
    return x @ weight


def dense_transposed(x, weight):
    return x @ weight.T


def dense_output(x, weight):
    return (x @ weight).T


square = port(
    dense, dense_transposed, {"x": "n c", "weight": "c o"}, "n o", "layout.transposed", sizes={"c": 4, "o": 4}
)
output_transposed = port(dense, dense_output, {"x": "n c", "weight": "c o"}, "n o", "layout.transposed")


def flat(x, weight):
    return x.reshape(len(x), -1) @ weight


def flat_last(x, weight):
    return x.transpose(0, 2, 3, 1).reshape(len(x), -1) @ weight


flattened = port(
    flat, flat_last, {"x": "n c h w", "weight": "k o"}, "n o", "layout.flatten-order", sizes={"k": "c*h*w"}
)


def heads(y):
    n, m, t, d = y.shape
    return y.transpose(0, 2, 1, 3).reshape(n, t, m * d)


def heads_as_they_are(y):
    n, m, t, d = y.shape
    return y.reshape(n, t, m * d)


merged = port(heads, heads_as_they_are, {"y": "n m t d"}, "n t k", "layout.reshaped")


def walk(x, weight, recurrent, bias, steps=None):
    state, found = np.zeros((len(x), recurrent.shape[1])), []
    for step in range(x.shape[1]) if steps is None else steps:
        z, g = (x[:, step] @ weight[k] + state @ recurrent[k] + bias[k] for k in range(2))
        z = 1 / (1 + np.exp(-z))
        state = z * state + (1 - z) * np.tanh(g)
        found.append(state)
    return np.stack(found, axis=1)


def walk_gates(x, weight, recurrent, bias):
    return walk(x, weight[::-1], recurrent[::-1], bias[::-1])


def walk_polarity(x, weight, recurrent, bias):
    turned = np.array([-1.0, 1.0])
    return walk(x, weight * turned[:, None, None], recurrent * turned[:, None, None], bias * turned[:, None])


def walk_back(x, weight, recurrent, bias):
    return walk(x[:, ::-1], weight, recurrent, bias)[:, ::-1]


def walk_batch(x, weight, recurrent, bias):
    return walk(x.swapaxes(0, 1), weight, recurrent, bias).swapaxes(0, 1)


CELL = {"x": "n t c", "weight": "g c h", "recurrent": "g h' h", "bias": "g h"}
gates = port(walk, walk_gates, CELL, "n t h", "gate.order", sizes={"g": 2})
polarity = port(walk, walk_polarity, CELL, "n t h", "gate.polarity", sizes={"g": 2})
backwards = port(walk, walk_back, CELL, "n t h", "sequence.direction", sizes={"g": 2})
time_first = port(walk, walk_batch, CELL, "n t h", "sequence.axis", sizes={"g": 2})


def last_of(x, lengths):
    return np.cumsum(x, axis=1) * (np.arange(x.shape[1]) < lengths[:, None])[..., None]


def last_of_reversed(x, lengths):
    turned = np.stack([np.concatenate([row[:k][::-1], row[k:]]) for row, k in zip(x, lengths, strict=True)])
    return last_of(turned, lengths)


reversed_within = port(
    last_of, last_of_reversed, {"x": "n t c", "lengths": Lengths("n", of="t")}, "n t c", "sequence.direction"
)


def grouped(x, weight):
    return np.concatenate([part @ weight for part in np.split(x, 2, axis=1)], axis=1)


def grouped_in_turn(x, weight):
    return grouped(np.concatenate([x[:, ::2], x[:, 1::2]], axis=1), weight)


groups = port(
    grouped, grouped_in_turn, {"x": "n k", "weight": "c o"}, "n j", "layout.channel-order", sizes={"k": "2*c"}
)


def normalised(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def normalised_elsewhere(x):
    return x / np.linalg.norm(x, axis=2, keepdims=True)


wrong_axis = port(normalised, normalised_elsewhere, {"x": "n c t"}, "n c t", "axis.wrong")


def dense_again(x, weight):
    return np.einsum("nc,oc->no", x, weight)


right_dense = port(
    dense, dense_again, {"x": "n c", "weight": "c o"}, "n o", own={"x": "n c", "weight": "o c"}, sizes={"c": 4, "o": 4}
)


def slid_by_taps(x, weight):
    h, w = (x.shape[k] - weight.shape[k] + 1 for k in (2, 3))
    taps = np.ndindex(*weight.shape[2:])
    return sum(np.einsum("nchw,oc->nohw", x[:, :, p : p + h, q : q + w], weight[:, :, p, q]) for p, q in taps)


right_conv = port(slid, slid_by_taps, CONV, "n o i j")

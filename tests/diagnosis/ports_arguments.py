"""Ports whose ported layer treats an argument otherwise, by the code it should get; and some that are right."""

import numpy as np
from port_recorder import Recorder

from equivalence import Integers, Lengths, Mask, Positive, Real

port = Recorder(__file__)


def normalise(x, gamma, beta, mean, variance):
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


NORM = {"x": "n c", "gamma": "c", "beta": "c", "mean": "c", "variance": Positive("c")}


def with_changed(**changes):
    """The layer with some of its arguments changed by functions of all of them."""

    def layer(x, gamma, beta, mean, variance):
        own = {"x": x, "gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
        return normalise(**{**own, **{name: change(own) for name, change in changes.items()}})

    return layer


bias_missing = port(normalise, with_changed(beta=lambda a: 0 * a["beta"]), NORM, "n c", "bias.missing")
bias_twice = port(normalise, with_changed(beta=lambda a: 2 * a["beta"]), NORM, "n c", "bias.duplicated")
swapped = port(
    normalise, with_changed(gamma=lambda a: a["beta"], beta=lambda a: a["gamma"]), NORM, "n c", "parameter.swapped"
)
one_plus = port(normalise, with_changed(gamma=lambda a: 1 + a["gamma"]), NORM, "n c", "parameter.transformed")
of_ones = port(normalise, with_changed(gamma=lambda a: 1 + 0 * a["gamma"]), NORM, "n c", "parameter.transformed")
deviation = port(normalise, with_changed(variance=lambda a: a["variance"] ** 2), NORM, "n c", "variance.meaning")
bytes_given = port(normalise, with_changed(x=lambda a: 255 * a["x"]), NORM, "n c", "scale.factor")


def rounded_to_ten_bits(own):
    bits = own["x"].astype(np.float32).view(np.uint32) & np.uint32(0xFFFFE000)
    return bits.view(np.float32).astype(own["x"].dtype)


shortened = port(normalise, with_changed(x=rounded_to_ten_bits), NORM, "n c", "precision.lower")


def attend(scores, mask):
    weights = np.where(mask, np.exp(np.tanh(scores)), 0)
    return weights / (weights.sum(-1, keepdims=True) + 1e-6)


MASKED = {"scores": "n t s", "mask": Mask("n t s")}
mask_inverted = port(attend, lambda scores, mask: attend(scores, ~mask), MASKED, "n t s", "mask.polarity")
mask_ignored = port(attend, lambda scores, mask: attend(scores, np.ones_like(mask)), MASKED, "n t s", "sequence.mask")
mask_late = port(attend, lambda scores, mask: attend(scores, np.roll(mask, 1, -1)), MASKED, "n t s", "mask.alignment")
mask_transposed = port(
    attend,
    lambda scores, mask: attend(scores, mask.swapaxes(1, 2)),
    MASKED,
    "n t s",
    "mask.alignment",
    sizes={"t": 4, "s": 4},
)
causal_too = port(
    attend,
    lambda scores, mask: attend(scores, mask & np.tril(np.ones(mask.shape[1:], bool))),
    MASKED,
    "n t s",
    "mask.alignment",
)


def pooled(x, lengths):
    return np.stack([np.tanh(row[:length]).sum(0) for row, length in zip(x, lengths, strict=True)])


POOLED = {"x": "n t c", "lengths": Lengths("n", of="t")}
lengths_ignored = port(pooled, lambda x, lengths: pooled(x, 0 * lengths + x.shape[1]), POOLED, "n c", "sequence.mask")
one_short = port(pooled, lambda x, lengths: pooled(x, np.maximum(lengths - 1, 1)), POOLED, "n c", "sequence.mask")


def look_up(table, tokens):
    return np.where((tokens >= 0)[..., None], table[np.clip(tokens, 0, len(table) - 1)], 0.0)


TOKENS = {"table": "v d", "tokens": Integers("n t", below="v")}
SIGNED = {"table": "v d", "tokens": Integers("n t", low=-2, below="v")}
one_up = port(
    lambda table, tokens: table[tokens],
    lambda table, tokens: table[np.minimum(tokens + 1, len(table) - 1)],
    TOKENS,
    "n t d",
    "index.offset",
)
from_the_end = port(
    look_up, lambda table, tokens: look_up(table, tokens % len(table)), SIGNED, "n t d", "index.negative"
)


def scaled_rows(table, tokens):
    return table[tokens] * np.sqrt(table.shape[1])


size_factor = port(lambda table, tokens: table[tokens], scaled_rows, TOKENS, "n t d", "scale.factor")


def activated(x, weight, bias):
    return np.tanh(x @ weight + bias)


def activated_before(x, weight, bias):
    return np.tanh(x @ weight) + bias


bias_after = port(
    activated, activated_before, {"x": "n c", "weight": "c o", "bias": Real("o")}, "n o", "bias.placement"
)


def folded(x, gamma, beta, mean, variance):
    scale = gamma / np.sqrt(variance + 1e-3)
    return x * scale + (beta - mean * scale)


right_folded = port(normalise, folded, NORM, "n c")
right_masked = port(
    attend,
    lambda scores, mask: attend(np.where(mask, scores, 0), mask),
    MASKED,
    "n t s",
)

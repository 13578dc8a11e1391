"""Layers that differ in what they make of masks, padding, time or the batch, and in something else, so that no single
change of the original explains them; by the code that should be told."""

import numpy as np
from port_recorder import Recorder

from equivalence import Lengths, Mask

port = Recorder(__file__)


def softmax(scores):
    raised = np.exp(scores - scores.max(-1, keepdims=True, initial=-1e30))
    return raised / raised.sum(-1, keepdims=True)


def attend(added, power=1):
    def layer(q, k, v, mask, weight):
        scores = np.einsum("ntd,nsd->nts", q, k) + np.where(mask[:, None], 0.0, added)
        return np.tanh(softmax(scores) @ v @ weight) ** power

    return layer


ATTEND = {"q": "n t d", "k": "n s d", "v": "n s e", "mask": Mask("n s"), "weight": "e f"}
additive = port(attend(-1e9), attend(-5.0, 3), ATTEND, "n t f", "mask.additive")

POOL = {"x": "n t c", "mask": Mask("n t"), "weight": "c o"}


def pool(x, mask, weight):
    return np.tanh((x * mask[..., None]).sum(1) / mask.sum(1)[:, None] @ weight)


counted = port(
    pool,
    lambda x, mask, weight: np.tanh((x * mask[..., None]).mean(1) @ weight) ** 3,
    POOL,
    "n o",
    "reduction.normalizer",
)
unmasked = port(pool, lambda x, mask, weight: np.tanh(x.mean(1) @ weight) ** 3, POOL, "n o", "sequence.mask")


def summed(x, lengths):
    kept = np.arange(x.shape[1]) < lengths[:, None]
    return np.tanh((x * kept[..., None]).sum(1))


longer = port(
    summed,
    lambda x, lengths: np.tanh(1.2 * x.sum(1)),
    {"x": "n t c", "lengths": Lengths("n", of="t")},
    "n c",
    "sequence.mask",
)


def self_attend(*, causal):
    def layer(x, weight):
        scores = np.einsum("ntc,cd,nsd->nts", x, weight, x)
        if causal:
            scores = np.where(np.tril(np.ones(scores.shape[1:], bool)), scores, -1e30)
        return np.tanh((1.0 if causal else 1.3) * softmax(scores) @ x)

    return layer


ahead = port(
    self_attend(causal=True), self_attend(causal=False), {"x": "n t c", "weight": "c c'"}, "n t c", "mask.alignment"
)


def walked(x, weight):
    h, steps = 0.0, []
    for step in range(x.shape[1]):
        h = np.tanh(x[:, step] @ weight + 0.5 * h)
        steps.append(h)
    return np.stack(steps, 1)


backwards = port(
    walked,
    lambda x, weight: walked(x[:, ::-1], weight)[:, ::-1] ** 3,
    {"x": "n t c", "weight": "c h"},
    "n t h",
    "sequence.direction",
)


def dense(x, weight):
    return np.tanh(x @ weight)


def mixed(x, weight):
    return np.tanh(1.1 * (x - 0.3 * x.mean(0)) @ weight)


examples = port(dense, mixed, {"x": "n c", "weight": "c o"}, "n o", "contraction.axes")


def normal(axis):
    def layer(x, weight):
        h = x @ weight
        return np.tanh((h - h.mean(axis, keepdims=True)) / np.sqrt(h.var(axis, keepdims=True) + 1e-5))

    return layer


batch = port(normal(1), normal(0), {"x": "n c", "weight": "c o"}, "n o", "statistics.source")


def recurrent(function):
    def layer(x, weight, recurrent):
        h, steps = np.zeros((x.shape[0], weight.shape[1])), []
        for step in range(x.shape[1]):
            h = np.tanh(x[:, step] @ weight + function(h) @ recurrent)
            steps.append(h)
        return np.stack(steps, 1)

    return layer


drifting = port(
    recurrent(lambda h: h),
    recurrent(lambda h: np.sin(2 * h)),
    {"x": "n t c", "weight": "c h", "recurrent": "h h'"},
    "n t h",
    "gate.formula",
)

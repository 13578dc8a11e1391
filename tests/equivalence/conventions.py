"""A layer with packed gates and two outputs, and bindings of it under every kind of convention. Loaded by workers."""

import numpy as np

from equivalence.binding import Flip, binding
from equivalence.operation import case, operation


@operation(
    inputs={"x": "n c t", "weight": "g c", "bias": "g"},
    outputs={"y": "n h t", "mean": "n h"},
    parameters={"scale": (1.0, 2.0), "turned": (False, True)},
    sizes={"g": "3*h"},
    blocks={"g": "a b c"},
    rounding=None,  # gradients here are differences
    cases=[
        case("distinct", {"n": 2, "c": 3, "t": 5, "h": 4}),
        case("equal", {"n": 3, "c": 3, "t": 3, "h": 3}),
        case("scaled-turned", {"n": 2, "c": 3, "t": 4, "h": 2}, scale=2.0, turned=True),
        case("without_bias", {"n": 1, "c": 2, "t": 3, "h": 2}, without=["bias"]),
    ],
)
def gated(x, weight, bias=None, *, scale=1.0, turned=False):
    a, b, c = gates(x[..., ::-1] if turned else x, weight, bias)
    y = scale * a * np.tanh(b) + c
    return y, y.mean(-1)


def gates(x, weight, bias):
    weighted = np.einsum("nct,gc->ngt", x, weight)
    return np.split(weighted if bias is None else weighted + bias[:, None], 3, axis=1)


@gated.vjp
def gated_vjp(cotangents, x, weight, bias=None, *, scale=1.0, turned=False):
    x = x[..., ::-1] if turned else x
    a, b, _ = gates(x, weight, bias)
    y = cotangents["y"] + cotangents["mean"][..., None] / x.shape[-1]
    weighted = np.concatenate([scale * y * np.tanh(b), scale * y * a * (1 - np.tanh(b) ** 2), y], 1)
    x_gradient = np.einsum("ngt,gc->nct", weighted, weight)
    gradients = {
        "x": x_gradient[..., ::-1] if turned else x_gradient,
        "weight": np.einsum("ngt,nct->gc", weighted, x),
    }
    return gradients if bias is None else {**gradients, "bias": weighted.sum((0, 2))}


def as_declared(x, weight, bias=None, *, scale, turned):
    return gated.reference(x, weight, bias, scale=scale, turned=turned)


def time_first(x, weight, bias=None, *, scale, turned):
    weighted = np.einsum("tnc,cg->tng", x[::-1] if turned else x, weight)
    c, a, b = np.split(weighted if bias is None else weighted + bias[0], 3, axis=2)
    y = scale * a * np.tanh(b) + c
    return {"mean": y.mean(0).T, "y": y}


def keywords(x, *, kernel, percent, offset=None):
    return gated.reference(x, kernel, offset, scale=percent / 100)


def one_row_an_instant(x, weight, bias=None, *, examples, scale):
    weighted = x @ weight.T
    a, b, c = np.split(weighted if bias is None else weighted + bias, 3, axis=1)
    y = scale * a * np.tanh(b) + c
    return y, y.reshape(examples, -1, y.shape[1]).mean(1)


plain = binding(as_declared, docs="tests", operation="gated")

moved = binding(
    time_first,
    docs="tests",
    operation="gated",
    variant="moved",
    x="t n c",
    weight="c g",
    bias="1 g",
    y="t n h",
    mean="h n",
    blocks={"g": "c a b"},
)

named = binding(
    keywords,
    docs="tests",
    operation="gated",
    variant="named",
    rename={"weight": "kernel", "bias": "offset", "scale": None, "turned": None},
    recode={"percent": lambda context: 100 * context.parameters["scale"]},
    # A framework that cannot turn its input, given a turned one.
    flip={"x": Flip("t", {"turned": True})},
)

packed = binding(
    one_row_an_instant,
    docs="tests",
    operation="gated",
    variant="packed",
    x="(n t) c",
    y="(n t) h",
    rename={"turned": None},
    recode={"examples": lambda context: context.sizes["n"]},
    flip={"x": Flip("t", {"turned": True})},
)

doubling = binding(
    lambda x, weight, bias=None, *, scale, turned: gated.reference(x, weight, bias, scale=2 * scale, turned=turned),
    docs="tests",
    operation="gated",
    variant="doubling",
    recode={"scale": {1.0: 0.5, 2.0: 1.0}},
)

"""Bounds of attention where the rounding of the scores alone decides which key wins."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from equivalence.inputs import Array
from equivalence.operation import OUTPUT
from equivalence.propagation import propagated
from equivalence.rounding import Bound, Bounds, Instance, Precision

_APART = 2
"""How far two numbers of at most some size are apart, in that size."""


def saturated(instance: Instance, precision: Precision) -> Bounds:
    r"""Bounds of attention of given queries, keys and values that hold for scores of any size.

    An error :math:`e` of a score makes one of :math:`e^{e}` in the exponential, which is more than any number for the
    scores of large queries, and an infinite error times a weight of 0 is none at all. But the weights are between 0 and
    1 and sum to 1, whatever the scores are, so the average is at most the largest value, and

    .. math:: |\bar S_{ts}| = A_{ts} \Big|\bar A_{ts} - \sum_r A_{tr} \bar A_{tr}\Big| \le 2 \max_r |\bar A_{tr}|

    Frameworks may give anything within that, such as PyTorch, which has :math:`\bar y \cdot y` for the sum.
    """
    given, settings = _sizes(instance.arrays), instance.settings
    groups, features = settings["groups"], given["query"].shape[3]
    key, value = (np.repeat(given[name], groups, axis=1) for name in ("key", "value"))
    scale = 1 / math.sqrt(features) if settings["scale"] is None else abs(settings["scale"])
    n, shared, s, _ = given["key"].shape
    averages = np.broadcast_to(value.max(axis=2, keepdims=True), (*given["query"].shape[:3], value.shape[3]))
    gradients = {}
    if OUTPUT in instance.cotangents:
        query, scores, values = _back(given["query"], key, value, np.abs(instance.cotangents[OUTPUT]))
        gradients = {
            "query": scale * query[0],
            "key": scale * query[1].reshape(n, shared, groups, s, -1).sum(axis=2),
            "value": values.reshape(n, shared, groups, s, -1).sum(axis=2),
            "bias": scores,
        }
    return _limited(propagated(instance, precision), {OUTPUT: averages}, gradients)


def saturated_self(instance: Instance, precision: Precision) -> Bounds:
    """As :func:`saturated`, of queries, keys and values that one weight makes of a sequence."""
    given = _sizes(instance.arrays)
    x, weight, out = given["x"], given["weight"], given["output_weight"]
    projected = np.einsum("ntc,bmdc->bnmtd", x, weight)
    projected = projected + given["bias"][:, None, :, None] if "bias" in given else projected
    query, key, value = projected
    averages = np.broadcast_to(value.max(axis=2, keepdims=True), value.shape)
    output = np.einsum("nmte,ome->nto", averages, out) + given.get("output_bias", 0.0)
    gradients = {}
    if OUTPUT in instance.cotangents:
        cotangent = np.abs(instance.cotangents[OUTPUT])
        both, _, values = _back(query, key, value, np.einsum("nto,ome->nmte", cotangent, out))
        scale = 1 / math.sqrt(weight.shape[2])
        back = np.stack([scale * both[0], scale * both[1], values])
        gradients = {
            "x": np.einsum("bnmtd,bmdc->ntc", back, weight),
            "weight": np.einsum("bnmtd,ntc->bmdc", back, x),
            "output_weight": np.einsum("nto,nmte->ome", cotangent, averages),
            "bias": back.sum(axis=(1, 3)),
        }
    return _limited(propagated(instance, precision), {OUTPUT: output}, gradients)


def _sizes(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.abs(array) for name, array in arrays.items() if array.dtype.kind == "f"}


def _back(query: Array, key: Array, value: Array, cotangent: Array) -> tuple[tuple[Array, Array], Array, Array]:
    """The largest sizes of gradients: of queries and keys without the scale, of scores, and of values."""
    largest = 2 * np.einsum("nmte,nmse->nmts", cotangent, value).max(axis=3, keepdims=True)
    scores = np.broadcast_to(largest, (*largest.shape[:3], key.shape[2]))
    values = np.broadcast_to(cotangent.sum(axis=2, keepdims=True), value.shape)
    both = np.einsum("nmts,nmsd->nmtd", scores, key), np.einsum("nmts,nmtd->nmsd", scores, query)
    return both, scores, values


def _limited(bounds: Bounds, outputs: Mapping[str, Array], gradients: Mapping[str, Array]) -> Bounds:
    """Bounds that are at most twice the sizes given."""
    found, back = bounds
    return (
        {name: _at_most(bound, outputs.get(name)) for name, bound in found.items()},
        {name: _at_most(bound, gradients.get(name)) for name, bound in back.items()},
    )


def _at_most(bound: Bound, size: Array | None) -> Bound:
    if size is None:
        return bound
    # Of what has to do with NaN or infinity nothing is known here.
    error = np.where(np.isfinite(size), np.fmin(bound.error, _APART * size), bound.error)
    return Bound(error, bound.magnitude, bound.peak)

r"""Losses: how far an output is from what it should be.

Every loss has a parameter ``reduction``. Below, :math:`L_n` is the loss of one example (and one pixel, if there are
any) or of one element:

- ``none`` returns them all,
- ``sum`` returns :math:`\sum_n L_n`,
- ``mean`` returns the sum over the number of those that count.

The functions take what came out first, then what should have; Keras and TensorFlow have them the other way round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from equivalence.inputs import Array, Integers, Mask, Positive, Real
from equivalence.operation import operation
from equivalence_reference._arguments import known, measured
from equivalence_reference.activation import log_softmax, sigmoid, softmax, softplus
from equivalence_reference.cases import loss as cases
from equivalence_reference.witnesses import loss as by_loops

REDUCTIONS = ("mean", "none", "sum")


def _probabilities(axes: str) -> Real:
    """An input that no framework's clipping of probabilities reaches."""
    return Real(axes, low=0.05, high=0.95)


def _reduced(operation: str, losses: Array, reduction: str, count: Any = None) -> Array:
    """The losses put together; a mean divides by ``count``, or by how many losses there are."""
    known(f"reduction of {operation}", reduction, (*REDUCTIONS, "weighted_mean", "row_means", "batchmean"))
    if reduction == "none":
        return losses
    if reduction == "row_means":
        return np.asarray(losses.mean(axis=-1))
    total = np.asarray(losses.sum())
    return total if reduction == "sum" else np.asarray(total / _divisor(losses, reduction, count))


def _divisor(losses: Array, reduction: str, count: Any) -> Any:
    if reduction == "batchmean":
        return losses.shape[0]
    return losses.size if count is None else count


def _shares(cotangent: Array, losses: Array, reduction: str, count: Any = None) -> Array:
    """The cotangent of each loss."""
    if reduction == "row_means":
        cotangent = cotangent[..., np.newaxis] / losses.shape[-1]
    elif reduction not in ("none", "sum"):
        cotangent = cotangent / _divisor(losses, reduction, count)
    return cotangent * np.ones_like(losses)


def _classwise(weight: Array, x: Array) -> Array:
    return weight.reshape(-1, *(1 for _ in x.shape[2:]))


@operation(
    inputs={"x": "n c ...", "target": _probabilities("n c ..."), "weight": Positive("c", gradient=False)},
    output="...'",
    parameters={"smoothing": (0.0, 0.1), "reduction": REDUCTIONS},
    cases=cases.CATEGORICAL_LOGITS,
)
def categorical_cross_entropy_with_logits(
    x: Array, target: Array, weight: Array | None = None, *, smoothing: float = 0.0, reduction: str = "mean"
) -> Array:
    r"""Cross-entropy between two distributions over classes, one of them given by its logits.

    .. math:: L_n = -\sum_c w_c\, q_{nc} \log \operatorname{softmax}(x_n)_c, \qquad
        q_{nc} = (1 - s)\, \frac{t_{nc}}{\sum_k t_{nk}} + \frac{s}{C}

    Args:
        x: :math:`x`, logits, ``n c ...``.
        target: :math:`t`, ``n c ...``, not negative; divided by its sum over the classes, which changes nothing where
            it is a distribution.
        weight: :math:`w`, ``c``, of each class; 1 if left out. The mean is over the examples all the same.
        smoothing: :math:`s`, the part of the target that is spread evenly over all :math:`C` classes.
        reduction: ``none`` (``n ...``), ``mean`` or ``sum`` (no axes).

    Returns:
        As the reduction says.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), section 6.2.2.3; Szegedy, Vanhoucke, Ioffe, Shlens
    and Wojna, Rethinking the Inception architecture (2016), section 7, for the smoothing.
    """
    measured(categorical_cross_entropy_with_logits, x=x, target=target, weight=weight)
    aims = _aims(target, weight, smoothing)
    losses = -(aims * log_softmax.reference(x, axis=1)).sum(axis=1)
    return _reduced("categorical_cross_entropy_with_logits", losses, reduction)


def _aims(target: Array, weight: Array | None, smoothing: float) -> Array:
    """What each class should have, times its weight."""
    aims = (1 - smoothing) * (target / target.sum(axis=1, keepdims=True)) + smoothing / target.shape[1]
    return np.asarray(aims if weight is None else aims * _classwise(weight, target))


@categorical_cross_entropy_with_logits.vjp
def categorical_cross_entropy_with_logits_vjp(
    cotangent: Array,
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    smoothing: float = 0.0,
    reduction: str = "mean",
) -> dict[str, Array]:
    """The logarithms' cotangents go back through log-softmax; the quotient takes out what all targets share."""
    shares = np.expand_dims(_shares(cotangent, x[:, 0], reduction), 1)
    logarithms = log_softmax.reference(x, axis=1)
    back = -shares * _aims(target, weight, smoothing)
    to_aims = -shares * (1 - smoothing) * (logarithms if weight is None else logarithms * _classwise(weight, x))
    total = target.sum(axis=1, keepdims=True)
    common = (to_aims * (target / total)).sum(axis=1, keepdims=True)
    return {
        "x": back - softmax.reference(x, axis=1) * back.sum(axis=1, keepdims=True),
        "target": (to_aims - common) / total,
    }


categorical_cross_entropy_with_logits.witness("class by class, with logarithms of shares")(
    by_loops.categorical_with_logits
)
categorical_cross_entropy_with_logits.values(
    "worked by hand: shares 1/4 and 3/4, targets 1/4 and 3/4 after smoothing by half of 0 and 1",
    x=np.log([[1.0, 3.0]]),
    target=[[0.0, 7.0]],
    smoothing=0.5,
    expected=0.25 * np.log(4.0) + 0.75 * np.log(4 / 3),
)


@operation(
    inputs={"x": _probabilities("n c ..."), "target": _probabilities("n c ...")},
    output="...'",
    parameters={"epsilon": (1e-7, 0.1), "normalize": (False, True), "reduction": REDUCTIONS},
    cases=cases.CATEGORICAL,
)
def categorical_cross_entropy(
    x: Array, target: Array, *, epsilon: float = 1e-7, normalize: bool = False, reduction: str = "mean"
) -> Array:
    r"""Cross-entropy between two distributions over classes, both given by probabilities.

    .. math:: L_n = -\sum_c t_{nc} \log \min(\max(p_{nc}, \epsilon), 1 - \epsilon)

    where :math:`p` is :math:`x`, or with ``normalize`` :math:`p_{nc} = x_{nc} / \sum_k x_{nk}`.

    Args:
        x: :math:`x`, probabilities, ``n c ...``.
        target: :math:`t`, ``n c ...``.
        epsilon: :math:`\epsilon`, what a probability is kept from 0 and 1 by; the gradient beyond is 0.
        normalize: whether ``x`` is divided by its sum first, as Keras does.
        reduction: ``none`` (``n ...``), ``mean`` or ``sum`` (no axes).

    Returns:
        As the reduction says.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equation 3.51;
    https://keras.io/api/losses/probabilistic_losses/#categoricalcrossentropy-class.
    """
    measured(categorical_cross_entropy, x=x, target=target)
    losses = -(target * np.log(_clipped(_normalized(x, normalize), epsilon))).sum(axis=1)
    return _reduced("categorical_cross_entropy", losses, reduction)


def _normalized(x: Array, normalize: bool) -> Array:  # noqa: FBT001
    return x / x.sum(axis=1, keepdims=True) if normalize else x


def _clipped(share: Array, epsilon: float) -> Array:
    return np.asarray(np.minimum(np.maximum(share, epsilon), 1 - epsilon))


def _within(share: Array, epsilon: float) -> Array:
    return np.asarray((share >= epsilon) & (share <= 1 - epsilon))


def _through_quotient(back: Array, x: Array, normalize: bool) -> Array:  # noqa: FBT001
    """Go back through a division by the sum over the classes."""
    if not normalize:
        return back
    total = x.sum(axis=1, keepdims=True)
    return np.asarray((back - (back * (x / total)).sum(axis=1, keepdims=True)) / total)


@categorical_cross_entropy.vjp
def categorical_cross_entropy_vjp(
    cotangent: Array,
    x: Array,
    target: Array,
    *,
    epsilon: float = 1e-7,
    normalize: bool = False,
    reduction: str = "mean",
) -> dict[str, Array]:
    """A logarithm's slope is one over the probability, where that is not clipped."""
    shares = np.expand_dims(_shares(cotangent, x[:, 0], reduction), 1)
    given = _normalized(x, normalize)
    clipped = _clipped(given, epsilon)
    back = -shares * target / clipped * _within(given, epsilon)
    return {"x": _through_quotient(back, x, normalize), "target": -shares * np.log(clipped)}


categorical_cross_entropy.witness("class by class")(by_loops.categorical)
categorical_cross_entropy.values(
    "worked by hand: shares 1/4 and 3/4 of what sums to 2",
    x=[[0.5, 1.5]],
    target=[[1.0, 0.0]],
    normalize=True,
    expected=np.log(4.0),
)
categorical_cross_entropy.values(
    "worked by hand: a probability of 0 counts as 1e-7, which is 16.118",
    x=[[0.0, 1.0]],
    target=[[1.0, 0.0]],
    expected=7 * np.log(10.0),
)


@operation(
    inputs={"x": "n c ...", "target": Integers("n ...", below="c"), "weight": Positive("c", gradient=False)},
    output="...'",
    parameters={"ignore_index": (None, 1), "reduction": (*REDUCTIONS, "weighted_mean")},
    cases=cases.SPARSE_LOGITS,
)
def sparse_categorical_cross_entropy_with_logits(
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Array:
    r"""Cross-entropy where the right class is given by its number, and the output by logits.

    .. math:: L_n = -w_{t_n} \log \operatorname{softmax}(x_n)_{t_n}, \qquad
        L_n = 0 \text{ where } t_n \text{ is ignored}

    Args:
        x: :math:`x`, logits, ``n c ...``.
        target: :math:`t`, ``n ...``, numbers from 0.
        weight: :math:`w`, ``c``, of each class; 1 if left out.
        ignore_index: a class that does not count, neither in the sum nor in the number a mean divides by.
        reduction: ``none`` (``n ...``), ``sum``, ``mean`` over the number of examples that count, or
            ``weighted_mean`` over the sum of their weights (PyTorch's mean).

    Returns:
        As the reduction says.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equation 6.30;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html for weights and ignored classes.
    """
    measured(sparse_categorical_cross_entropy_with_logits, x=x, target=target, weight=weight)
    weights = _weights(x, target, weight, ignore_index)
    losses = -weights * _chosen(log_softmax.reference(x, axis=1), target)
    count = _count(target, weights, ignore_index, reduction)
    return _reduced("sparse_categorical_cross_entropy_with_logits", losses, reduction, count)


def _chosen(numbers: Array, target: Array) -> Array:
    """For each example, the number of its class."""
    return np.asarray(np.take_along_axis(numbers, np.expand_dims(target, 1), axis=1)[:, 0])


def _weights(x: Array, target: Array, weight: Array | None, ignore_index: int | None) -> Array:
    """The weight of each example's class, 0 where it is ignored."""
    counting = (np.ones(target.shape, np.bool_) if ignore_index is None else target != ignore_index).astype(x.dtype)
    return counting if weight is None else counting * weight[target]


def _count(target: Array, weights: Array, ignore_index: int | None, reduction: str) -> Any:
    if reduction == "weighted_mean":
        return weights.sum()
    return target.size if ignore_index is None else int((target != ignore_index).sum())


def _is_class(x: Array, target: Array) -> Array:
    classes = np.arange(x.shape[1]).reshape(-1, *(1 for _ in x.shape[2:]))
    return np.asarray(np.expand_dims(target, 1) == classes)


@sparse_categorical_cross_entropy_with_logits.vjp
def sparse_categorical_cross_entropy_with_logits_vjp(
    cotangent: Array,
    x: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> dict[str, Array]:
    """The share of each class, less 1 for the right one."""
    weights = _weights(x, target, weight, ignore_index)
    shares = _shares(cotangent, weights, reduction, _count(target, weights, ignore_index, reduction)) * weights
    return {"x": np.expand_dims(shares, 1) * (softmax.reference(x, axis=1) - _is_class(x, target))}


sparse_categorical_cross_entropy_with_logits.witness("example by example")(by_loops.sparse_with_logits)
sparse_categorical_cross_entropy_with_logits.values(
    "worked by hand: half the weight on -log 1/4 and all on -log 1/2, over the weights' sum; the last is ignored",
    x=np.log([[1.0, 3.0, 1e-300], [1.0, 1.0, 1e-300], [1.0, 1.0, 1.0]]),
    target=[0, 1, 2],
    weight=[0.5, 1.0, 9.0],
    ignore_index=2,
    reduction="weighted_mean",
    expected=(0.5 * np.log(4.0) + np.log(2.0)) / 1.5,
)


@operation(
    inputs={"x": _probabilities("n c ..."), "target": Integers("n ...", below="c")},
    output="...'",
    parameters={
        "epsilon": (1e-7, 0.1),
        "normalize": (False, True),
        "ignore_index": (None, 1),
        "reduction": REDUCTIONS,
    },
    cases=cases.SPARSE,
)
def sparse_categorical_cross_entropy(
    x: Array,
    target: Array,
    *,
    epsilon: float = 1e-7,
    normalize: bool = False,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Array:
    r"""Cross-entropy where the right class is given by its number, and the output by probabilities.

    .. math:: L_n = -\log p_{n t_n}, \qquad p_{nc} = \min(\max(x_{nc}, \epsilon), 1 - \epsilon)

    and with ``normalize``, :math:`p` is divided by its sum over the classes, after it was clipped.

    Args:
        x: :math:`x`, probabilities, ``n c ...``.
        target: :math:`t`, ``n ...``, numbers from 0.
        epsilon: :math:`\epsilon`, what a probability is kept from 0 and 1 by; the gradient beyond is 0.
        normalize: whether the probabilities are divided by their sum, as Keras does on TensorFlow, which takes their
            logarithms for logits.
        ignore_index: a class that does not count, neither in the sum nor in the number a mean divides by.
        reduction: ``none`` (``n ...``), ``mean`` over the number of examples that count, or ``sum``.

    Returns:
        As the reduction says.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equation 5.59;
    https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class.
    """
    measured(sparse_categorical_cross_entropy, x=x, target=target)
    weights = _weights(x, target, None, ignore_index)
    losses = -weights * np.log(_chosen(_normalized(_clipped(x, epsilon), normalize), target))
    count = _count(target, weights, ignore_index, reduction)
    return _reduced("sparse_categorical_cross_entropy", losses, reduction, count)


@sparse_categorical_cross_entropy.vjp
def sparse_categorical_cross_entropy_vjp(
    cotangent: Array,
    x: Array,
    target: Array,
    *,
    epsilon: float = 1e-7,
    normalize: bool = False,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> dict[str, Array]:
    """A logarithm's slope for the right class, and through the quotient for the others."""
    weights = _weights(x, target, None, ignore_index)
    shares = _shares(cotangent, weights, reduction, _count(target, weights, ignore_index, reduction)) * weights
    clipped = _clipped(x, epsilon)
    back = -np.expand_dims(shares, 1) * _is_class(x, target) / _normalized(clipped, normalize)
    return {"x": _through_quotient(back, clipped, normalize) * _within(x, epsilon)}


sparse_categorical_cross_entropy.witness("example by example")(by_loops.sparse)
sparse_categorical_cross_entropy.values(
    "worked by hand: the mean of -log 1/2 and -log 1/8; the last is ignored",
    x=[[0.5, 0.25, 0.25], [0.5, 0.125, 0.375], [0.1, 0.1, 0.8]],
    target=[0, 1, 2],
    ignore_index=2,
    expected=2 * np.log(2.0),
)


@operation(
    inputs={"x": "...", "target": _probabilities("...")},
    output="...'",
    parameters={"pos_weight": (1.0, 3.0), "reduction": REDUCTIONS},
    cases=cases.BINARY_LOGITS,
)
def binary_cross_entropy_with_logits(
    x: Array, target: Array, *, pos_weight: float = 1.0, reduction: str = "mean"
) -> Array:
    r"""Cross-entropy of yes and no, element by element, from logits.

    .. math:: L = -w\, t \log \sigma(x) - (1 - t) \log (1 - \sigma(x))
        = (1 - t)\, x + (1 + (w - 1)\, t) \log(1 + e^{-x})

    Args:
        x: :math:`x`, logits, ``...``.
        target: :math:`t`, probabilities, ``...``.
        pos_weight: :math:`w`, how much more a yes counts than a no.
        reduction: ``none`` (``...``), ``mean`` or ``sum`` (no axes).

    Returns:
        As the reduction says. Never an overflow.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), section 6.2.2.2;
    https://www.tensorflow.org/api_docs/python/tf/nn/weighted_cross_entropy_with_logits for the weight.
    """
    measured(binary_cross_entropy_with_logits, x=x, target=target)
    losses = (1 - target) * x + (1 + (pos_weight - 1) * target) * softplus.reference(-x)
    return _reduced("binary_cross_entropy_with_logits", losses, reduction)


@binary_cross_entropy_with_logits.vjp
def binary_cross_entropy_with_logits_vjp(
    cotangent: Array, x: Array, target: Array, *, pos_weight: float = 1.0, reduction: str = "mean"
) -> dict[str, Array]:
    """The slope of the logarithm is minus the logistic function of minus ``x``."""
    shares = _shares(cotangent, x, reduction)
    back = (1 - target) - (1 + (pos_weight - 1) * target) * sigmoid.reference(-x)
    return {"x": shares * back, "target": shares * ((pos_weight - 1) * softplus.reference(-x) - x)}


binary_cross_entropy_with_logits.witness("two logarithms for each element")(by_loops.binary_with_logits)
binary_cross_entropy_with_logits.values(
    "worked by hand: a probability of 3/4 for a yes that counts twice, of 1/4 for a no",
    x=[np.log(3.0), -np.log(3.0)],
    target=[1.0, 0.0],
    pos_weight=2.0,
    reduction="sum",
    expected=3 * np.log(4 / 3),
)


@operation(
    inputs={"x": _probabilities("..."), "target": _probabilities("...")},
    output="...'",
    parameters={"epsilon": (1e-7, 0.1), "least_log": (None, -1.0), "reduction": REDUCTIONS},
    cases=cases.BINARY,
)
def binary_cross_entropy(
    x: Array, target: Array, *, epsilon: float = 1e-7, least_log: float | None = None, reduction: str = "mean"
) -> Array:
    r"""Cross-entropy of yes and no, element by element, from probabilities.

    .. math:: L = -t\, \ell(p) - (1 - t)\, \ell(1 - p), \qquad p = \min(\max(x, \epsilon), 1 - \epsilon), \qquad
        \ell(p) = \max(\log p, b)

    Args:
        x: :math:`x`, probabilities, ``...``.
        target: :math:`t`, probabilities, ``...``.
        epsilon: :math:`\epsilon`, what a probability is kept from 0 and 1 by (Keras: 1e-7, PyTorch and Theano: 0).
        least_log: :math:`b`, the least value of a logarithm (PyTorch: -100); none if left out.
        reduction: ``none`` (``...``), ``mean`` or ``sum`` (no axes).

    Returns:
        As the reduction says. The gradient is 0 beyond the limits.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), section 6.2.2.2;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html for the least logarithm.
    """
    measured(binary_cross_entropy, x=x, target=target)
    share = _clipped(x, epsilon)
    losses = -(target * _logarithm(share, least_log) + (1 - target) * _logarithm(1 - share, least_log))
    return _reduced("binary_cross_entropy", losses, reduction)


def _logarithm(share: Array, least: float | None) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(share) if least is None else np.maximum(np.log(share), least))


def _slope(share: Array, least: float | None) -> Array:
    slope = 1 / share
    return slope if least is None else slope * (np.log(share) >= least)


@binary_cross_entropy.vjp
def binary_cross_entropy_vjp(
    cotangent: Array,
    x: Array,
    target: Array,
    *,
    epsilon: float = 1e-7,
    least_log: float | None = None,
    reduction: str = "mean",
) -> dict[str, Array]:
    """The slopes of two logarithms, with opposite signs."""
    shares, share = _shares(cotangent, x, reduction), _clipped(x, epsilon)
    back = (1 - target) * _slope(1 - share, least_log) - target * _slope(share, least_log)
    return {
        "x": shares * back * _within(x, epsilon),
        "target": shares * (_logarithm(1 - share, least_log) - _logarithm(share, least_log)),
    }


binary_cross_entropy.witness("two logarithms for each element")(by_loops.binary)
binary_cross_entropy.values(
    "worked by hand: a probability of 1/4 for a yes and for a no",
    x=[0.25, 0.25],
    target=[1.0, 0.0],
    reduction="sum",
    expected=np.log(16 / 3),
)
binary_cross_entropy.values(
    "PyTorch's page: a logarithm is at least -100, so that a wrong certainty costs 100",
    x=[0.0, 1.0],
    target=[1.0, 1.0],
    epsilon=0.0,
    least_log=-100.0,
    reduction="none",
    expected=[100.0, 0.0],
)


_ELEMENTWISE = (*REDUCTIONS, "row_means")


@operation(inputs={"x": "n k", "target": "n k"}, output="...'", parameters={"reduction": _ELEMENTWISE}, cases=cases.MSE)
def mse(x: Array, target: Array, *, reduction: str = "mean") -> Array:
    r"""Mean of squared differences.

    .. math:: L_{nk} = (x_{nk} - t_{nk})^2

    Args:
        x: :math:`x`, ``n k``.
        target: :math:`t`, ``n k``.
        reduction: ``none`` (``n k``), ``mean`` or ``sum`` (no axes), or ``row_means`` (``n``, the mean over ``k``:
            what Keras calls ``none``).

    Returns:
        As the reduction says.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equation 5.4.
    """
    measured(mse, x=x, target=target)
    difference = x - target
    return _reduced("mse", difference * difference, reduction)


@mse.vjp
def mse_vjp(cotangent: Array, x: Array, target: Array, *, reduction: str = "mean") -> dict[str, Array]:
    """Twice the difference, with opposite signs."""
    back = _shares(cotangent, x, reduction) * (2 * (x - target))
    return {"x": back, "target": -back}


mse.witness("square by square")(by_loops.mse)
mse.values(
    "worked by hand: (4 + 0 + 1 + 1) / 4", x=[[1.0, 2.0], [3.0, 4.0]], target=[[3.0, 2.0], [2.0, 5.0]], expected=1.5
)


@operation(inputs={"x": "n k", "target": "n k"}, output="...'", parameters={"reduction": _ELEMENTWISE}, cases=cases.MAE)
def mae(x: Array, target: Array, *, reduction: str = "mean") -> Array:
    r"""Mean of absolute differences.

    .. math:: L_{nk} = |x_{nk} - t_{nk}|

    Args:
        x: :math:`x`, ``n k``.
        target: :math:`t`, ``n k``.
        reduction: ``none`` (``n k``), ``mean`` or ``sum`` (no axes), or ``row_means`` (``n``, the mean over ``k``:
            what Keras calls ``none``).

    Returns:
        As the reduction says.

    The gradient where both are equal is 0.

    Source: Hastie, Tibshirani and Friedman, The elements of statistical learning (2nd edition, 2009), section 10.6.
    """
    measured(mae, x=x, target=target)
    return _reduced("mae", np.abs(x - target), reduction)


@mae.vjp
def mae_vjp(cotangent: Array, x: Array, target: Array, *, reduction: str = "mean") -> dict[str, Array]:
    """The sign of the difference."""
    back = _shares(cotangent, x, reduction) * np.sign(x - target)
    return {"x": back, "target": -back}


mae.witness("difference by difference")(by_loops.mae)
mae.values(
    "worked by hand: (2 + 0 + 1 + 1) / 4", x=[[1.0, 2.0], [3.0, 4.0]], target=[[3.0, 2.0], [2.0, 5.0]], expected=1.0
)


@operation(
    inputs={"x": "n k", "target": "n k"},
    output="...'",
    parameters={"delta": (1.0, 0.5), "reduction": REDUCTIONS},
    cases=cases.HUBER,
)
def huber(x: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> Array:
    r"""Half of a squared difference, and beyond a limit the tangent to it.

    .. math:: L = \tfrac12 d^2 \text{ where } |d| \le \delta, \qquad
        L = \delta\, (|d| - \tfrac12 \delta) \text{ elsewhere}, \qquad d = x - t

    Args:
        x: :math:`x`, ``n k``.
        target: :math:`t`, ``n k``.
        delta: :math:`\delta`, the limit, and the slope beyond it.
        reduction: ``none`` (``n k``), ``mean`` or ``sum`` (no axes).

    Returns:
        As the reduction says.

    Source: Huber, Robust estimation of a location parameter (1964), section 1.
    """
    measured(huber, x=x, target=target)
    size = np.abs(x - target)
    near = np.minimum(size, delta)
    return _reduced("huber", 0.5 * (near * near) + delta * (size - near), reduction)


@huber.vjp
def huber_vjp(
    cotangent: Array, x: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean"
) -> dict[str, Array]:
    """The difference, no farther from 0 than the limit."""
    back = _shares(cotangent, x, reduction) * np.minimum(np.maximum(x - target, -delta), delta)
    return {"x": back, "target": -back}


huber.witness("an if for each difference")(by_loops.huber)
huber.values(
    "worked by hand: 1/2 within the limit of 2, 2 * (5 - 1) beyond",
    x=[[1.0, 5.0]],
    target=[[0.0, 0.0]],
    delta=2.0,
    reduction="none",
    expected=[[0.5, 8.0]],
)


@operation(
    inputs={"x": "n k", "target": "n k"},
    output="...'",
    parameters={"beta": (1.0, 1 / 9), "reduction": REDUCTIONS},
    cases=cases.SMOOTH_L1,
)
def smooth_l1(x: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean") -> Array:
    r"""Absolute differences with a parabola for a tip: Huber's loss over its limit.

    .. math:: L = \frac{d^2}{2 \beta} \text{ where } |d| \le \beta, \qquad
        L = |d| - \tfrac12 \beta \text{ elsewhere}, \qquad d = x - t

    Args:
        x: :math:`x`, ``n k``.
        target: :math:`t`, ``n k``.
        beta: :math:`\beta`, how wide the tip is; with Girshick's :math:`\sigma`, :math:`1 / \sigma^2`.
        reduction: ``none`` (``n k``), ``mean`` or ``sum`` (no axes).

    Returns:
        As the reduction says.

    Source: Girshick, Fast R-CNN (2015), equation 3; https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
    for the width.
    """
    measured(smooth_l1, x=x, target=target)
    size = np.abs(x - target)
    near = np.minimum(size, beta)
    # Without a tip it is the absolute difference.
    tip = near * near / (2 * beta) if beta else np.zeros_like(size)
    return _reduced("smooth_l1", tip + (size - near), reduction)


@smooth_l1.vjp
def smooth_l1_vjp(
    cotangent: Array, x: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean"
) -> dict[str, Array]:
    """The difference over the width, from -1 to 1."""
    slope = np.minimum(np.maximum((x - target) / beta, -1), 1) if beta else np.sign(x - target)
    back = _shares(cotangent, x, reduction) * slope
    return {"x": back, "target": -back}


smooth_l1.witness("an if for each difference")(by_loops.smooth_l1)
smooth_l1.values(
    "worked by hand: 1/4 within the width of 2, 5 - 1 beyond",
    x=[[1.0, 5.0]],
    target=[[0.0, 0.0]],
    beta=2.0,
    reduction="none",
    expected=[[0.25, 4.0]],
)


@operation(
    inputs={"x": "n k", "target": Mask("n k")},
    output="...'",
    parameters={"squared": (False, True), "reduction": REDUCTIONS},
    cases=cases.HINGE,
)
def hinge(x: Array, target: Array, *, squared: bool = False, reduction: str = "mean") -> Array:
    r"""How much is lacking to a margin of 1 on the right side of 0.

    .. math:: L = \max(1 - t x,\; 0), \qquad t = 1 \text{ or } -1

    Args:
        x: :math:`x`, scores, ``n k``.
        target: true for :math:`t = 1`, false for :math:`t = -1`, ``n k``.
        squared: whether :math:`L` is squared.
        reduction: ``none`` (``n k``), ``mean`` or ``sum`` (no axes).

    Returns:
        As the reduction says.

    The gradient at exactly the margin is 0.

    Source: Cortes and Vapnik, Support-vector networks (1995), section 3.
    """
    measured(hinge, x=x, target=target)
    lacking = _lacking(x, target)
    return _reduced("hinge", lacking * lacking if squared else lacking, reduction)


def _signs(x: Array, target: Array) -> Array:
    return 2 * target.astype(x.dtype) - 1


def _lacking(x: Array, target: Array) -> Array:
    return np.asarray(np.maximum(1 - _signs(x, target) * x, 0))


@hinge.vjp
def hinge_vjp(
    cotangent: Array, x: Array, target: Array, *, squared: bool = False, reduction: str = "mean"
) -> dict[str, Array]:
    """Towards the right side, where something is lacking."""
    lacking = _lacking(x, target)
    slope = 2 * lacking if squared else (lacking > 0).astype(x.dtype)
    return {"x": -_shares(cotangent, x, reduction) * _signs(x, target) * slope}


hinge.witness("an if for each score")(by_loops.hinge)
hinge.values(
    "worked by hand: 1/2 is lacking to 1, nothing at 2, 4 from 3 to -1",
    x=[[0.5, 2.0, 3.0]],
    target=[[True, True, False]],
    reduction="none",
    expected=[[0.5, 0.0, 4.0]],
)


@operation(
    inputs={"x": Real("n k", low=-3.0, high=-0.05), "target": _probabilities("n k")},
    output="...'",
    parameters={"log_target": (False, True), "reduction": (*REDUCTIONS, "batchmean")},
    cases=cases.KL_DIVERGENCE,
)
def kl_divergence(x: Array, target: Array, *, log_target: bool = False, reduction: str = "mean") -> Array:
    r"""Kullback-Leibler divergence of a distribution from its target.

    .. math:: L_{nk} = q_{nk}\, (\log q_{nk} - x_{nk}), \qquad q = t \text{ or } e^t

    Args:
        x: :math:`x`, logarithms of probabilities, ``n k``.
        target: :math:`t`, probabilities, or their logarithms, ``n k``.
        log_target: whether the target is logarithms.
        reduction: ``none`` (``n k``), ``sum``, ``mean`` over all elements, or ``batchmean``, the sum over ``k`` and
            the mean over ``n``, which is the divergence (Keras's mean).

    Returns:
        As the reduction says.

    Source: Kullback and Leibler, On information and sufficiency (1951), equation 2.4;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html for the parameters.
    """
    measured(kl_divergence, x=x, target=target)
    share, logarithm = _both(target, log_target)
    return _reduced("kl_divergence", share * (logarithm - x), reduction)


def _both(target: Array, log_target: bool) -> tuple[Array, Array]:  # noqa: FBT001
    """Probabilities and their logarithms."""
    return (np.exp(target), target) if log_target else (target, np.log(target))


@kl_divergence.vjp
def kl_divergence_vjp(
    cotangent: Array, x: Array, target: Array, *, log_target: bool = False, reduction: str = "mean"
) -> dict[str, Array]:
    r"""In :math:`q` the slope is :math:`\log q + 1 - x`; a logarithm brings another factor :math:`q`."""
    shares = _shares(cotangent, x, reduction)
    share, logarithm = _both(target, log_target)
    back = shares * (logarithm + 1 - x)
    return {"x": -shares * share, "target": back * share if log_target else back}


kl_divergence.witness("logarithms of quotients of probabilities")(by_loops.kl_divergence)
kl_divergence.values(
    "worked by hand: 1/2 log 2 + 1/2 log 2/3 for halves beside 1/4 and 3/4",
    x=np.log([[0.25, 0.75]]),
    target=[[0.5, 0.5]],
    reduction="batchmean",
    expected=0.5 * np.log(4 / 3),
)

"""Normalizations: bring sets of numbers to mean 0 and variance 1, or to length 1, and scale and shift them.

They differ in the set. With ``n`` examples of ``c`` channels of pixels, batch normalization takes each channel of all
examples together, instance normalization each channel of each example, group normalization several channels of each
example, layer normalization all features of one position.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from equivalence.errors import ShapeError
from equivalence.inputs import Array, Positive, Real
from equivalence.operation import operation
from equivalence.propagation import propagated
from equivalence_reference._arguments import divisible, known, measured
from equivalence_reference._standardizing import Standardized, affine, affine_gradients, folded, spread, standardize
from equivalence_reference.cases import normalization as cases
from equivalence_reference.witnesses import normalization as by_loops

PLACEMENTS = ("max_of_sum", "max_of_norm", "added_to_sum", "added_to_norm")
CHANNELS = (1,)
_CHANNEL = Real("c", low=-2.0, high=2.0)


def _pixels(name: str, x: Array) -> tuple[int, ...]:
    """The axes after examples and channels, of which there must be one.

    Raises:
        ShapeError: if there is none.
    """
    if x.ndim <= 2:  # noqa: PLR2004
        raise ShapeError(
            f"x of {name}",
            expected="n c and at least one more axis",
            got=x.shape,
            fix="Each channel of each example is normalized by itself: it needs several pixels.",
        )
    return tuple(range(2, x.ndim))


@operation(
    inputs={
        "x": "n c ...",
        "mean": Real("c", gradient=False),
        "variance": Positive("c", gradient=False),
        "scale": _CHANNEL,
        "shift": _CHANNEL,
    },
    output="n c ...",
    parameters={"epsilon": (1e-3, 0.1)},
    cases=cases.BATCH_NORM,
    rounding=folded,
)
def batch_norm(
    x: Array,
    mean: Array,
    variance: Array,
    scale: Array | None = None,
    shift: Array | None = None,
    *,
    epsilon: float = 1e-3,
) -> Array:
    r"""Batch normalization with stored statistics, as at inference.

    .. math:: y_{nc\ldots} = \gamma_c\, \frac{x_{nc\ldots} - \mu_c}{\sqrt{\sigma^2_c + \epsilon}} + \beta_c

    Args:
        x: :math:`x`, ``n c ...``.
        mean: :math:`\mu`, ``c``, the mean of each channel in the data the network was trained on. Frameworks keep it
            and the variance as state that training does not differentiate: they have no gradient here.
        variance: :math:`\sigma^2`, ``c``, the variance: neither its root nor one over it.
        scale: :math:`\gamma`, ``c``; 1 if left out.
        shift: :math:`\beta`, ``c``; 0 if left out.
        epsilon: :math:`\epsilon`.

    Returns:
        ``n c ...``.

    Source: Ioffe and Szegedy, Batch normalization (2015), algorithm 2.
    """
    measured(batch_norm, x=x, mean=mean, variance=variance, scale=scale, shift=shift)
    return affine(_with_statistics(x, mean, variance, epsilon), scale, shift, CHANNELS)


def _with_statistics(x: Array, mean: Array, variance: Array, epsilon: float) -> Array:
    return (x - spread(mean, x, CHANNELS)) / np.sqrt(spread(variance, x, CHANNELS) + epsilon)


@batch_norm.vjp
def batch_norm_vjp(
    cotangent: Array,
    x: Array,
    mean: Array,
    variance: Array,
    scale: Array | None = None,
    shift: Array | None = None,
    *,
    epsilon: float,
) -> dict[str, Array]:
    """The statistics are constants: the deviation divides the cotangent too."""
    values = _with_statistics(x, mean, variance, epsilon)
    back, gradients = affine_gradients(cotangent, values, scale, shift, CHANNELS)
    return {"x": back / np.sqrt(spread(variance, x, CHANNELS) + epsilon), **gradients}


batch_norm.witness("number by number, with the statistics of its channel")(by_loops.batch_norm)
batch_norm.values(
    "worked by hand: standard deviations of 2 and 0.5 after epsilon, (5 - 1) / 2 * 3 + 10 and (1 + 1) / 0.5 * -1",
    x=[[5.0, 1.0]],
    mean=[1.0, -1.0],
    variance=[3.75, 0.0],
    scale=[3.0, -1.0],
    shift=[10.0, 0.0],
    epsilon=0.25,
    expected=[[16.0, -4.0]],
)


@operation(
    inputs={
        "x": "n c ...",
        "mean": Real("c", gradient=False),
        "variance": Positive("c", gradient=False),
        "scale": _CHANNEL,
        "shift": _CHANNEL,
    },
    outputs={"y": "n c ...", "new_mean": "c", "new_variance": "c"},
    parameters={"epsilon": (1e-3, 0.1), "decay": (0.9, 1.0, 0.0), "unbiased": (True, False)},
    cases=cases.BATCH_NORM_TRAINING,
    rounding=propagated,
)
def batch_norm_training(
    x: Array,
    mean: Array,
    variance: Array,
    scale: Array | None = None,
    shift: Array | None = None,
    *,
    epsilon: float = 1e-3,
    decay: float = 0.9,
    unbiased: bool = True,
) -> dict[str, Array]:
    r"""Batch normalization with the batch's own statistics, as in training, and the statistics to store.

    .. math:: m_c = \operatorname{mean}_{n\ldots} x_{nc\ldots}, \qquad
        v_c = \operatorname{mean}_{n\ldots} (x_{nc\ldots} - m_c)^2, \qquad
        y_{nc\ldots} = \gamma_c\, \frac{x_{nc\ldots} - m_c}{\sqrt{v_c + \epsilon}} + \beta_c

    .. math:: \mu'_c = d\,\mu_c + (1 - d)\, m_c, \qquad
        {\sigma^2_c}' = d\,\sigma^2_c + (1 - d)\, v_c \cdot
        \begin{cases} N / (N - 1) & \text{unbiased} \\ 1 & \text{else} \end{cases}

    with :math:`N` the numbers of a channel in the batch. What divides :math:`x` is the biased variance in either case.

    Args:
        x: :math:`x`, ``n c ...``.
        mean: :math:`\mu`, ``c``, the mean stored so far.
        variance: :math:`\sigma^2`, ``c``, the variance stored so far.
        scale: :math:`\gamma`, ``c``; 1 if left out.
        shift: :math:`\beta`, ``c``; 0 if left out.
        epsilon: :math:`\epsilon`.
        decay: :math:`d`, what remains of the stored statistics. TensorFlow and Keras call it momentum; PyTorch's
            momentum is :math:`1 - d`.
        unbiased: whether the variance to store is the unbiased one.

    Returns:
        ``y``, ``n c ...``, and ``new_mean`` and ``new_variance``, ``c``.

    The new statistics are state and not part of what is differentiated: no gradient flows through them, whatever their
    cotangents, as frameworks have it, which write them into buffers.

    Raises:
        ShapeError: if a channel has a single number and the variance is to be unbiased.

    Source: Ioffe and Szegedy, Batch normalization (2015), algorithms 1 and 2.
    """
    measured(batch_norm_training, x=x, mean=mean, variance=variance, scale=scale, shift=shift)
    batch, terms = _batch(x, epsilon), x.size // x.shape[1]
    if unbiased and terms < 2:  # noqa: PLR2004
        raise ShapeError(
            "x of batch_norm_training",
            expected="at least two numbers for each channel",
            got=x.shape,
            fix="One number has no unbiased variance: give more examples or pixels, or unbiased=False.",
        )
    stored = batch.variance.ravel() * (terms / (terms - 1) if unbiased else 1.0)
    return {
        "y": affine(batch.values, scale, shift, CHANNELS),
        "new_mean": decay * mean + (1 - decay) * batch.mean.ravel(),
        "new_variance": decay * variance + (1 - decay) * stored,
    }


def _batch(x: Array, epsilon: float) -> Standardized:
    return standardize(x, (0, *range(2, x.ndim)), epsilon)


@batch_norm_training.vjp
def batch_norm_training_vjp(
    cotangents: Mapping[str, Array],
    x: Array,
    mean: Array,
    variance: Array,
    scale: Array | None = None,
    shift: Array | None = None,
    *,
    epsilon: float,
    decay: float,
    unbiased: bool,
) -> dict[str, Array]:
    """Back through the batch's mean and variance where they make ``y``; the stored statistics are cut off."""
    del mean, variance, decay, unbiased
    batch = _batch(x, epsilon)
    back, gradients = affine_gradients(cotangents["y"], batch.values, scale, shift, CHANNELS)
    return {"x": batch.back(back), **gradients}


batch_norm_training.witness("each channel as one list of numbers")(by_loops.batch_norm_training)
batch_norm_training.values(
    "worked by hand: 1, 3, 5 and 7 have mean 4, biased variance 5 and unbiased 20/3; a deviation of 3 after epsilon",
    x=[[[1.0, 3.0]], [[5.0, 7.0]]],
    mean=[8.0],
    variance=[12.0],
    scale=[3.0],
    shift=[1.0],
    epsilon=4.0,
    decay=0.75,
    expected={"y": [[[-2.0, 0.0]], [[2.0, 4.0]]], "new_mean": [7.0], "new_variance": [9.0 + 5.0 / 3.0]},
)
batch_norm_training.values(
    "worked by hand: the same with the biased variance stored",
    x=[[[1.0, 3.0]], [[5.0, 7.0]]],
    mean=[8.0],
    variance=[12.0],
    epsilon=4.0,
    decay=0.75,
    unbiased=False,
    expected={
        "y": [[[-1.0, -1.0 / 3.0]], [[1.0 / 3.0, 1.0]]],
        "new_mean": [7.0],
        "new_variance": [10.25],
    },
)


@operation(
    inputs={"x": "n t ...", "scale": Real("...", low=-2.0, high=2.0), "shift": Real("...", low=-2.0, high=2.0)},
    output="n t ...",
    parameters={"epsilon": (1e-5, 0.1)},
    cases=cases.LAYER_NORM,
    rounding=propagated,
)
def layer_norm(x: Array, scale: Array | None = None, shift: Array | None = None, *, epsilon: float = 1e-5) -> Array:
    r"""Normalize the features of each position of each example by themselves.

    .. math:: y_{ntk} = \gamma_k\, \frac{x_{ntk} - m_{nt}}{\sqrt{v_{nt} + \epsilon}} + \beta_k, \qquad
        m_{nt} = \operatorname{mean}_k x_{ntk}, \qquad v_{nt} = \operatorname{mean}_k (x_{ntk} - m_{nt})^2

    where :math:`k` stands for all the axes ``...`` together, one or more.

    Args:
        x: :math:`x`, ``n t ...``; other leading axes count as more examples.
        scale: :math:`\gamma`, ``...``; 1 if left out.
        shift: :math:`\beta`, ``...``; 0 if left out.
        epsilon: :math:`\epsilon`. Beware of the default: frameworks and networks use from 1e-12 to 1e-3.

    Returns:
        ``n t ...``.

    Raises:
        ShapeError: if there is no axis after ``t``.

    Source: Ba, Kiros and Hinton, Layer normalization (2016), equations 3 and 4;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html.
    """
    measured(layer_norm, x=x, scale=scale, shift=shift)
    features = _features(x)
    return affine(standardize(x, features, epsilon).values, scale, shift, features)


def _features(x: Array) -> tuple[int, ...]:
    if x.ndim <= 2:  # noqa: PLR2004
        raise ShapeError(
            "x of layer_norm",
            expected="n t and at least one more axis",
            got=x.shape,
            fix="The features to normalize stand behind n and t; give t the size 1 if there are no positions.",
        )
    return tuple(range(2, x.ndim))


@layer_norm.vjp
def layer_norm_vjp(
    cotangent: Array, x: Array, scale: Array | None = None, shift: Array | None = None, *, epsilon: float
) -> dict[str, Array]:
    """Back through the mean and the variance of each position."""
    position = standardize(x, _features(x), epsilon)
    back, gradients = affine_gradients(cotangent, position.values, scale, shift, position.axes)
    return {"x": position.back(back), **gradients}


layer_norm.witness("position by position")(by_loops.layer_norm)
layer_norm.values(
    "worked by hand: 1, 3, 5 and 7 have mean 4 and variance 5, so a deviation of 3 after epsilon",
    x=[[[1.0, 3.0, 5.0, 7.0]]],
    scale=[3.0, 3.0, -3.0, 6.0],
    shift=[0.0, 1.0, 0.0, -1.0],
    epsilon=4.0,
    expected=[[[-3.0, 0.0, -1.0, 5.0]]],
)


@operation(
    inputs={"x": "n c ...", "scale": _CHANNEL, "shift": _CHANNEL},
    output="n c ...",
    parameters={"epsilon": (1e-5, 0.1)},
    cases=cases.INSTANCE_NORM,
    rounding=propagated,
)
def instance_norm(x: Array, scale: Array | None = None, shift: Array | None = None, *, epsilon: float = 1e-5) -> Array:
    r"""Normalize each channel of each example over its pixels, in training and at inference alike.

    .. math:: y_{nc\ldots} = \gamma_c\, \frac{x_{nc\ldots} - m_{nc}}{\sqrt{v_{nc} + \epsilon}} + \beta_c, \qquad
        m_{nc} = \operatorname{mean}_{\ldots} x_{nc\ldots}, \qquad
        v_{nc} = \operatorname{mean}_{\ldots} (x_{nc\ldots} - m_{nc})^2

    Args:
        x: :math:`x`, ``n c ...``.
        scale: :math:`\gamma`, ``c``; 1 if left out.
        shift: :math:`\beta`, ``c``; 0 if left out.
        epsilon: :math:`\epsilon`.

    Returns:
        ``n c ...``.

    Raises:
        ShapeError: if there is no axis after ``c``.

    Source: Ulyanov, Vedaldi and Lempitsky, Instance normalization (2016), equation 2.
    """
    measured(instance_norm, x=x, scale=scale, shift=shift)
    pixels = _pixels("instance_norm", x)
    return affine(standardize(x, pixels, epsilon).values, scale, shift, CHANNELS)


@instance_norm.vjp
def instance_norm_vjp(
    cotangent: Array, x: Array, scale: Array | None = None, shift: Array | None = None, *, epsilon: float
) -> dict[str, Array]:
    """Back through the mean and the variance of each channel of each example."""
    image = standardize(x, _pixels("instance_norm", x), epsilon)
    back, gradients = affine_gradients(cotangent, image.values, scale, shift, CHANNELS)
    return {"x": image.back(back), **gradients}


instance_norm.witness("channel by channel of each example")(by_loops.instance_norm)
instance_norm.values(
    "worked by hand: both examples have variance 5 and a deviation of 3 after epsilon; their means are 4 and 10",
    x=[[[1.0, 3.0, 5.0, 7.0]], [[7.0, 9.0, 11.0, 13.0]]],
    scale=[3.0],
    shift=[1.0],
    epsilon=4.0,
    expected=[[[-2.0, 0.0, 2.0, 4.0]], [[-2.0, 0.0, 2.0, 4.0]]],
)


@operation(
    inputs={"x": "n c ...", "scale": _CHANNEL, "shift": _CHANNEL},
    output="n c ...",
    parameters={"groups": (2, 1, 3, 4), "epsilon": (1e-5, 0.1)},
    cases=cases.GROUP_NORM,
    rounding=propagated,
)
def group_norm(
    x: Array, scale: Array | None = None, shift: Array | None = None, *, groups: int = 1, epsilon: float = 1e-5
) -> Array:
    r"""Normalize groups of channels of each example over their channels and pixels.

    .. math:: y_{nc\ldots} = \gamma_c\, \frac{x_{nc\ldots} - m_{ng}}{\sqrt{v_{ng} + \epsilon}} + \beta_c, \qquad
        g = \Big\lfloor \frac{c}{C / G} \Big\rfloor

    with the mean :math:`m_{ng}` and the biased variance :math:`v_{ng}` of the :math:`C / G` successive channels of
    group :math:`g`. One group is layer normalization with a scale for each channel; as many as channels, instance
    normalization.

    Args:
        x: :math:`x`, ``n c ...``.
        scale: :math:`\gamma`, ``c``; 1 if left out.
        shift: :math:`\beta`, ``c``; 0 if left out.
        groups: :math:`G`, which divides the number of channels :math:`C`.
        epsilon: :math:`\epsilon`.

    Returns:
        ``n c ...``.

    Raises:
        ShapeError: if the groups do not divide the channels.

    Source: Wu and He, Group normalization (2018), equations 1, 2 and 7.
    """
    measured(group_norm, groups=groups, x=x, scale=scale, shift=shift)
    return affine(_grouped(x, groups, epsilon).values.reshape(x.shape), scale, shift, CHANNELS)


def _grouped(x: Array, groups: int, epsilon: float) -> Standardized:
    divisible("group_norm", groups, "c", x.shape[1])
    parts = x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])
    return standardize(parts, range(2, parts.ndim), epsilon)


@group_norm.vjp
def group_norm_vjp(
    cotangent: Array, x: Array, scale: Array | None = None, shift: Array | None = None, *, groups: int, epsilon: float
) -> dict[str, Array]:
    """Back through the mean and the variance of each group of each example."""
    parts = _grouped(x, groups, epsilon)
    back, gradients = affine_gradients(cotangent, parts.values.reshape(x.shape), scale, shift, CHANNELS)
    return {"x": parts.back(back.reshape(parts.values.shape)).reshape(x.shape), **gradients}


group_norm.witness("group by group of each example")(by_loops.group_norm)
group_norm.values(
    "worked by hand: 1 and 7 have mean 4 and variance 9, -2 and 10 mean 4 and variance 36; an epsilon of 7 is added",
    x=[[[1.0], [7.0], [-2.0], [10.0]]],
    scale=[4.0, 4.0, 1.0, 2.0],
    shift=[0.0, 1.0, 0.0, 1.0],
    groups=2,
    epsilon=7.0,
    expected=[[[-3.0], [4.0], [-6.0 / math.sqrt(43.0)], [12.0 / math.sqrt(43.0) + 1.0]]],
)


@operation(
    inputs={"x": "... d", "scale": Real("d", low=-2.0, high=2.0)},
    output="... d",
    parameters={"epsilon": (1e-6, 0.1)},
    cases=cases.RMS_NORM,
    rounding=propagated,
)
def rms_norm(x: Array, scale: Array | None = None, *, epsilon: float = 1e-6) -> Array:
    r"""Divide each vector by the root of the mean of its squares; no mean is subtracted.

    .. math:: y_{\ldots d} = \gamma_d\, \frac{x_{\ldots d}}{r_\ldots}, \qquad
        r_\ldots = \sqrt{\operatorname{mean}_d x_{\ldots d}^2 + \epsilon}

    Args:
        x: :math:`x`, ``... d``, any number of axes before the last.
        scale: :math:`\gamma`, ``d``: the factor itself, where some networks store :math:`\gamma - 1`; 1 if left out.
        epsilon: :math:`\epsilon`.

    Returns:
        ``... d``.

    Source: Zhang and Sennrich, Root mean square layer normalization (2019), equation 4, which has no epsilon;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html.
    """
    measured(rms_norm, x=x, scale=scale)
    return affine(x / _root_mean_square(x, epsilon), scale, None, (-1,))


def _root_mean_square(x: Array, epsilon: float) -> Array:
    return np.asarray(np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon))


@rms_norm.vjp
def rms_norm_vjp(cotangent: Array, x: Array, scale: Array | None = None, *, epsilon: float) -> dict[str, Array]:
    r"""Back through the root mean square.

    .. math:: \bar x_d = \frac{1}{r} \Big(\bar z_d - z_d \operatorname{mean}_e(\bar z_e z_e)\Big), \qquad
        z_d = \frac{x_d}{r}
    """
    root = _root_mean_square(x, epsilon)
    values = x / root
    back, gradients = affine_gradients(cotangent, values, scale, None, (-1,))
    return {"x": (back - values * (back * values).mean(axis=-1, keepdims=True)) / root, **gradients}


rms_norm.witness("vector by vector")(by_loops.rms_norm)
rms_norm.values(
    "worked by hand: the squares of 1, 5, -7 and 5 have the mean 25, and with an epsilon of 11 the root is 6",
    x=[[1.0, 5.0, -7.0, 5.0]],
    scale=[6.0, 6.0, 6.0, 12.0],
    epsilon=11.0,
    expected=[[1.0, 5.0, -7.0, 10.0]],
)


@operation(
    inputs={"x": "..."},
    output="...",
    parameters={"axis": (-1, 0, 1), "epsilon": (1e-12, 0.5), "placement": PLACEMENTS},
    cases=cases.L2_NORMALIZE,
    rounding=propagated,
)
def l2_normalize(x: Array, *, axis: int = -1, epsilon: float = 1e-12, placement: str = "max_of_sum") -> Array:
    r"""Divide vectors by their length, guarded against zero in one of four ways.

    .. math:: y_k = \frac{x_k}{D(s)}, \qquad s = \sum_l x_l^2, \qquad D(s) = \begin{cases}
        \sqrt{\max(s, \epsilon)} & \text{max_of_sum} \\
        \max(\sqrt s, \epsilon) & \text{max_of_norm} \\
        \sqrt{s + \epsilon} & \text{added_to_sum} \\
        \sqrt s + \epsilon & \text{added_to_norm} \end{cases}

    Args:
        x: :math:`x`, any number of axes, ``...``.
        axis: the axis of :math:`k` and :math:`l`; negative values count from the last.
        epsilon: :math:`\epsilon`, beside a square in two of the placements and beside a length in the others.
        placement: where epsilon stands: TensorFlow's ``max_of_sum``, PyTorch's ``max_of_norm``, ``added_to_sum`` or
            ``added_to_norm``.

    Returns:
        ``...``. A vector of zeros stays one.

    The gradient at :math:`s = \epsilon` (or its root) of the first two, where there is none, is that of a constant
    divisor. The length's gradient at zero, where there is none either, is 0; it is multiplied by zeros in any case.

    Raises:
        ParameterError: for another placement.

    Source: https://www.tensorflow.org/api_docs/python/tf/math/l2_normalize,
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html.
    """
    return np.asarray(x / _divisor((x * x).sum(axis=axis, keepdims=True), epsilon, placement))


def _divisor(squares: Array, epsilon: float, placement: str) -> Array:
    match known("placement of l2_normalize", placement, PLACEMENTS):
        case "max_of_sum":
            return np.asarray(np.sqrt(np.maximum(squares, epsilon)))
        case "max_of_norm":
            return np.asarray(np.maximum(np.sqrt(squares), epsilon))
        case "added_to_sum":
            return np.asarray(np.sqrt(squares + epsilon))
    return np.asarray(np.sqrt(squares) + epsilon)


@l2_normalize.vjp
def l2_normalize_vjp(cotangent: Array, x: Array, *, axis: int, epsilon: float, placement: str) -> dict[str, Array]:
    r"""Back through the divisor, which is a constant for short vectors where epsilon is a least value.

    .. math:: \bar x_k = \frac{\bar y_k}{D} - \frac{x_k}{R} \frac{\sum_l \bar y_l x_l}{D^2}

    where :math:`R = x_k / \frac{\partial D}{\partial x_k}` is :math:`D` itself if epsilon is beside the sum, and
    :math:`\sqrt s` if it is beside the norm.
    """
    squares = (x * x).sum(axis=axis, keepdims=True)
    divisor = _divisor(squares, epsilon, placement)
    if placement.startswith("max"):
        varying = squares > epsilon if placement == "max_of_sum" else np.sqrt(squares) > epsilon
    else:
        varying = squares > 0
    root = np.sqrt(squares) if placement.endswith("norm") else divisor
    slope = x / np.where(varying, root, 1) * varying
    return {"x": cotangent / divisor - slope * (cotangent * x).sum(axis=axis, keepdims=True) / (divisor * divisor)}


l2_normalize.witness("vector by vector, its length without squares")(by_loops.l2_normalize)
l2_normalize.values(
    "worked by hand: 3 and 4 have the length 5; 0.3 and 0.4 the square 0.25, which epsilon exceeds",
    x=[[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]],
    epsilon=0.3600,
    expected=[[0.6, 0.8], [0.5, 2.0 / 3.0], [0.0, 0.0]],
)
l2_normalize.values(
    "worked by hand: the same lengths, and the epsilon is beside the length",
    x=[[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]],
    epsilon=0.8,
    placement="max_of_norm",
    expected=[[0.6, 0.8], [0.375, 0.5], [0.0, 0.0]],
)
l2_normalize.values(
    "worked by hand: 25 and 11 are the square of 6",
    x=[[3.0, 4.0]],
    epsilon=11.0,
    placement="added_to_sum",
    expected=[[0.5, 2.0 / 3.0]],
)
l2_normalize.values(
    "worked by hand: 5 and 3 are 8", x=[[3.0, 4.0]], epsilon=3.0, placement="added_to_norm", expected=[[0.375, 0.5]]
)


@operation(
    inputs={"x": "n c h w"},
    output="n c h w",
    parameters={
        "size": (5, 3, 4),
        "alpha": (1e-4, 0.5),
        "beta": (0.75, 0.5),
        "k": (2.0, 1.0),
        "divided": (False, True),
    },
    cases=cases.LOCAL_RESPONSE_NORM,
    rounding=propagated,
)
def local_response_norm(
    x: Array, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0, divided: bool = False
) -> Array:
    r"""Divide each number by what the channels beside it give.

    .. math:: y_{nchw} = \frac{x_{nchw}}{s_{nchw}^\beta}, \qquad
        s_{nchw} = k + a \sum_{i = c - \lfloor p / 2 \rfloor}^{c - \lfloor p / 2 \rfloor + p - 1} x_{nihw}^2

    over the channels that exist, with :math:`a = \alpha`, or :math:`\alpha / p` if it is divided.

    Args:
        x: :math:`x`, ``n c h w``.
        size: :math:`p`, all channels of a window: twice TensorFlow's ``depth_radius``, and one more. An even window has
            one channel more before than behind.
        alpha: :math:`\alpha`.
        beta: :math:`\beta`.
        k: :math:`k`, which TensorFlow calls bias.
        divided: whether :math:`\alpha` is divided by the size, also where the window lacks channels, as in Caffe and
            PyTorch.

    Returns:
        ``n c h w``.

    Source: Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks (2012),
    section 3.3, with the defaults of its text; https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html.
    """
    measured(local_response_norm, x=x)
    return np.asarray(x / _responses(x, size, alpha / size if divided else alpha, k) ** beta)


def _responses(x: Array, size: int, factor: float, k: float) -> Array:
    return k + factor * _neighbours(x * x, size // 2, size - 1 - size // 2)


def _neighbours(x: Array, before: int, behind: int) -> Array:
    """For each channel, the sum of itself, of as many before it and of as many behind it."""
    total = np.zeros_like(x)
    channels = x.shape[1]
    for c in range(channels):
        total[:, c] = x[:, max(c - before, 0) : c + behind + 1].sum(axis=1)
    return total


@local_response_norm.vjp
def local_response_norm_vjp(
    cotangent: Array, x: Array, *, size: int, alpha: float, beta: float, k: float, divided: bool
) -> dict[str, Array]:
    r"""Back through the quotient: to the number itself, and to each channel that it stands beside.

    .. math:: \bar x_j = \frac{\bar y_j}{s_j^\beta}
        - 2 a \beta x_j \sum_{i\,:\,j \in \text{window of } i} \frac{\bar y_i x_i}{s_i^{\beta + 1}}
    """
    factor = alpha / size if divided else alpha
    responses = _responses(x, size, factor, k)
    passed = cotangent * x / responses ** (beta + 1)
    # The channels whose windows hold a channel are those of a window turned round.
    beside = _neighbours(passed, size - 1 - size // 2, size // 2)
    return {"x": np.asarray(cotangent / responses**beta - 2 * factor * beta * x * beside)}


local_response_norm.witness("number by number")(by_loops.local_response_norm)
local_response_norm.values(
    "worked by hand: three channels, 1, 2 and 3; windows of three have the sums 5, 14 and 13 of squares",
    x=[[[[1.0]], [[2.0]], [[3.0]]]],
    size=3,
    alpha=1.0,
    beta=1.0,
    k=1.0,
    expected=[[[[1.0 / 6.0]], [[2.0 / 15.0]], [[3.0 / 14.0]]]],
)
local_response_norm.values(
    "worked by hand: windows of two hold the channel before, and half of alpha counts",
    x=[[[[1.0]], [[2.0]], [[3.0]]]],
    size=2,
    alpha=1.0,
    beta=1.0,
    k=1.0,
    divided=True,
    expected=[[[[1.0 / 1.5]], [[2.0 / 3.5]], [[3.0 / 7.5]]]],
)

"""Activations: functions that are applied to each element by itself."""

from __future__ import annotations

import math

import numpy as np

from equivalence.inputs import Array, Mask, Real
from equivalence.operation import OUTPUT, case, operation
from equivalence.rounding import Bounds, Instance, Precision, selection, summed
from equivalence_reference._arguments import known, measured
from equivalence_reference.cases import activation as cases
from equivalence_reference.witnesses import activation as by_loops


@operation(
    inputs={"x": "..."},
    output="...",
    cases=[
        case("matrix-distinct_sizes", {"...": (3, 5)}),
        case("three_axes-equal_sizes", {"...": (3, 3, 3)}),
        case("no_axes", {"...": ()}),
        case("five_axes", {"...": (2, 1, 3, 2, 4)}),
        case("large", {"...": (4, 6)}, data="large"),
        case("tiny", {"...": (4, 6)}, data="tiny"),
        case("zeros", {"...": (4, 6)}, data="zeros", kink=True),
    ],
    rounding=selection,
)
def relu(x: Array) -> Array:
    r"""Keep what is positive and put zero in place of the rest.

    .. math:: y = \max(x, 0)

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``. NaN stays NaN.

    The gradient at exactly ``x = 0``, where there is none, is 0; a subgradient could be anything from 0 to 1.

    Source: Glorot, Bordes and Bengio, Deep sparse rectifier neural networks (2011), section 3.1. That the choice at 0
    matters: Bertoin, Bolte, Gerchinovitz and Pauwels, Numerical influence of ReLU'(0) on backpropagation (2021).
    """
    return np.asarray(np.maximum(x, np.zeros((), x.dtype)))


@relu.vjp
def relu_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """Let the cotangent through where ``x`` was positive."""
    return {"x": np.asarray(cotangent * (x > 0))}


@relu.witness("an if for each element")
def relu_by_elements(x: Array) -> Array:
    """Compare the elements with zero one by one."""
    result = np.array(x)
    for index in np.ndindex(x.shape):
        if x[index] < 0:
            result[index] = 0
    return result


relu.values("worked by hand from max(x, 0)", x=[-2.0, -0.5, 0.0, 0.5, 2.0], expected=[0.0, 0.0, 0.0, 0.5, 2.0])


@operation(
    inputs={"x": "..."},
    output="...",
    parameters={"axis": (-1, 0, 1)},
    cases=[
        case("matrix-distinct_sizes", {"...": (3, 5)}),
        case("channels_first-distinct_sizes", {"...": (2, 5, 3, 4)}, axis=1),
        case("three_axes-equal_sizes", {"...": (3, 3, 3)}, axis=1),
        case("three_axes-last_axis", {"...": (4, 2, 3)}),
        case("matrix-first_axis", {"...": (4, 3)}, axis=0),
        case("vector-axis0", {"...": (6,)}, axis=0),
        case("one_class", {"...": (4, 1)}),
        case("ties", {"...": (4, 5)}, data="ties"),
        case("beyond_the_range_of_exp", {"...": (3, 4)}, data="large"),
    ],
)
def softmax(x: Array, *, axis: int = -1) -> Array:
    r"""Turn logits into positive numbers that sum to 1 along an axis.

    .. math:: y_k = \frac{e^{x_k - m}}{\sum_l e^{x_l - m}}, \qquad m = \max_l x_l

    The shift by :math:`m` cancels in exact arithmetic; without it :math:`e^x` overflows from about 709 on (88 in
    float32).

    Args:
        x: :math:`x`, logits, any number of axes, ``...``.
        axis: the axis of :math:`k` and :math:`l`, the classes; negative values count from the last.

    Returns:
        ``...``.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equations 6.29 and 6.33.
    """
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


@softmax.vjp
def softmax_vjp(cotangent: Array, x: Array, *, axis: int = -1) -> dict[str, Array]:
    r"""Go back through the quotient.

    .. math:: \frac{\partial y_k}{\partial x_l} = y_k (\delta_{kl} - y_l), \qquad
        \bar x_l = y_l \Big(\bar y_l - \sum_k \bar y_k y_k\Big)
    """
    y = softmax.reference(x, axis=axis)
    return {"x": y * (cotangent - (cotangent * y).sum(axis=axis, keepdims=True))}


@softmax.witness("one over the sum of exponentials of differences, class by class, which needs no shift")
def softmax_by_differences(x: Array, *, axis: int = -1) -> Array:
    """Add up exp(x_l - x_k) for each class k."""
    classes = np.moveaxis(x, axis, -1)
    result = np.zeros(classes.shape)
    for index in np.ndindex(classes.shape):
        with np.errstate(over="ignore"):
            result[index] = 1 / sum(np.exp(other - classes[index]) for other in classes[index[:-1]])
    return np.moveaxis(result, -1, axis)


softmax.values(
    "worked by hand: exponentials of logarithms are the numbers themselves, 1, 2 and 5 of 8",
    x=np.log([[1.0, 2.0, 5.0]]),
    expected=[[0.125, 0.25, 0.625]],
)


@operation(inputs={"x": "..."}, output="...", parameters={"axis": (-1, 0, 1)}, cases=cases.LOG_SOFTMAX)
def log_softmax(x: Array, *, axis: int = -1) -> Array:
    r"""The logarithm of softmax, which keeps its digits where softmax is near 0.

    .. math:: y_k = x_k - m - \log \sum_l e^{x_l - m}, \qquad m = \max_l x_l

    Args:
        x: :math:`x`, logits, any number of axes, ``...``.
        axis: the axis of :math:`k` and :math:`l`, the classes; negative values count from the last.

    Returns:
        ``...``.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equation 6.30.
    """
    shifted = x - x.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


@log_softmax.vjp
def log_softmax_vjp(cotangent: Array, x: Array, *, axis: int = -1) -> dict[str, Array]:
    r""":math:`\bar x_l = \bar y_l - \operatorname{softmax}(x)_l \sum_k \bar y_k`."""
    return {"x": cotangent - softmax.reference(x, axis=axis) * cotangent.sum(axis=axis, keepdims=True)}


log_softmax.witness("the logarithm of a sum of exponentials of differences, class by class")(by_loops.log_softmax)
log_softmax.values(
    "worked by hand: logarithms of 1, 2 and 5 of 8",
    x=np.log([[1.0, 2.0, 5.0]]),
    expected=np.log([[0.125, 0.25, 0.625]]),
)


_BOTH = np.asarray(2.0)


def _two_lines(instance: Instance, precision: Precision) -> Bounds:
    """The bounds of a sum of two lines, of x and of its size, which some frameworks take: where x < 0 they cancel."""
    lines = {OUTPUT: summed(np.abs(instance.arrays["x"]), _BOTH, precision)}
    cotangent = instance.cotangents.get(OUTPUT)
    return lines, {} if cotangent is None else {"x": summed(np.abs(cotangent), _BOTH, precision)}


@operation(
    inputs={"x": "..."},
    output="...",
    parameters={"alpha": (0.01, 0.2, 0.3, 0.25)},
    cases=cases.LEAKY_RELU,
    rounding=_two_lines,
)
def leaky_relu(x: Array, *, alpha: float = 0.01) -> Array:
    r"""Keep what is positive, and a small part of the rest.

    .. math:: y = x \text{ where } x > 0, \qquad y = \alpha x \text{ elsewhere}

    Args:
        x: any number of axes, ``...``.
        alpha: :math:`\alpha`, the slope for negative numbers. The paper's is 0.01; frameworks have defaults of their
            own.

    Returns:
        ``...``.

    The gradient at exactly ``x = 0`` is :math:`\alpha`.

    Source: Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic models (2013), section 2.
    """
    return np.where(x > 0, x, alpha * x)


@leaky_relu.vjp
def leaky_relu_vjp(cotangent: Array, x: Array, *, alpha: float = 0.01) -> dict[str, Array]:
    """The whole cotangent where ``x`` was positive, its part ``alpha`` elsewhere."""
    return {"x": np.where(x > 0, cotangent, alpha * cotangent)}


leaky_relu.witness("an if for each element")(by_loops.leaky_relu)
leaky_relu.values(
    "worked by hand: a quarter of what is negative",
    x=[-8.0, -1.0, 0.0, 3.0],
    alpha=0.25,
    expected=[-2.0, -0.25, 0.0, 3.0],
)


@operation(
    inputs={"x": "n c ...", "weight": Real("c", low=0.3, high=0.9)}, output="n c ...", parameters={}, cases=cases.PRELU
)
def prelu(x: Array, weight: Array) -> Array:
    r"""A leaky rectifier that learns its slopes.

    .. math:: y_{nc\ldots} = x_{nc\ldots} \text{ where } x_{nc\ldots} > 0, \qquad
        y_{nc\ldots} = a_c\, x_{nc\ldots} \text{ elsewhere}

    Args:
        x: :math:`x`, ``n c ...``.
        weight: :math:`a`, ``c``, the slope of each channel for negative numbers.

    Returns:
        ``n c ...``.

    The gradient at exactly ``x = 0`` is that of the negative side.

    Source: He, Zhang, Ren and Sun, Delving deep into rectifiers (2015), equations 1, 8 and 9.
    """
    measured(prelu, x=x, weight=weight)
    return np.where(x > 0, x, _beside_channels(weight, x) * x)


@prelu.vjp
def prelu_vjp(cotangent: Array, x: Array, weight: Array) -> dict[str, Array]:
    """A slope has an effect on every negative number of its channel, as large as that number."""
    others = (0, *range(2, x.ndim))
    return {
        "x": np.where(x > 0, cotangent, _beside_channels(weight, x) * cotangent),
        "weight": np.asarray((cotangent * np.minimum(x, 0)).sum(axis=others)),
    }


def _beside_channels(weight: Array, x: Array) -> Array:
    return weight.reshape(-1, *(1 for _ in x.shape[2:]))


prelu.witness("an if for each element, and its channel's slope")(by_loops.prelu)
prelu.values(
    "worked by hand: half of the first channel's negative number, three times the second's",
    x=[[[-2.0, 2.0], [-1.0, 4.0]]],
    weight=[0.5, 3.0],
    expected=[[[-1.0, 2.0], [-3.0, 4.0]]],
)


@operation(
    inputs={"x": "..."}, output="...", parameters={}, cases=cases.elementwise(cases.LARGE, cases.TINY, cases.at_zero())
)
def relu6(x: Array) -> Array:
    r"""A rectifier that stops at 6.

    .. math:: y = \min(\max(x, 0), 6)

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    The gradient at exactly ``x = 0`` and ``x = 6`` is 0.

    Source: Krizhevsky, Convolutional deep belief networks on CIFAR-10 (2010), section 2.
    """
    return np.asarray(np.minimum(np.maximum(x, 0), 6))


@relu6.vjp
def relu6_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """Let the cotangent through between 0 and 6."""
    return {"x": np.asarray(cotangent * ((x > 0) & (x < _CEILING)))}


_CEILING = 6

relu6.witness("two ifs for each element")(by_loops.relu6)
relu6.values("worked by hand from min(max(x, 0), 6)", x=[-7.0, 0.0, 5.0, 6.0, 7.0], expected=[0.0, 0.0, 5.0, 6.0, 6.0])


@operation(inputs={"x": "..."}, output="...", parameters={"theta": (1.0, 0.25)}, cases=cases.THRESHOLDED_RELU)
def thresholded_relu(x: Array, *, theta: float = 1.0) -> Array:
    r"""Keep what is above a threshold, as it is.

    .. math:: y = x \text{ where } x > \theta, \qquad y = 0 \text{ elsewhere}

    Args:
        x: any number of axes, ``...``.
        theta: :math:`\theta`. The function jumps there.

    Returns:
        ``...``.

    At exactly ``x = theta`` the value and the gradient are 0.

    Source: Konda, Memisevic and Krueger, Zero-bias autoencoders and the benefits of co-adapting features (2014),
    equation 6.
    """
    return np.where(x > theta, x, np.zeros((), x.dtype))


@thresholded_relu.vjp
def thresholded_relu_vjp(cotangent: Array, x: Array, *, theta: float = 1.0) -> dict[str, Array]:
    """Let the cotangent through above the threshold."""
    return {"x": np.asarray(cotangent * (x > theta))}


thresholded_relu.witness("an if for each element")(by_loops.thresholded_relu)
thresholded_relu.values(
    "worked by hand: what is kept is not moved, and the threshold itself is not kept",
    x=[-3.0, 0.5, 2.0, 2.5],
    theta=2.0,
    expected=[0.0, 0.0, 0.0, 2.5],
)


@operation(inputs={"x": "..."}, output="...", parameters={"alpha": (1.0, 0.5)}, cases=cases.ELU)
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    r"""Exponential linear unit: the identity above 0, an exponential towards :math:`-\alpha` below.

    .. math:: y = x \text{ where } x > 0, \qquad y = \alpha (e^x - 1) \text{ elsewhere}

    Args:
        x: any number of axes, ``...``.
        alpha: :math:`\alpha`, minus the value that large negative numbers tend to.

    Returns:
        ``...``.

    The gradient at exactly ``x = 0`` is :math:`\alpha`.

    Source: Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by exponential linear units
    (2015), equation 15.
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@elu.vjp
def elu_vjp(cotangent: Array, x: Array, *, alpha: float = 1.0) -> dict[str, Array]:
    """The slope of the exponential, elsewhere than above 0."""
    return {"x": np.where(x > 0, cotangent, alpha * cotangent * np.exp(np.minimum(x, 0)))}


elu.witness("an if and an exponential for each element")(by_loops.elu)
elu.values(
    "worked by hand: exponentials of logarithms are 1/2 and 1/4",
    x=np.log([0.5, 0.25, 1.0, np.e]),
    alpha=2.0,
    expected=[-1.0, -1.5, 0.0, 1.0],
)

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@operation(inputs={"x": "..."}, output="...", parameters={}, cases=cases.SELU)
def selu(x: Array) -> Array:
    r"""Scaled exponential linear unit, whose constants keep mean 0 and variance 1 from layer to layer.

    .. math:: y = \lambda x \text{ where } x > 0, \qquad y = \lambda \alpha (e^x - 1) \text{ elsewhere}

    with :math:`\alpha \approx 1.6733` and :math:`\lambda \approx 1.0507`.

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    The gradient at exactly ``x = 0`` is :math:`\lambda \alpha`.

    Source: Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks (2017), equations 2 and 14.
    """
    return np.asarray(SELU_SCALE * elu.reference(x, alpha=SELU_ALPHA))


@selu.vjp
def selu_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """The gradient of the exponential linear unit, scaled."""
    slope = np.where(x > 0, np.ones((), x.dtype), SELU_ALPHA * np.exp(np.minimum(x, 0)))
    return {"x": SELU_SCALE * cotangent * slope}


selu.witness("with the constants worked out anew from the fixed point they are chosen for")(by_loops.selu)
selu.values(
    "the constants of the paper: lambda for 1, minus half and all of lambda times alpha",
    x=[1.0, -np.log(2.0), -100.0],
    expected=[1.0507009873554805, -0.8790496704236883, -1.7580993408473766],
)


@operation(inputs={"x": "..."}, output="...", parameters={"approximate": ("none", "tanh")}, cases=cases.GELU)
def gelu(x: Array, *, approximate: str = "none") -> Array:
    r"""Gaussian error linear unit: the number times the share of a standard normal distribution that is below it.

    .. math:: y = x\, \Phi(x) = \frac{x}{2} \Big(1 + \operatorname{erf} \frac{x}{\sqrt 2}\Big)

    and with ``approximate="tanh"``, which is up to 5e-4 away,

    .. math:: y = \frac{x}{2} \Big(1 + \tanh\big(\sqrt{2 / \pi}\, (x + 0.044715\, x^3)\big)\Big)

    Args:
        x: any number of axes, ``...``.
        approximate: ``none`` or ``tanh``.

    Returns:
        ``...``.

    Raises:
        ParameterError: for another approximation.

    Source: Hendrycks and Gimpel, Gaussian error linear units (2016), section 2.
    """
    known("approximate of gelu", approximate, ("none", "tanh"))
    share = _ERF(x / math.sqrt(2)).astype(x.dtype) if approximate == "none" else np.tanh(_bent(x))
    return np.asarray(0.5 * x * (1 + share))


_ERF = np.vectorize(math.erf, otypes=[np.float64])
_BEND = 0.044715


def _bent(x: Array) -> Array:
    return math.sqrt(2 / math.pi) * (x + _BEND * (x * x * x))


@gelu.vjp
def gelu_vjp(cotangent: Array, x: Array, *, approximate: str = "none") -> dict[str, Array]:
    r"""The product rule; :math:`\Phi' = e^{-x^2 / 2} / \sqrt{2 \pi}` and :math:`\tanh' = 1 - \tanh^2`."""
    if approximate == "none":
        share = _ERF(x / math.sqrt(2)).astype(x.dtype)
        density = np.exp(-0.5 * (x * x)) / math.sqrt(2 * math.pi)
        return {"x": cotangent * (0.5 * (1 + share) + x * density)}
    share = np.tanh(_bent(x))
    slope = math.sqrt(2 / math.pi) * (1 + 3 * _BEND * (x * x))
    return {"x": cotangent * (0.5 * (1 + share) + 0.5 * x * ((1 - share) * (1 + share)) * slope)}


gelu.witness("the complementary error function; a logistic function in place of the tangent")(by_loops.gelu)
gelu.values(
    "tables of the normal distribution: 0.8413447460685429 of it lie below 1, 0.02275013194817921 below -2",
    x=[1.0, -2.0, 0.0],
    expected=[0.8413447460685429, -0.04550026389635842, 0.0],
)


@operation(inputs={"x": "..."}, output="...", parameters={}, cases=cases.SIGMOID)
def sigmoid(x: Array) -> Array:
    r"""The logistic function.

    .. math:: y = \frac{1}{1 + e^{-x}}

    Computed as :math:`e^x / (1 + e^x)` where ``x`` is negative, so that no power overflows.

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), equation 3.30.
    """
    power = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, power, np.ones((), x.dtype)) / (1 + power))


@sigmoid.vjp
def sigmoid_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    r"""The slope is :math:`y (1 - y)`."""
    y = sigmoid.reference(x)
    return {"x": cotangent * (y * (1 - y))}


sigmoid.witness("a hyperbolic tangent of half the number, element by element")(by_loops.sigmoid)
sigmoid.values(
    "worked by hand: exponentials of logarithms, 3 of 4, 1 of 5",
    x=[np.log(3.0), -np.log(4.0), 0.0],
    expected=[0.75, 0.2, 0.5],
)


@operation(inputs={"x": "..."}, output="...", parameters={"slope": (cases.SIXTH, 0.2)}, cases=cases.HARD_SIGMOID)
def hard_sigmoid(x: Array, *, slope: float = cases.SIXTH) -> Array:
    r"""A line between 0 and 1 in place of the logistic function.

    .. math:: y = \min(\max(a x + 0.5,\; 0),\; 1)

    Args:
        x: any number of axes, ``...``.
        slope: :math:`a`; two are in use, 1/6 (the line ends at 3) and 0.2 (it ends at 2.5).

    Returns:
        ``...``.

    Source: Courbariaux, Bengio and David, BinaryConnect (2015), equation 3, for the function; Howard et al., Searching
    for MobileNetV3 (2019), section 5.2, for the slope of 1/6.
    """
    return np.asarray(np.minimum(np.maximum(slope * x + 0.5, 0), 1))


@hard_sigmoid.vjp
def hard_sigmoid_vjp(cotangent: Array, x: Array, *, slope: float = cases.SIXTH) -> dict[str, Array]:
    """The slope of the line, and 0 where it has ended."""
    line = slope * x + 0.5
    return {"x": slope * cotangent * ((line > 0) & (line < 1))}


hard_sigmoid.witness("two ifs and a line for each element")(by_loops.hard_sigmoid)
hard_sigmoid.values(
    "worked by hand with a slope of 1/4: 1/2 is 5/8; the line ends at 2",
    x=[-3.0, 0.0, 0.5, 2.0, 5.0],
    slope=0.25,
    expected=[0.0, 0.5, 0.625, 1.0, 1.0],
)


@operation(inputs={"x": "..."}, output="...", parameters={}, cases=cases.elementwise(cases.LARGE, cases.TINY))
def tanh(x: Array) -> Array:
    r"""The hyperbolic tangent.

    .. math:: y = \frac{e^x - e^{-x}}{e^x + e^{-x}}

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    Source: LeCun, Bottou, Orr and Müller, Efficient backprop (1998), section 4.4.
    """
    return np.asarray(np.tanh(x))


@tanh.vjp
def tanh_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """The slope is one less the square."""
    y = np.tanh(x)
    return {"x": cotangent * (1 - y * y)}


tanh.witness("the standard library's, element by element")(by_loops.tanh)
tanh.values("worked by hand: (2 - 1/2) / (2 + 1/2), and 8 of 10", x=[np.log(2.0), -np.log(3.0)], expected=[0.6, -0.8])


@operation(
    inputs={"x": "..."},
    output="...",
    parameters={"beta": (1.0, 2.0), "threshold": (None, 1.0)},
    cases=cases.SOFTPLUS,
)
def softplus(x: Array, *, beta: float = 1.0, threshold: float | None = None) -> Array:
    r"""A smooth rectifier.

    .. math:: y = \frac{1}{\beta} \log(1 + e^{\beta x}), \qquad \text{and } y = x \text{ where } \beta x > t

    Args:
        x: :math:`x`, any number of axes, ``...``.
        beta: :math:`\beta`, how sharply it bends.
        threshold: :math:`t`, from where on it is the identity (PyTorch: 20); never if left out.

    Returns:
        ``...``. Never an overflow: with :math:`z = \beta x`, the logarithm is :math:`\max(z, 0) + \log(1 + e^{-|z|})`.

    Source: Dugas, Bengio, Bélisle, Nadeau and Garcia, Incorporating second-order functional knowledge for better option
    pricing (2001), equation 5; https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html for the two
    parameters.
    """
    with np.errstate(invalid="ignore"):
        bent = np.logaddexp(beta * x, np.zeros((), x.dtype)) / beta
    return np.asarray(bent if threshold is None else np.where(beta * x > threshold, x, bent))


@softplus.vjp
def softplus_vjp(cotangent: Array, x: Array, *, beta: float = 1.0, threshold: float | None = None) -> dict[str, Array]:
    r"""The slope is the logistic function of :math:`\beta x`, and 1 beyond the threshold."""
    bent = cotangent * sigmoid.reference(beta * x)
    return {"x": bent if threshold is None else np.where(beta * x > threshold, cotangent, bent)}


softplus.witness("a logarithm for each element")(by_loops.softplus)
softplus.values(
    "worked by hand: half the logarithms of 1 + 1 and 1 + 8, the threshold beyond 4",
    x=[0.0, np.log(8.0) / 2, 2.5],
    beta=2.0,
    threshold=4.0,
    expected=[np.log(2.0) / 2, np.log(3.0), 2.5],
)


@operation(inputs={"x": "..."}, output="...", parameters={}, cases=cases.SOFTSIGN)
def softsign(x: Array) -> Array:
    r"""A slow way from -1 to 1.

    .. math:: y = \frac{x}{1 + |x|}

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010),
    section 3.
    """
    return np.asarray(x / (1 + np.abs(x)))


@softsign.vjp
def softsign_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    r"""The slope is :math:`1 / (1 + |x|)^2`, on both sides of 0."""
    below = 1 + np.abs(x)
    return {"x": cotangent / below / below}


softsign.witness("a quotient for each element")(by_loops.softsign)
softsign.values("worked by hand", x=[1.0, -3.0, 0.0], expected=[0.5, -0.75, 0.0])


@operation(inputs={"x": "..."}, output="...", parameters={}, cases=cases.elementwise(cases.LARGE, cases.TINY))
def silu(x: Array) -> Array:
    r"""Sigmoid-weighted linear unit, also known as swish.

    .. math:: y = \frac{x}{1 + e^{-x}}

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    Source: Elfwing, Uchibe and Doya, Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning (2017), equation 1.
    """
    return np.asarray(x * sigmoid.reference(x))


@silu.vjp
def silu_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    r"""The product rule: :math:`\sigma(x) + x\, \sigma(x)\, (1 - \sigma(x))`."""
    gate = sigmoid.reference(x)
    return {"x": cotangent * (gate + x * (gate * (1 - gate)))}


silu.witness("the number times a logistic function of it")(by_loops.silu)
silu.values(
    "worked by hand: 3/4 and 1/5 of the numbers",
    x=[np.log(3.0), -np.log(4.0), 0.0],
    expected=[0.75 * np.log(3.0), -0.2 * np.log(4.0), 0.0],
)


@operation(inputs={"x": "..."}, output="...", parameters={}, cases=cases.elementwise(cases.LARGE, cases.TINY))
def hard_swish(x: Array) -> Array:
    r"""The number times a line between 0 and 1 in place of the logistic function.

    .. math:: y = x\, \min(\max(x / 6 + 0.5,\; 0),\; 1)

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    Source: Howard et al., Searching for MobileNetV3 (2019), section 5.2.
    """
    return np.asarray(x * hard_sigmoid.reference(x))


@hard_swish.vjp
def hard_swish_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """The product rule."""
    return {"x": cotangent * hard_sigmoid.reference(x) + hard_sigmoid_vjp(cotangent * x, x)["x"]}


hard_swish.witness("a parabola between -3 and 3")(by_loops.hard_swish)
hard_swish.values("worked by hand: 2/3 of 1, 1/3 of -1", x=[-4.0, -1.0, 1.0, 4.0], expected=[0.0, -1 / 3, 2 / 3, 4.0])


@operation(inputs={"x": "..."}, output="...", parameters={}, cases=cases.elementwise(cases.LARGE, cases.TINY))
def mish(x: Array) -> Array:
    r"""A smooth function that dips below 0 before it rises.

    .. math:: y = x \tanh(\log(1 + e^x))

    Args:
        x: any number of axes, ``...``.

    Returns:
        ``...``.

    Source: Misra, Mish: a self regularized non-monotonic activation function (2019), equation 1.
    """
    return np.asarray(x * np.tanh(softplus.reference(x)))


@mish.vjp
def mish_vjp(cotangent: Array, x: Array) -> dict[str, Array]:
    """The product and chain rules: the slope of the logarithm is the logistic function."""
    share = np.tanh(softplus.reference(x))
    return {"x": cotangent * (share + x * ((1 - share * share) * sigmoid.reference(x)))}


mish.witness("powers of exp(x) in place of the tangent of a logarithm")(by_loops.mish)
mish.values(
    "worked by hand: the tangent of log 3 is 8 of 10, that of log 3/2 is 5 of 13",
    x=[np.log(2.0), -np.log(2.0)],
    expected=[0.8 * np.log(2.0), -np.log(2.0) * 5 / 13],
)


@operation(
    inputs={"x": "...", "mask": Mask("...")},
    output="...",
    parameters={"rate": (0.5, 0.25, 0.0), "inverted": (True, False), "training": (True, False)},
    cases=cases.DROPOUT_WITH_MASK,
)
def dropout_with_mask(
    x: Array, mask: Array, *, rate: float = 0.5, inverted: bool = True, training: bool = True
) -> Array:
    r"""Dropout with a mask that was drawn before, so that nothing is left to chance.

    .. math:: y = \frac{m\, x}{1 - r} \text{ in training}, \qquad y = x \text{ at inference}

    and where it is not inverted

    .. math:: y = m\, x \text{ in training}, \qquad y = (1 - r)\, x \text{ at inference}

    Args:
        x: :math:`x`, any number of axes, ``...``.
        mask: :math:`m`, ``...``, true where a number is kept.
        rate: :math:`r`, the part that is dropped; what is kept is :math:`1 - r`.
        inverted: whether the scale is made up for in training (every current framework) or at inference (the papers).
        training: whether the mask is applied.

    Returns:
        ``...``.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout: a simple way to prevent neural
    networks from overfitting (2014), sections 4 and 10 (footnote on inverted scaling).
    """
    measured(dropout_with_mask, x=x, mask=mask)
    return np.asarray(x * _dropping(mask, x, rate=rate, inverted=inverted, training=training))


@dropout_with_mask.vjp
def dropout_with_mask_vjp(
    cotangent: Array, x: Array, mask: Array, *, rate: float = 0.5, inverted: bool = True, training: bool = True
) -> dict[str, Array]:
    """What was dropped has no gradient, the rest the same factor."""
    return {"x": np.asarray(cotangent * _dropping(mask, x, rate=rate, inverted=inverted, training=training))}


def _dropping(mask: Array, x: Array, *, rate: float, inverted: bool, training: bool) -> Array:
    """What each number is multiplied by."""
    if not training:
        return np.ones_like(x) if inverted else np.ones_like(x) * (1 - rate)
    kept = mask.astype(x.dtype)
    return kept / (1 - rate) if inverted else kept


dropout_with_mask.witness("number by number, dropped or kept")(by_loops.dropout_with_mask)
dropout_with_mask.values(
    "worked by hand: a quarter is dropped, what is kept grows by 4/3",
    x=[3.0, 6.0, -9.0],
    mask=[True, False, True],
    rate=0.25,
    expected=[4.0, 0.0, -12.0],
)

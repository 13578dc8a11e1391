"""Reports that users of neighbouring tools really made, each with the verdict it should have had.

Both sides are computed here, in float32 and in float64, and judged by what judges the matrix.
"""

import numpy as np
import pytest

from equivalence import registry
from equivalence.comparison import TOLERANCES
from equivalence.operation import case, operation
from equivalence.rounding import PRECISIONS, Bound, gamma
from equivalence.verdict import Evidence, decide

EPSILON = 1e-5
TERMS = 64


def normalized_bounds(instance, precision):
    """First order: the mean is off by gamma of the mean of sizes, and so the deviation, its square and its quotient."""
    x = instance.arrays["x"]
    size = np.abs(x).mean(-1, keepdims=True)
    deviation = x - x.mean(-1, keepdims=True)
    scale = np.sqrt((deviation**2).mean(-1, keepdims=True) + instance.settings["epsilon"])
    off = gamma(x.shape[-1] + 4, precision.unit) * size
    # The variance is off by twice the mean's error times the mean deviation, and by its own rounding.
    relative = off * np.abs(deviation).mean(-1, keepdims=True) / scale**2 + gamma(x.shape[-1] + 8, precision.unit)
    error = off / scale + np.abs(deviation) / scale * relative
    return {"output": Bound(error, np.broadcast_to(size / scale, x.shape))}, {}


@operation(
    inputs={"x": "n c"},
    output="n c",
    parameters={"epsilon": (EPSILON,)},
    cases=[case("rows", {"n": 4, "c": TERMS})],
    rounding=normalized_bounds,
)
def normalize(x, *, epsilon=EPSILON):
    """Subtract the mean of each row and divide by its standard deviation, in two passes."""
    deviation = x - x.mean(-1, keepdims=True)
    return deviation / np.sqrt((deviation**2).mean(-1, keepdims=True) + np.asarray(epsilon, x.dtype))


def in_one_pass(x, *, epsilon=EPSILON):
    """The same in exact arithmetic: the variance as the mean of squares less the square of the mean."""
    mean = x.mean(-1, keepdims=True)
    variance = (x**2).mean(-1, keepdims=True) - mean**2
    return (x - mean) / np.sqrt(np.maximum(variance, 0) + np.asarray(epsilon, x.dtype))


def judged(declared, left, right, arrays, **settings):
    """The verdict in float32 beside float64, with the reference as the truth."""
    narrow = {name: array.astype("float32") for name, array in arrays.items()}
    wide = {name: array.astype("float64") for name, array in narrow.items()}
    settings = {**declared.defaults, **settings}

    def bounds(dtype):
        return [declared.bounds(wide, {}, settings, PRECISIONS[dtype])[0]["output"]] * 2

    exact = decide(left(**wide), right(**wide), "float64", TOLERANCES["float64"], Evidence(bounds("float64")))
    truth = declared.reference(**wide, **settings)
    evidence = Evidence(bounds("float32"), exact, truth, ("original", "ported"))
    return decide(left(**narrow), right(**narrow), "float32", TOLERANCES["float32"], evidence)


@pytest.fixture(scope="module")
def operations():
    return registry.load().operations


def convolved_by_taps(x, weight):
    """Another order of the sum: tap by tap, the channels of each from the last to the first."""
    (n, _, h, w), (o, c, p, q) = x.shape, weight.shape
    y = np.zeros((n, o, h - p + 1, w - q + 1), x.dtype)
    for k, row, column in reversed(list(np.ndindex(c, p, q))):
        y += (
            x[:, None, k, row : row + y.shape[2], column : column + y.shape[3]]
            * weight[:, k, row, column][:, None, None]
        )
    return y


def test_a_convolution_that_misses_1e_7_is_rounding(operations):
    """https://github.com/onnx/tensorflow-onnx promises 1e-7 in places; float32 sums of 288 products cannot keep it."""
    rng = np.random.default_rng(0)
    arrays = {"x": rng.standard_normal((2, 32, 12, 12)), "weight": rng.standard_normal((8, 32, 3, 3))}
    found = judged(operations["conv2d"], operations["conv2d"].reference, convolved_by_taps, arrays)
    assert found.max_abs > 1e-7
    assert not np.allclose(found.left, found.right, rtol=1e-7, atol=1e-7)
    assert found.verdict == "equal"
    assert found.bound_ratio < 1
    assert found.reason.endswith(": rounding")


def test_6e_8_on_outputs_near_1_is_rounding(operations):
    """One unit in the last place, 2**-24 below 1: called "unmatched" elsewhere."""
    x = np.array([[8.0, 0.0], [9.0, 0.5]])

    def nudged(x):
        y = operations["softmax"].reference(x)
        return np.where(y > 0.5, np.nextafter(y, np.zeros((), y.dtype)), y)

    found = judged(operations["softmax"], operations["softmax"].reference, nudged, {"x": x})
    assert found.max_abs == 2.0**-24
    assert f"{found.max_abs:.3g}" == "5.96e-08"
    assert (found.verdict, found.allclose) == ("equal", True)
    assert found.reason.endswith(": rounding")


def test_another_epsilon_at_unit_variance_is_different():
    """1e-3 (Keras) for 1e-5 (PyTorch): five parts in ten thousand, which a cosine of 0.99 accepts."""
    x = np.random.default_rng(1).standard_normal((4, TERMS))
    found = judged(normalize, normalize.reference, lambda x: normalize.reference(x, epsilon=1e-3), {"x": x})
    assert found.verdict == "different"
    assert found.max_abs < 3e-3
    assert "float64 differs by the same" in found.reason
    assert found.reason.endswith("not rounding")


def test_one_pass_variance_at_mean_2000_is_a_precision_finding_and_not_a_wrong_formula():
    x = 2000 + np.random.default_rng(2).standard_normal((4, TERMS))
    found = judged(normalize, normalize.reference, in_one_pass, {"x": x})
    assert found.verdict == "different"
    assert "a precision finding, not a wrong formula" in found.reason
    assert "ported's float32 error is" in found.reason
    assert "times original's" in found.reason


def test_one_pass_variance_at_mean_0_is_rounding():
    x = np.random.default_rng(3).standard_normal((4, TERMS))
    assert judged(normalize, normalize.reference, in_one_pass, {"x": x}).verdict == "equal"


def test_a_transposed_output_of_equal_sizes_is_different(operations):
    rng = np.random.default_rng(4)
    arrays = {"x": rng.standard_normal((5, 5)), "weight": rng.standard_normal((5, 5))}
    reference = operations["dense"].reference
    found = judged(operations["dense"], reference, lambda **given: reference(**given).T, arrays)
    assert found.verdict == "different"
    assert "float64 differs by the same" in found.reason

"""Constants and variants inside composite layers get their code, and the numbers that were measured."""

import numpy as np
import pytest

from equivalence import registry
from equivalence.diagnosis import curves, scalars, sweeps

PORTS = "ports_fits.py"
GENERATORS = curves.hypotheses, sweeps.hypotheses, sweeps.factors
TOLD = {
    "slope": ("leaky_relu (alpha=0.01)", "leaky_relu (alpha=0.2)"),
    "relu6": ("relu,", "relu6"),
    "threshold": ("above 6 and below 20", "slope 1", "is 6"),
    "curvature": ("approximate='none'", "approximate='tanh'"),
    "sharpness": ("silu", "1.702"),
    "hard": ("sigmoid", "slope=0.2"),
    "residual_slope": ("0.01", "0.3"),
    "unnamed": ("f(1.7 x) / 1.7",),
    "epsilon_after": ("1e-05 in the original", "0.001 in the ported"),
    "epsilon_before": ("100 times larger",),
    "epsilon_beside": ("1e-05 in the original", "0.001 in the ported"),
    "epsilon_in_places": ("1e-05 in the original", "0.001 in the ported"),
    "epsilon_outside": ("1e-05 inside", "1e-05 outside"),
    "epsilon_stored": ("1e-05 in the original", "0.001 in the ported"),
    "clipped": ("to -3, 4",),
    "temperature": ("1.6 times q",),
    "slope_across": ("alpha=0.01", "alpha=0.2"),
}


def test_a_constant_inside_a_layer_gets_its_code(wrong_port, code, search):
    found = search(wrong_port, *GENERATORS)
    assert found.codes[:1] == [code], found.hypotheses


@pytest.mark.parametrize("name", TOLD)
def test_the_message_tells_what_was_measured(name, ports, search):
    message = search(ports(PORTS)[name], *GENERATORS).hypotheses[0].message
    assert all(words in message for words in TOLD[name]), message


@pytest.mark.parametrize(("file", "name"), [("ports_layouts.py", "kernel_flipped"), ("ports_arguments.py", "swapped")])
def test_another_fault_is_not_taken_for_a_constant(file, name, ports, search):
    assert not search(ports(file)[name], *GENERATORS).codes


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("hidden_slope", "constant.value", ("alpha=0.01", "alpha=0.2")),
        ("hidden_limit", "function.variant", ("relu,", "relu6")),
        ("hidden_curvature", "function.variant", ("approximate='none'", "approximate='tanh'")),
    ],
)
def test_a_function_in_the_middle_of_a_block_is_told_without_certainty(name, code, told, ports, evidence_on):
    [found] = curves.diagnose(evidence_on(ports(PORTS)[name]))
    assert found.code == code
    assert all(words in found.message for words in told), found.message
    assert (found.confidence, found.error_after) == (0.6, None)


@pytest.fixture(scope="module")
def candidates():
    return list(scalars.elementwise(registry.load()))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: np.where(x > 0, x, 0.07 * x), "leaky_relu (alpha=0.07)"),
        (lambda x: 1.7159 * np.tanh(x), "1.7159 tanh(x)"),
        (lambda x: np.logaddexp(0, 3 * x) / 3, "softplus (beta=3, threshold=None)"),
        (lambda x: np.where(x > 0, x, 0.3 * np.expm1(np.minimum(x, 0))), "elu (alpha=0.3)"),
    ],
)
def test_a_function_is_recognised_with_its_constant(function, said, candidates):
    found = scalars.recognised(registry.load(), function(scalars.GRID), candidates)
    assert found.said == said


def test_a_function_that_is_none_of_them_is_not_recognised(candidates):
    assert scalars.recognised(registry.load(), np.sin(scalars.GRID), candidates) is None


def test_works_on_each_number_by_itself(candidates):
    known = {one.operation for one in candidates}
    assert {"relu", "gelu", "softplus"} <= known
    assert not {"softmax", "cumsum", "l2_normalize"} & known


@pytest.mark.parametrize("edges", [(-1.5, 2.5), (0.0, 20.0)])
def test_straight_pieces_meet_where_the_function_bends(edges):
    low, high = edges

    def function(x):
        return np.clip(x, low, high)

    found = scalars.pieces(scalars.GRID, function(scalars.GRID))
    assert scalars.knots(found) == pytest.approx([low, high])
    at = np.linspace(-30, 30, 77)
    np.testing.assert_allclose(scalars.piecewise(found)(at), function(at), atol=1e-12)


@pytest.mark.parametrize("function", [np.tanh, np.square, np.sin, np.exp])
def test_a_curve_has_no_straight_pieces(function):
    assert (
        scalars.pieces(scalars.GRID[np.abs(scalars.GRID) < 10], function(scalars.GRID[np.abs(scalars.GRID) < 10]))
        is None
    )


@pytest.mark.parametrize("wanted", [1e-3, 0.7, 35.0])
def test_the_number_that_leaves_nothing_is_found(wanted):
    x = np.linspace(0.1, 2, 9)
    assert scalars.solve(lambda k: np.tanh(k * x) - np.tanh(wanted * x)) == pytest.approx(wanted, rel=1e-9)

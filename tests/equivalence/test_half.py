"""Half precision and bfloat16: who takes part, what the numbers are, and whether the verdicts are right."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch

from equivalence import check, registry, session
from equivalence.binding import DTYPES, HALF, HALF_TOO
from equivalence.comparison import Comparison
from equivalence.engine import Engine, packages, random_cotangents
from equivalence.errors import UsageError
from equivalence.judging import cast
from equivalence.matrix import plan
from equivalence.pool import Pool
from equivalence.rounding import PRECISIONS, Bound, to_bfloat16
from equivalence.verdict import Evidence, decide

KNOWN = registry.load()
ABLE = ["numpy", "tensorflow", "torch"]
"""Those whose bindings declare the half formats."""

UNDECIDED = 0.04
"""The part of an operation's comparisons that may be undecided: gradients that sum 252 terms or more in bfloat16."""

formats = pytest.mark.parametrize("dtype", HALF)


@pytest.fixture(scope="module")
def engine():
    planned = plan(KNOWN, dtypes=HALF, frameworks=ABLE)
    with session.engine(KNOWN, planned) as running:
        yield running


@pytest.fixture(scope="module")
def broken():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        module = import_module("half_for_tests")
        adapters = {"numpy": KNOWN.adapters["numpy"], "own": replace(KNOWN.adapters["torch"], name="own")}
        operations = {name: KNOWN.operations[name] for name in ("relu", "dense", "softmax")}
        known = registry.Registry(operations, adapters, registry._bindings([("own", module)], operations))
        with Pool(packages(known)) as pool:
            yield known, pool


def run(engine, planned):
    return [outcome for found in engine.run(planned) for outcome in found]


def verdicts(broken, operation, dtype):
    known, pool = broken
    planned = plan(known, operations=[operation], dtypes=[dtype])
    outcomes = run(Engine(known, pool), planned)
    return {(o.case, o.right, o.quantity): o.verdict for o in outcomes if o.left == "numpy"}


HALVED = [
    name
    for name, operation in KNOWN.operations.items()
    if sum(p.binding is not None and set(HALF) <= set(p.binding.dtypes) for p in KNOWN.participants(operation)) > 1
]


def test_what_every_network_has_is_halved():
    assert {"conv2d", "dense", "softmax", "max_pool2d"} <= set(HALVED)


@formats
@pytest.mark.parametrize("operation", HALVED)
def test_the_catalogue_agrees(engine, operation, dtype):
    planned = plan(KNOWN, operations=[operation], dtypes=[dtype], frameworks=ABLE)
    assert [cell.case.id for cell in planned.cells] == [case.id for case in KNOWN.operations[operation].cases]
    assert {tuple(p.name for p in cell.participants) for cell in planned.cells} == {tuple(ABLE)}
    outcomes = run(engine, planned)
    undecided = [outcome for outcome in outcomes if outcome.verdict == "undecided"]
    assert [o.text() for o in outcomes if not o.expected and o not in undecided] == []
    assert all("after so many terms" in o.comparison.reason or "overflow" in o.comparison.reason for o in undecided)
    assert len(undecided) <= UNDECIDED * len(outcomes)


@formats
def test_a_function_that_is_right_in_float64_alone_is_different(broken, dtype):
    found = verdicts(broken, "relu", dtype)
    telling = {key: verdict for key, verdict in found.items() if key[0] not in ("zeros", "tiny", "negative")}
    assert {verdict for (_, name, _), verdict in telling.items() if name == "own"} == {"equal"}
    for name, quantity in [("own/tenth", "forward"), ("own/tenth", "gradient-x"), ("own/coarse", "forward")]:
        wrong = {verdict for (_, *key), verdict in telling.items() if key == [name, quantity]}
        assert "different" in wrong, name
    assert "different" in verdicts(broken, "softmax", dtype).values()
    assert set(verdicts(broken, "relu", "float32").values()) == {"equal"}


@formats
def test_a_tenth_too_much_is_no_rounding_of_the_format(broken, dtype):
    found = verdicts(broken, "dense", dtype)
    assert {verdict for (case, _, quantity), verdict in found.items() if quantity == "forward"} == {"different"}


def test_the_half_formats_are_planned_only_if_they_are_asked_for():
    assert {cell.dtype for cell in plan(KNOWN).cells} == set(DTYPES)
    asked = plan(KNOWN, dtypes=["float16", "float64"])
    assert asked.gaps == plan(KNOWN, dtypes=["float64"]).gaps
    taking = {p.name for cell in asked.cells if cell.dtype == "float16" for p in cell.participants}
    assert taking == set(ABLE)


@pytest.mark.parametrize("frameworks", [["theano"], ["theano", "numpy"], ["numpy"]])
def test_a_format_that_no_two_compute_in_is_refused(frameworks):
    with pytest.raises(UsageError, match=r"nothing to compare in bfloat16: expected two of .*numpy.* got [a-z, ]+$"):
        plan(KNOWN, dtypes=["bfloat16"], frameworks=frameworks)


@formats
def test_arguments_and_cotangents_are_numbers_of_the_format(dtype):
    for array in (
        cast(np.random.default_rng(0).standard_normal(999), dtype),
        random_cotangents({"y": np.zeros(999)}, dtype, 0)["y"],
    ):
        assert array.dtype == {"float16": "float16", "bfloat16": "float32"}[dtype]
        np.testing.assert_array_equal(array.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype), array)
        assert len(np.unique(array)) > 300
    np.testing.assert_array_equal(cast(np.arange(3), dtype), np.arange(3))


@formats
def test_a_finite_argument_stays_finite(dtype):
    largest = PRECISIONS[dtype].largest
    given = np.array([1e300, -1e300, np.inf, -np.inf, np.nan, largest])
    np.testing.assert_array_equal(cast(given, dtype), [largest, -largest, np.inf, -np.inf, np.nan, largest])


def interesting():
    """Every bfloat16 number and, between it and the next, the tie and its neighbours on both sides in float32."""
    numbers = (np.arange(2**16, dtype=np.uint32) << 16)[:, None]
    return (numbers + np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)).view(np.float32).ravel()


def test_rounding_to_bfloat16_is_to_nearest_even_as_elsewhere():
    given = interesting()
    with np.errstate(over="ignore", invalid="ignore"):
        expected = given.astype(ml_dtypes.bfloat16).astype(np.float32)
    torchs = torch.from_numpy(given).bfloat16().float().numpy()
    found = to_bfloat16(given)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found, torchs)
    np.testing.assert_array_equal(np.signbit(found)[~np.isnan(found)], np.signbit(expected)[~np.isnan(found)])


def test_rounding_to_bfloat16_rounds_float64_once():
    tie = 1 + 2.0**-8
    np.testing.assert_array_equal(
        to_bfloat16(np.array([tie, tie + 2.0**-40, -tie - 2.0**-40])), [1, 1 + 2**-7, -1 - 2**-7]
    )
    np.testing.assert_array_equal(to_bfloat16(np.array([1e-300, -1e-300, 1e300, -1e300])), [0, 0, np.inf, -np.inf])
    assert to_bfloat16(np.array(1.0)).shape == ()


def test_terms_beyond_the_largest_number_overflow_with_no_bound_on_the_error_too():
    bound = Bound(np.array([np.inf, np.inf, 1.0, np.nan]), np.array([7e4, 6e4, 65504.0, 7e4]))
    assert bound.passes(65504.0).tolist() == [True, False, True, False]


def test_where_there_is_no_bound_nothing_is_called_rounding():
    unbounded = [Bound(np.array([np.inf, 0.1]), np.array([300.0, 1.0]))]
    agreeing, differing = Comparison(verdict="equal", max_abs=1e-15), Comparison(verdict="different", max_abs=2.0)

    def verdict(right, exact):
        return decide(np.ones(2), np.array(right), "bfloat16", 0.2, Evidence(unbounded, exact)).verdict

    assert verdict([3.0, 1.0], agreeing) == "undecided"
    assert verdict([1.0, 1.05], agreeing) == "equal"
    assert verdict([3.0, 1.0], differing) == "different"


@pytest.fixture(scope="module")
def ports():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield import_module("half_ports")


@pytest.mark.parametrize(("name", "verdict"), [("right", "equal"), ("wrong", "different"), ("arrays", "equal")])
def test_ports_are_checked_in_half_precision(ports, name, verdict):
    outcome = check(getattr(ports, name), dtypes=HALF)
    assert outcome.verdict == verdict, outcome.text()
    assert {probe.dtype for probe in outcome.probes} == set(HALF)
    # Tiny values say nothing in half precision.
    assert {probe.verdict for probe in outcome.probes} - {"equal"} == {verdict} - {"equal"}
    assert "--dtype float16" in outcome.reproduce


def test_a_port_of_a_framework_without_the_format_is_refused(ports):
    with pytest.raises(
        UsageError, match=r"half_ports.py:\d+: original: expected one of float32, float64, got bfloat16"
    ):
        check(ports.unable, dtypes=["float32", "bfloat16"])


def test_adapters_say_what_they_compute_in():
    assert {name: adapter.dtypes for name, adapter in KNOWN.adapters.items()} == {
        **dict.fromkeys([*ABLE, "keras"], HALF_TOO),
        "theano": DTYPES,
    }

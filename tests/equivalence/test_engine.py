"""From a cell to its outcomes: conventions are undone, and whatever goes wrong is one outcome of its participant."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from equivalence import engine as engine_module
from equivalence import judging, registry
from equivalence.binding import Context, Flip
from equivalence.deviations import Row
from equivalence.engine import Engine, packages, random_cotangents, request_for
from equivalence.errors import ShapeError, WorkerError
from equivalence.matrix import plan
from equivalence.pool import Pool, Reply

QUANTITIES = ["forward-y", "forward-mean", "gradient-x", "gradient-weight", "gradient-bias"]
VARIANTS = ["own", "own/moved", "own/named", "own/packed", "own/doubling"]


@pytest.fixture(scope="module")
def module():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield import_module("conventions")


@pytest.fixture(scope="module")
def known(module):
    numpy = registry.load().adapters["numpy"]
    own = replace(numpy, name="own", bindings="conventions")
    operations = {"gated": module.gated}
    return registry.Registry(
        operations, {"numpy": numpy, "own": own}, registry._bindings([("own", module)], operations)
    )


@pytest.fixture(scope="module")
def pool(known):
    with Pool(packages(known), limit=60) as opened:
        yield opened


def binding(known, variant=None):
    return next(b for b in known.bindings["own", "gated"] if b.variant == variant)


def with_one(known, changed):
    """The registry with one binding only."""
    return replace(known, bindings={("own", "gated"): (changed,)})


def run(known, pool, rows=(), seed=0, **selection):
    planned = plan(known, **{"dtypes": ["float32"]} | selection)
    assert planned.cells
    return [outcome for found in Engine(known, pool, rows, seed).run(planned) for outcome in found]


def red(outcomes):
    return {outcome.case for outcome in outcomes if not outcome.expected}


def test_every_convention_is_undone_forward_and_back(known, pool):
    outcomes = run(known, pool)
    assert [outcome.text() for outcome in outcomes if outcome.verdict != "equal"] == []
    pairs = [(left, right) for k, left in enumerate(["numpy", *VARIANTS]) for right in VARIANTS[k:]]
    assert [(o.left, o.right, o.quantity) for o in outcomes if o.case == "distinct"] == [
        (*pair, quantity) for pair in pairs for quantity in QUANTITIES
    ]
    assert {o.quantity for o in outcomes if o.case == "without_bias"} == set(QUANTITIES) - {"gradient-bias"}


@pytest.mark.parametrize(
    ("variant", "field", "value", "cases"),
    [
        ("moved", "blocks", {"g": "c b a"}, {"distinct", "equal", "scaled-turned", "without_bias"}),
        ("moved", "blocks", {"g": "b c a"}, {"distinct", "equal", "scaled-turned", "without_bias"}),
        ("moved", "blocks", {}, {"distinct", "equal", "scaled-turned", "without_bias"}),
        ("named", "flip", {}, {"scaled-turned"}),
        ("named", "flip", {"x": Flip("t")}, {"distinct", "equal", "without_bias"}),
        ("named", "flip", {"x": Flip("c", {"turned": True})}, {"scaled-turned"}),
        ("named", "recode", {"percent": lambda context: 100}, {"scaled-turned"}),
        ("packed", "flip", {}, {"scaled-turned"}),
        ("doubling", "recode", {"scale": {1.0: 0.5, 2.0: 2.0}}, {"scaled-turned"}),
    ],
)
def test_a_wrong_convention_is_different_where_it_matters(known, pool, variant, field, value, cases):
    changed = replace(binding(known, variant), **{field: value})
    outcomes = run(with_one(known, changed), pool)
    assert red(outcomes) == cases
    assert {outcome.verdict for outcome in outcomes if outcome.case in cases} >= {"different"}


def test_equal_sizes_hide_no_exchanged_axes(known, pool):
    moved = binding(known, "moved")
    for layouts in [{"weight": "g c"}, {"y": "t h n"}, {"x": "n t c"}, {"mean": "n h"}]:
        outcomes = run(with_one(known, replace(moved, layouts=moved.layouts | layouts)), pool, cases=["equal"])
        assert any(outcome.verdict in ("different", "error") for outcome in outcomes), layouts


def missing(context):
    return {}["nothing"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("recode", {"percent": missing}, "KeyError: 'nothing'"),
        ("recode", {"percent": lambda context: np.float32(100)}, "float32 is not JSON serializable"),
        ("recode", {"scale": {1.0: 1.0}}, "KeyError: 2.0"),
        ("layouts", {"x": "n c"}, "EinopsError"),
        ("layouts", {"mean": "n h h"}, "EinopsError"),
        ("flip", {"x": Flip("z")}, "own/broken's binding cannot be used: ValueError"),
        ("blocks", {"g": "a b"}, "expected an order of 'a b c', got 'a b'"),
        ("rename", {"weight": "nothing"}, "unexpected keyword argument 'nothing'"),
    ],
)
def test_a_broken_binding_is_an_error_of_its_own_and_the_run_goes_on(known, pool, field, value, message):
    changed = replace(binding(known, "named"), variant="broken", **{field: value})
    both = replace(known, bindings={("own", "gated"): (binding(known), changed)})
    outcomes = run(both, pool, cases=["scaled-turned"])
    assert [(o.left, o.right, o.quantity) for o in outcomes if o.verdict == "error"] == [("own/broken", "", "call")]
    assert message in outcomes[0].comparison.reason
    assert [o.verdict for o in outcomes if {o.left, o.right} == {"numpy", "own"}] == ["equal"] * len(QUANTITIES)


def test_a_reference_that_fails_is_an_error_of_everyone(module, known, pool):
    def failing(*arguments, **parameters):
        raise AssertionError("only its place counts")

    operation = replace(module.gated, reference=failing, origin="conventions:nothing_of_this_name")
    outcomes = run(replace(known, operations={"gated": operation}), pool, cases=["equal"])
    assert [(o.left, o.quantity, o.verdict) for o in outcomes] == [
        (name, "call", "error") for name in ["numpy", *VARIANTS]
    ]
    assert all("nothing_of_this_name" in o.comparison.reason for o in outcomes)


def row(**changes):
    fields = {
        "kind": "difference",
        "adapter": "own",
        "operation": "gated",
        "cases": ("equal",),
        "quantity": "gradient-x",
        "reason": "it is so",
        "link": "https://example.org/why",
        "code": "gradient.ties",
    }
    return Row(**fields | changes)


def test_a_known_difference_is_expected_and_shown(known, pool):
    changed = replace(binding(known, "named"), variant=None, recode={"percent": lambda context: 300})
    rows = [row(quantity=quantity) for quantity in QUANTITIES]
    outcomes = run(with_one(known, changed), pool, rows, cases=["equal", "distinct"])
    assert red(outcomes) == {"distinct"}
    differing = [o for o in outcomes if o.case == "equal" and o.verdict == "different"]
    assert len(differing) >= 4
    assert {(o.known_difference, o.link) for o in differing} == {("gradient.ties", "https://example.org/why")}


def test_a_known_difference_that_has_stopped_is_an_error(known, pool):
    outcomes = run(with_one(known, binding(known)), pool, [row()], cases=["equal", "distinct"])
    errors = [outcome for outcome in outcomes if outcome.verdict != "equal"]
    assert [(o.id, o.verdict, o.known_difference, o.expected) for o in errors] == [
        ("gated-equal-float32[numpy+own]-gradient-x", "error", None, False)
    ]
    assert errors[0].comparison.reason.startswith(
        "the known difference gradient.ties of own has stopped: remove its row (a tolerance of "
    )


def test_two_that_both_have_the_row_must_be_equal(known, pool):
    changed = [replace(binding(known, name), recode={"percent": lambda context: 300}) for name in ["named"]]
    changed.append(replace(changed[0], variant="again"))
    rows = [row(quantity=quantity) for quantity in QUANTITIES]
    outcomes = run(replace(known, bindings={("own", "gated"): tuple(changed)}), pool, rows, cases=["equal"])
    among = [o for o in outcomes if o.left != "numpy"]
    assert [(o.verdict, o.known_difference) for o in among] == [("equal", None)] * len(QUANTITIES)
    assert all(o.expected for o in outcomes if o.verdict == "different")


def test_a_row_explains_no_error(known, pool):
    changed = replace(binding(known, "named"), variant=None, recode={"percent": missing})
    outcomes = run(with_one(known, changed), pool, [row(quantity="call")], cases=["equal"])
    assert [(o.verdict, o.expected, o.known_difference) for o in outcomes] == [("error", False, None)]


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(known, pool):
    first, again, other = (run(with_one(known, binding(known)), pool, seed=seed) for seed in (0, 0, 4))
    assert first == again
    assert [o.verdict for o in other] == [o.verdict for o in first]
    assert [o.comparison.left for o in other] != [o.comparison.left for o in first]
    assert all(o.reproduce.endswith("--seed 4") for o in other)
    assert first[0].reproduce == "equivalence run -o gated --case distinct --dtype float32 -f numpy -f own"


def test_the_numbers_compared_are_the_references(module, known, pool):
    """Against the reference called here, with the arrays the operation draws."""
    case = module.gated.cases[0]
    planned = plan(known, cases=["distinct"], dtypes=["float32"], frameworks=["numpy", "own"])
    evaluated = Engine(known, pool).evaluate(planned.cells[0]).sides
    arrays = {name: array.astype("float32").astype(float) for name, array in module.gated.draw(case).items()}
    y, mean = module.gated.reference(**arrays)
    cotangents = random_cotangents({"y": y, "mean": mean}, "float32", 0, "gated", "distinct")
    exact = {name: array.astype(float) for name, array in cotangents.items()}
    expected = {"forward-y": y, "forward-mean": mean}
    gradients = module.gated.gradients(exact, arrays, {"scale": 1.0, "turned": False})
    expected |= {f"gradient-{name}": array for name, array in gradients.items()}
    assert evaluated.keys() == {"numpy", *VARIANTS}
    for name, evaluation in evaluated.items():
        assert evaluation.error is None
        assert list(evaluation.values) == QUANTITIES
        for quantity, array in evaluation.values.items():
            assert np.allclose(array, expected[quantity], rtol=1e-5, atol=1e-5), (name, quantity)


@pytest.fixture
def cell(known):
    return plan(known, cases=["distinct"], dtypes=["float32"]).cells[0]


def arrays_of(cell):
    return {name: array.astype("float32") for name, array in cell.operation.draw(cell.case).items()}


def cotangents_of(cell):
    sizes = cell.operation.case_sizes(cell.case)
    shapes = {"y": (sizes["n"], sizes["h"], sizes["t"]), "mean": (sizes["n"], sizes["h"])}
    return {name: np.ones(shape, "float32") for name, shape in shapes.items()}


def test_a_request_has_native_arrays_keywords_and_parameters(known, cell):
    moved = request_for(cell, binding(known, "moved"), arrays_of(cell), cotangents_of(cell))
    assert moved.target == {"object": "conventions:moved"}
    assert {name: array.shape for name, array in moved.arrays.items()} == {
        "x": (5, 2, 3),
        "weight": (3, 12),
        "bias": (1, 12),
    }
    assert {name: array.shape for name, array in moved.cotangents.items()} == {"y": (5, 2, 4), "mean": (4, 2)}
    assert {array.dtype for array in moved.arrays.values()} == {np.dtype("float32")}
    assert (moved.outputs, moved.wrt) == (["y", "mean"], ["x", "weight", "bias"])
    assert moved.parameters == {"scale": 1.0, "turned": False}
    named = request_for(cell, binding(known, "named"), arrays_of(cell), {})
    assert named.keywords == {"weight": "kernel", "bias": "offset"}
    assert named.parameters == {"percent": 100.0}
    assert named.wrt == []


def test_the_reference_is_called_in_float64(cell):
    request = request_for(cell, None, arrays_of(cell), cotangents_of(cell))
    assert request.target == {"object": "conventions:gated"}
    assert {array.dtype.name for array in [*request.arrays.values(), *request.cotangents.values()]} == {"float64"}


def test_a_recoding_sees_parameters_and_derived_sizes(known, cell):
    seen = []
    changed = replace(binding(known, "named"), recode={"percent": lambda context: seen.append(context) or 100})
    request_for(cell, changed, arrays_of(cell), {})
    sizes = {"n": 2, "c": 3, "t": 5, "h": 4, "g": 12}
    assert seen == [Context({"scale": 1.0, "turned": False}, sizes)]


@pytest.fixture
def canonical(known, cell):
    """What the engine makes of a reply of the plain binding."""
    participant = next(p for p in cell.participants if p.name == "own")
    arrays = arrays_of(cell)
    shapes = {f"forward-{name}": array.shape for name, array in cotangents_of(cell).items()}
    shapes |= {f"gradient-{name}": array.shape for name, array in arrays.items()}
    problem = judging.Problem(arrays, cotangents_of(cell), shapes)
    outputs, gradients = cotangents_of(cell), arrays

    def read(**changes):
        given = Reply(changes.get("outputs", outputs), changes.get("gradients", gradients))
        return engine_module.canonical(cell, participant, problem, given)

    return read, outputs, gradients


def test_a_whole_reply_is_read(canonical):
    read, outputs, gradients = canonical
    expected = [*outputs.values(), *gradients.values()]
    assert all(one is other for one, other in zip(read().values(), expected, strict=True))


@pytest.mark.parametrize("kind", ["outputs", "gradients"])
def test_a_missing_and_an_extra_array_are_errors(canonical, kind):
    read, *given = canonical
    whole = given[kind == "gradients"]
    for name in whole:
        with pytest.raises(WorkerError, match=rf"own gave no (forward|gradient)-{name}"):
            read(**{kind: {key: value for key, value in whole.items() if key != name}})
    with pytest.raises(WorkerError, match=f"own gave {kind} that nobody asked for: surplus"):
        read(**{kind: {**whole, "surplus": np.zeros(3)}})


@pytest.mark.parametrize(("kind", "name"), [("outputs", "y"), ("gradients", "weight")])
def test_another_shape_is_an_error_that_names_both(canonical, kind, name):
    read, *given = canonical
    whole = given[kind == "gradients"]
    with pytest.raises(ShapeError, match=rf"own's (forward|gradient)-{name}: expected shape \(.*\), got \("):
        read(**{kind: {**whole, name: whole[name][:1]}})


def test_cotangents_depend_on_seed_case_and_output_and_integers_have_none():
    outputs = {"y": np.zeros((3, 4)), "z": np.zeros((3, 4)), "index": np.zeros(3, int), "flag": np.zeros(3, bool)}
    found = random_cotangents(outputs, "float32", 0, "op", "case")
    assert list(found) == ["y", "z"]
    assert found["y"].dtype == np.float32
    others = [
        random_cotangents(outputs, "float32", 1, "op", "case")["y"],
        random_cotangents(outputs, "float32", 0, "op", "other")["y"],
        found["z"],
    ]
    assert not any(np.array_equal(found["y"], other) for other in others)
    assert np.array_equal(found["y"], random_cotangents(outputs, "float32", 0, "op", "case")["y"])

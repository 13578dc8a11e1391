"""The matrix tells every mutation of a binding's data from the binding, on the real frameworks."""

import dataclasses
import json

import pytest

from equivalence import registry, session
from equivalence.binding import Adapter, Flip, binding
from equivalence.deviations import Equivalent
from equivalence.errors import DeclarationError
from equivalence.matrix import plan
from equivalence.operation import case, operation
from equivalence.power import measure
from equivalence.power.mutations import mutations, native_parameters
from equivalence.power.results import Mutant, Power, tally

KNOWN = registry.load()
SUBSET = [("keras", "dense"), ("tensorflow", "global_avg_pool"), ("theano", "dense"), ("torch", "max_pool2d")]
"""What every run tests; the slow test has all operations of all frameworks."""


@pytest.fixture(scope="module")
def engine():
    with session.engine(KNOWN, plan(KNOWN)) as opened:
        yield opened


def measured(engine, known=KNOWN, **selection):
    found = sorted(measure.run(engine, measure.tasks(known, **selection)), key=lambda pair: pair[0].position)
    return Power(tuple(mutant for _, mutant in found), {})


def check(result):
    assert result.exit_status == 0, "\n".join(mutant.text() for mutant in [*result.survivors, *result.errors])
    assert result.score == 1.0


def test_the_subset_has_every_framework():
    assert {name for name, _ in SUBSET} == {name for name, adapter in KNOWN.adapters.items() if adapter.bindings}


@pytest.mark.parametrize(("framework", "name"), SUBSET)
def test_every_mutation_of_a_framework_is_killed(engine, framework, name):
    result = measured(engine, operations=[name], frameworks=[framework])
    check(result)
    assert {mutant.participant.partition("/")[0] for mutant in result.mutants} == {framework}


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN.operations)
def test_every_mutation_of_every_framework_is_killed(engine, name):
    result = measured(engine, operations=[name])
    check(result)
    assert {mutant.participant for mutant in result.mutants} == {
        participant.name for participant in KNOWN.participants(KNOWN.operations[name])
    }


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d", "dense", "nin", "max_pool2d", "lstm"])
def test_exchanged_axes_are_told_by_values_where_sizes_are_equal(engine, name):
    result = measured(engine, operations=[name], frameworks=["torch"])
    swaps = [mutant for mutant in result.mutants if mutant.kind == "swap"]
    assert all(mutant.how == "different" for mutant in swaps), [m.text() for m in swaps if m.how != "different"]


def only_cases(name, wanted):
    declared = KNOWN.operations[name]
    kept = dataclasses.replace(declared, cases=tuple(item for item in declared.cases if wanted(item)))
    return dataclasses.replace(KNOWN, operations={**KNOWN.operations, name: kept})


def test_without_the_case_that_shows_it_a_mutation_survives_and_a_case_is_named(engine):
    known = only_cases("softmax", lambda item: item.id != "matrix-first_axis")
    result = measured(engine, known, operations=["softmax"], frameworks=["torch"])
    [survivor] = result.survivors
    assert result.exit_status == 1
    assert survivor.name == "parameter-axis-0-as--1"
    assert "axis=0" in survivor.revealing
    assert survivor.revealing in survivor.text()


def test_a_row_that_speaks_of_no_mutation_is_refused(monkeypatch):
    stated = Equivalent("torch", "relu", "flip-x-h", "there is no h")
    monkeypatch.setattr(measure, "equivalents", lambda adapter: [stated] if adapter.name == "torch" else [])
    with pytest.raises(DeclarationError, match="flip-x-h"):
        measure.tasks(KNOWN, operations=["relu"])


def test_a_row_of_an_operation_that_is_not_there_is_refused(monkeypatch):
    stated = Equivalent("torch", "rleu", "flip-x-...", "mistyped")
    monkeypatch.setattr(measure, "equivalents", lambda adapter: [stated] if adapter.name == "torch" else [])
    with pytest.raises(DeclarationError, match="rleu"):
        measure.tasks(KNOWN, operations=["softmax"])


def test_a_row_of_a_mutation_that_makes_a_difference_is_an_error(engine, monkeypatch):
    stated = Equivalent("torch", "relu", "flip-x-...", "so they say")
    monkeypatch.setattr(measure, "equivalents", lambda adapter: [stated] if adapter.name == "torch" else [])
    result = measured(engine, operations=["relu"], frameworks=["torch"])
    [error] = result.errors
    assert "so they say" in error.reason
    assert result.exit_status == 2


def test_a_worker_that_cannot_start_is_an_error_and_kills_nothing():
    broken = Adapter("broken", "Broken", "no.such:Driver", "x", ())
    known = dataclasses.replace(
        KNOWN,
        adapters={"numpy": KNOWN.adapters["numpy"], "broken": broken},
        bindings={("broken", "relu"): (binding(abs, docs="", operation="relu"),)},
    )
    with session.engine(KNOWN, plan(KNOWN)) as opened, pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "equivalents", lambda _: [])
        patch.setattr("equivalence.matrix.rows", lambda _: [])
        result = measured(opened, known, operations=["relu"], frameworks=["broken"])
    assert {mutant.status for mutant in result.mutants} == {"error"}
    assert result.exit_status == 2


def test_a_binding_that_is_wrong_as_it_is_is_an_error_and_kills_nothing(engine):
    [right] = KNOWN.bindings["torch", "relu"]
    wrong = dataclasses.replace(right, flip={"x": Flip("...")})
    result = measured(engine, KNOWN.with_binding("torch", wrong), operations=["relu"], frameworks=["torch"])
    assert {mutant.status for mutant in result.mutants} == {"error"}
    assert "as it is" in result.mutants[0].text()


@operation(
    inputs={"x": "n c g", "weight": "c"},
    output="n c",
    parameters={"mode": ("a", "b"), "side": (1, 2), "said_elsewhere": (False, True)},
    blocks={"g": "i f o"},
    cases=[case("one", {"n": 2, "c": 3, "g": 6}), case("two", {"n": 2, "c": 3, "g": 6}, mode="b", side=2)],
)
def gated(x, weight, *, mode="a", side=1, said_elsewhere=False):
    """Stand for an operation with everything that data can say."""
    return x.sum(axis=-1) * weight


BOUND = binding(
    abs,
    docs="",
    operation="gated",
    rename={"mode": "kind", "said_elsewhere": None},
    recode={"kind": lambda context: context.parameters["mode"].upper()},
    flip={"x": Flip("n c", when={"said_elsewhere": True})},
    x="c (g n)",
)


def names(kind):
    return {mutation.name for mutation in mutations(gated, BOUND) if mutation.kind == kind}


def test_flips_are_toggled_axis_by_axis_and_by_their_condition():
    of_x = {name for name in names("flip") if name.startswith("flip-x-")}
    assert of_x == {f"flip-x-{what}" for what in ("dropped", "always", "inverted", "n", "c", "g")}
    found = {mutation.name: mutation.binding.flip.get("x") for mutation in mutations(gated, BOUND)}
    assert found["flip-x-dropped"] is None
    assert found["flip-x-always"] == Flip("n c")
    assert found["flip-x-inverted"] == Flip("n c", {"said_elsewhere": False})
    assert found["flip-x-n"] == Flip("c", {"said_elsewhere": True})
    assert found["flip-x-g"] == Flip("n c g", {"said_elsewhere": True})
    assert {"flip-output-n", "flip-output-c", "flip-output-n+c", "flip-weight-c"} <= names("flip")


def test_every_pair_of_axes_is_exchanged_in_packed_layouts_too():
    found = {mutation.name: mutation.binding.layouts for mutation in mutations(gated, BOUND)}
    assert {name for name in found if name.startswith("swap")} == {
        *("swap-x-n+c", "swap-x-n+g", "swap-x-c+g"),
        "swap-output-n+c",
    }
    assert found["swap-x-n+c"]["x"] == "n (g c)"
    assert found["swap-x-c+g"]["x"] == "g (c n)"
    assert found["swap-output-n+c"]["output"] == "c n"


def test_neighbouring_blocks_are_exchanged():
    assert names("blocks") == {"blocks-g-i+f", "blocks-g-f+o"}


def test_renamings_are_dropped_and_exchanged():
    assert names("rename") == {"rename-mode-dropped", "rename-said_elsewhere-dropped", "rename-mode+side"}


def test_a_parameter_that_the_call_sees_gets_every_other_declared_value_and_its_default():
    assert names("parameter") == {
        *("parameter-mode-default", "parameter-mode-a-as-b", "parameter-mode-b-as-a"),
        *("parameter-side-default", "parameter-side-1-as-2", "parameter-side-2-as-1"),
    }
    found = {mutation.name: mutation.binding for mutation in mutations(gated, BOUND)}
    first, second = gated.cases
    assert native_parameters(gated, BOUND, second) == {"kind": "B", "side": 2}
    assert native_parameters(gated, found["parameter-mode-a-as-b"], first) == {"kind": "B", "side": 1}
    assert native_parameters(gated, found["parameter-mode-a-as-b"], second) == {"kind": "B", "side": 2}
    assert native_parameters(gated, found["parameter-side-default"], second) == {"kind": "B", "side": 1}


def test_gradients_are_scaled_and_dropped():
    assert names("gradient") == {f"gradient-{name}-{how}" for name in ("x", "weight") for how in ("scaled", "dropped")}


def test_names_are_unique_and_so_is_what_they_name():
    for (adapter, name), declared in KNOWN.bindings.items():
        for item in declared:
            found = mutations(KNOWN.operations[name], item)
            assert len({mutation.name for mutation in found}) == len(found), (adapter, name)
            assert all(mutation.binding != item or mutation.kind == "gradient" for mutation in found), (adapter, name)


def mutant(status, **fields):
    return Mutant(operation="o", participant="numpy", kind="fault", name="f", status=status, **fields)


def test_the_score_counts_what_is_not_equivalent():
    result = Power((mutant("killed"), mutant("survived"), mutant("equivalent"), mutant("error")), {})
    assert result.score == pytest.approx(1 / 3)
    assert tally(result.mutants).equivalent == 1
    assert result.exit_status == 1


@pytest.mark.parametrize(
    ("statuses", "expected"), [(["killed"], 0), (["killed", "error"], 2), ([], 2), (["equivalent"], 2)]
)
def test_exit_statuses(statuses, expected):
    assert Power(tuple(map(mutant, statuses)), {}).exit_status == expected


def test_a_result_cannot_be_changed_and_is_json():
    result = Power((mutant("killed", how="refused"),), {"theano": "not here"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.mutants[0].status = "survived"
    written = json.loads(json.dumps(result.to_json()))
    assert written["operations"]["o"]["faults"] == {"killed": 1, "all": 1, "refused": 1, "equivalent": 0}
    assert written["absent"] == {"theano": "not here"}

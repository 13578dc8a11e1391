"""No false alarms: correct results on hard data are never called different, but for the rows of data."""

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from equivalence import registry, session
from equivalence.codes import NONFINITE
from equivalence.comparison import Comparison
from equivalence.deviations import Row
from equivalence.errors import UsageError
from equivalence.inputs import STRATEGIES
from equivalence.judging import Evaluation, downstream_of
from equivalence.outcome import Outcome
from equivalence.stress import (
    COMPARISONS,
    ENOUGH,
    KINDS,
    LONG,
    UNDECIDED,
    counted,
    stopped,
    stress_case,
    stress_plan,
    stress_status,
    unexpected,
)

KNOWN = registry.load()
SUBSET = 4000
FIRST_OF_FAMILY = sorted({operation.family: name for name, operation in reversed(KNOWN.operations.items())}.values())


@pytest.fixture
def here(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)
    return session.available(KNOWN).registry


def run(known, comparisons, seed=0, operations=()):
    planned = stress_plan(known, comparisons=comparisons, seed=seed, operations=operations)
    with session.engine(known, planned, seed=seed, command="stress") as engine:
        return planned, [outcome for found in engine.run(planned) for outcome in found]


def check(outcomes, comparisons, operations=KNOWN.operations):
    assert [outcome.text() for outcome in unexpected(outcomes)] == []
    undecided = [outcome for outcome in outcomes if outcome.verdict == "undecided"]
    assert len(undecided) < UNDECIDED * len(outcomes), counted(undecided)
    assert all(outcome.comparison.reason for outcome in undecided)
    assert len(outcomes) >= comparisons
    assert {outcome.dtype for outcome in outcomes} == {"float32", "float64"}
    assert {outcome.operation for outcome in outcomes} == set(operations)
    assert {outcome.case.rpartition("-")[0] for outcome in outcomes} == set(KINDS)


def test_a_subset_has_no_false_alarm(here):
    """The first operation of each family, 4,000 comparisons with seed 0: the same in every run."""
    _, outcomes = run(here, SUBSET, operations=FIRST_OF_FAMILY)
    check(outcomes, SUBSET, FIRST_OF_FAMILY)
    assert stress_status(outcomes) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_twenty_thousand_comparisons_have_no_false_alarm(here, seed):
    planned, outcomes = run(here, COMPARISONS, seed)
    check(outcomes, COMPARISONS)
    assert stopped(planned.rows, outcomes) == []


@pytest.mark.parametrize("operation", KNOWN.operations.values(), ids=KNOWN.operations)
def test_a_case_follows_from_its_number_and_is_a_valid_one(operation):
    cases = [stress_case(operation, number, 0) for number in range(60)]
    assert cases == [stress_case(operation, number, 0) for number in range(60)]
    assert len({case.id for case in cases}) == 60
    for case in cases:
        assert case.stress
        if not case.id.startswith("long"):
            arrays = operation.draw(case)
            with np.errstate(all="ignore"):
                assert all(y.size for y in operation.forward(arrays, operation.settings(case)).values())


def test_another_seed_gives_other_sizes():
    operation = KNOWN.operations["dense"]
    one, other = ([stress_case(operation, number, seed) for number in range(20)] for seed in (0, 1))
    assert one != other


def test_every_kind_of_data_meets_every_declared_case():
    operation = KNOWN.operations["dense"]
    cases = [stress_case(operation, number, 0) for number in range(len(KINDS) * len(operation.cases))]
    met = {(case.id.rpartition("-")[0], str(case.parameters), case.without) for case in cases}
    assert met == {(kind, str(case.parameters), case.without) for kind in KINDS for case in operation.cases}


def test_some_sums_are_nearly_a_million_terms_long():
    cases = [stress_case(KNOWN.operations["dense"], number, 0) for number in range(400)]
    assert LONG / 2 < max(case.sizes["c"] for case in cases) <= LONG


def test_the_data_are_what_their_names_say():
    rng = np.random.default_rng(0)
    drawn = {name: STRATEGIES[name](rng, (40, 50)) for name in set(KINDS.values())}
    assert {name for name, array in drawn.items() if array.shape != (40, 50)} == set()
    assert np.isnan(drawn["nonfinite"]).any()
    assert {np.inf, -np.inf} <= set(drawn["nonfinite"][np.isinf(drawn["nonfinite"])])
    tiny = np.abs(drawn["denormal"][drawn["denormal"] != 0])
    assert (tiny < 2.0**-126).mean() > 0.2
    assert (tiny < 2.0**-1022).any()
    assert np.ptp(np.log10(np.abs(drawn["mixed"]))) > 30
    assert abs(drawn["cancelling"].sum()) < 1e-3 * np.abs(drawn["cancelling"]).sum()
    assert drawn["offset"].mean() == pytest.approx(2000, abs=1)
    scales = [np.abs(STRATEGIES["scaled"](rng, (9,))).max() for _ in range(200)]
    assert min(scales) < 1e-15
    assert max(scales) > 1e15


def test_a_case_by_its_id_is_the_case_of_the_whole_run(here):
    whole = stress_plan(here, operations=["nin"], comparisons=800)
    last = whole.cells[-1].case.id
    one = stress_plan(here, operations=["nin"], cases=[last], dtypes=["float32"])
    assert [cell.key for cell in one.cells] == [("nin", last, "float32")]
    assert one.cells[0] in whole.cells


@pytest.mark.parametrize("case", ["normal-1", "normal", "valid-nan", "normal-x"])
def test_a_case_that_stress_does_not_make_is_an_error_not_another_case(here, case):
    with pytest.raises(UsageError, match=f"nin has no stress case {case!r}"):
        stress_plan(here, operations=["nin"], cases=[case])


def places(evaluated, downstream, quantity, participant="torch"):
    """The finite elements that have nothing to do with NaN or infinity."""
    right = evaluated.sides[participant].values[quantity]
    left = evaluated.sides["numpy"].values[quantity]
    return np.argwhere(~downstream.get(quantity, True) & np.isfinite(left) & np.isfinite(right))


def spoiled(evaluated, downstream, quantity, participant="torch"):
    """What came out, but for one finite element of a participant."""
    changed = evaluated.sides[participant].values[quantity].copy()
    changed[tuple(places(evaluated, downstream, quantity, participant)[0])] += 0.5
    side = Evaluation({**evaluated.sides[participant].values, quantity: changed})
    return replace(evaluated, sides={**evaluated.sides, participant: side})


def first_with_places(engine, planned, quantity):
    """The cells of the first case that has such elements in both dtypes."""
    for _, group in groupby(planned.cells, key=lambda cell: cell.case.id):
        cells = list(group)
        evaluated = [engine.evaluate(cell) for cell in cells]
        if all(len(places(e, downstream_of(c, e.problem), quantity)) for c, e in zip(cells, evaluated, strict=True)):
            return cells
    raise AssertionError(f"no case of {len(planned.cells)} has an element of {quantity} without NaN or infinity")


@pytest.mark.parametrize(
    ("operation", "quantity"),
    [
        ("relu", "gradient-x"),
        ("nin", "gradient-x"),
        ("dense", "gradient-bias"),
        ("max_pool2d", "gradient-x"),
        ("conv2d", "gradient-x"),
        ("conv_transpose2d", "forward"),
    ],
)
def test_a_row_about_nan_excuses_no_finite_error(here, operation, quantity):
    drawn = [stress_case(KNOWN.operations[operation], number, 0).id for number in range(12 * len(KINDS))]
    nonfinite = [case for case in drawn if case.startswith("nonfinite-")]
    planned = stress_plan(here, operations=[operation], frameworks=["numpy", "torch"], cases=nonfinite)
    assert any(row.code == NONFINITE and row.operation == operation for row in planned.rows)
    with session.engine(here, planned, command="stress") as engine:
        cells = first_with_places(engine, planned, quantity)
        outcomes = [outcome for cell in cells for outcome in engine.outcomes(cell)]
        assert list(unexpected(outcomes)) == []
        evaluate = engine.evaluate

        def wrong(cell):
            evaluated = evaluate(cell)
            return spoiled(evaluated, downstream_of(cell, evaluated.problem), quantity)

        engine.evaluate = wrong
        outcomes = [outcome for cell in cells for outcome in engine.outcomes(cell)]
    assert {(o.quantity, o.dtype) for o in unexpected(outcomes)} == {(quantity, "float32"), (quantity, "float64")}
    assert stress_status(outcomes) == 1


def outcome(verdict="equal", reason="rounding", **changes):
    fields = {
        "operation": "relu",
        "family": "activation",
        "case": "nonfinite-6",
        "left": "numpy",
        "right": "theano/odd",
        "dtype": "float32",
        "quantity": "gradient-x",
        "comparison": Comparison(verdict=verdict, reason=reason),
        "stress": True,
    }
    return Outcome(**fields | changes)


ROW = Row(
    kind="stress",
    adapter="theano",
    operation="relu",
    data=("nonfinite",),
    quantity="gradient-x",
    code="gradient.ties",
    reason="so",
    link="https://example.org",
)


def test_a_stress_row_speaks_of_its_kind_of_data_only():
    assert ROW.matches("theano", "relu", "nonfinite-17", "float32", "gradient-x")
    assert not ROW.matches("theano", "relu", "offset-17", "float32", "gradient-x")
    assert not ROW.matches("theano", "relu", "nonfinite-17", "float32", "forward")


def test_a_row_that_nothing_shows_has_stopped():
    assert stopped([ROW], [outcome("different", known_difference="gradient.ties")]) == []
    assert stopped([ROW], [outcome("different", known_difference="other")] * ENOUGH) == [ROW]
    assert stopped([ROW], [outcome()] * ENOUGH) == [ROW]
    assert stopped([ROW], [outcome()] * (ENOUGH // 2 - 1)) == []
    assert stopped([replace(ROW, kind="difference")], [outcome()]) == []


def test_the_exit_status():
    equal, unsure = [outcome()] * 99, outcome("undecided", "overflow: in 1 places")
    assert stress_status(equal) == 0
    assert stress_status([*equal, unsure]) == 0
    assert stress_status([*equal, unsure, unsure, unsure]) == 2
    assert stress_status([*equal, outcome("error", "died")]) == 2
    assert stress_status([*equal, outcome("different")]) == 1
    assert stress_status([*equal, outcome("different", known_difference="gradient.ties")]) == 0
    assert stress_status(equal, [ROW]) == 2
    assert stress_status([]) == 2


def test_counts_say_why():
    found = counted([outcome(), outcome(), outcome("undecided", "overflow: in 3 places"), outcome("error", "a: died")])
    assert [(item.verdict, item.reason, item.number) for item in found] == [
        ("equal", "rounding", 2),
        ("error", "died", 1),
        ("undecided", "overflow", 1),
    ]


def test_the_command_prints_the_counts_and_how_to_compute_one_again(tmp_path):
    import subprocess
    import sys

    words = ["stress", "-o", "relu", "-f", "numpy", "-f", "torch", "--comparisons", "40", "--json", "out.jsonl"]
    command = [sys.executable, "-c", "from equivalence.cli import main; main()", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "comparisons of correct results" in done.stdout
    assert "equivalence stress -o relu --case normal-0 --dtype float32" in Path(tmp_path, "out.jsonl").read_text()

"""What is compared: the plan, its selections, its gaps and its laws."""

import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from equivalence import registry
from equivalence.binding import DTYPES
from equivalence.deviations import Row
from equivalence.errors import DeclarationError, UsageError
from equivalence.matrix import Plan, plan, skips


@pytest.fixture(scope="module")
def known():
    return registry.load()


@pytest.fixture(scope="module")
def full(known):
    return plan(known)


def keys(planned):
    return [cell.key for cell in planned.cells]


def adapters_in(cell):
    return {participant.adapter.name for participant in cell.participants}


def test_everything_is_every_operation_case_dtype_pair_and_quantity(known, full):
    assert keys(full) == [
        (operation.name, case.id, dtype)
        for operation in known.operations.values()
        for case in operation.cases
        for dtype in DTYPES
    ]
    count = sum(
        len(cell.participants) * (len(cell.participants) - 1) // 2 * len(cell.quantities) for cell in full.cells
    )
    assert len(list(full.ids())) == count > 6000


def test_ids_are_unique_and_readable(full):
    ids = [name for *_, name in full.ids()]
    assert len(set(ids)) == len(ids)
    assert "conv2d-same_upper-stride2-even_kernel-float32[tensorflow+torch]-gradient-weight" in ids
    assert all(
        name.isascii() and " " not in name and "::" not in name and "/" not in name.split("[")[0] for name in ids
    )


def test_the_reference_is_on_the_left_of_each_of_its_pairs(full):
    assert all(cell.participants[0].name == "numpy" for cell in full.cells)
    assert all(right.name != "numpy" for cell in full.cells for _, right in cell.pairs)


def test_quantities_are_the_outputs_and_the_gradients(known):
    [cell, _] = plan(known, operations=["conv2d"], cases=["same_upper-equal_sizes"]).cells
    assert cell.quantities == ["forward", "gradient-x", "gradient-weight", "gradient-bias"]
    operation = replace(cell.operation, outputs={"y": "n", "mean": "c"})
    case = replace(cell.case, without=("bias",))
    changed = replace(cell, operation=operation, case=case)
    assert changed.quantities == ["forward-y", "forward-mean", "gradient-x", "gradient-weight"]


def test_law_4_each_operation_has_pairwise_distinct_sizes_and_equal_ones(known):
    for operation in known.operations.values():
        counts = []
        for case in operation.cases:
            flat = [part for size in case.sizes.values() for part in (size if isinstance(size, tuple) else [size])]
            counts.append((len(flat), len(set(flat))))
        assert any(count == different > 1 for count, different in counts), f"{operation.name}: no distinct sizes"
        assert any(count > different == 1 for count, different in counts), f"{operation.name}: no equal sizes"


def test_law_3_every_adapter_takes_part_in_every_case(known, full):
    for cell in full.cells:
        out = {
            gap.adapter.partition("/")[0]
            for gap in full.gaps
            if gap.operation is cell.operation and gap.case in (None, cell.case.id) and gap.row is not None
        }
        own = {name for name, adapter in known.adapters.items() if not adapter.library}
        assert own <= adapters_in(cell) | out <= set(known.adapters), cell.key


def test_law_3_what_runs_on_anothers_library_takes_part_somewhere(known, full):
    taking = {name for cell in full.cells for name in adapters_in(cell)}
    assert {name for name, adapter in known.adapters.items() if adapter.library} <= taking


def test_law_3_there_is_no_gap_without_a_row(full):
    assert [(gap.adapter, gap.operation.name, gap.case) for gap in full.gaps if gap.row is None] == []


def test_every_row_of_the_real_adapters_speaks_of_something(full):
    assert full.rows
    assert full.unmatched() == []


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"operations": ["relu", "nin"]}, lambda key: key[0] in ("relu", "nin")),
        ({"dtypes": ["float64"]}, lambda key: key[2] == "float64"),
        ({"cases": ["relu"]}, lambda key: key[1] == "relu"),
        ({"operations": ["dense"], "cases": ["relu"], "dtypes": ["float32"]}, ("dense", "relu", "float32").__eq__),
    ],
)
def test_a_selection_keeps_what_it_names(known, full, selection, expected):
    found = keys(plan(known, **selection))
    assert set(found) == {key for key in keys(full) if expected(key)}
    assert found


def test_operations_come_in_the_order_asked_for(known):
    found = keys(plan(known, operations=["relu", "nin"]))
    assert [found[0][0], found[-1][0]] == ["relu", "nin"]


def test_frameworks_are_adapters_or_participants(known):
    relu = plan(known, operations=["relu"], frameworks=["torch", "numpy"])
    assert {tuple(p.name for p in cell.participants) for cell in relu.cells} == {("numpy", "torch")}
    variants = {p.name for p in known.participants(known.operation("conv2d")) if "/" in p.name}
    for name in variants:
        chosen = plan(known, frameworks=["numpy", name], operations=["conv2d"])
        assert {p.name for cell in chosen.cells for p in cell.participants} <= {"numpy", name}


@pytest.mark.parametrize("field", ["operations", "frameworks", "dtypes", "cases"])
def test_what_is_named_twice_is_compared_once(known, field):
    values = {"operations": "relu", "frameworks": "torch", "dtypes": "float32", "cases": "zeros"}
    one = {"operations": ["relu"], "frameworks": ["numpy", "torch"]} | {field: [values[field]]}
    if field == "frameworks":
        one[field] = ["numpy", "torch"]
    twice = one | {field: one[field] * 2}
    names = [name for *_, name in plan(known, **twice).ids()]
    assert names == [name for *_, name in plan(known, **one).ids()]
    assert names


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"operations": ["con2d"]}, "no operation is called 'con2d'. Did you mean conv2d"),
        ({"frameworks": ["pytorch"]}, "no framework is called 'pytorch'. Did you mean torch"),
        ({"frameworks": ["torch/nothing"]}, "no framework is called 'torch/nothing'"),
        ({"cases": ["zerso"]}, "no case is called 'zerso'. Did you mean .*zeros"),
        ({"operations": ["nin"], "cases": ["zeros"]}, "no case is called 'zeros'"),
        ({"dtypes": ["float23"]}, "no dtype is called 'float23'. Did you mean float32"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_a_suggestion(known, selection, message):
    with pytest.raises(UsageError, match=message):
        plan(known, **selection)


def test_absent_frameworks_take_no_part_and_leave_no_rows(known):
    present = {name: adapter for name, adapter in known.adapters.items() if name != "theano"}
    planned = plan(replace(known, adapters=present))
    assert {name for cell in planned.cells for name in adapters_in(cell)} == set(present)
    assert [row for row in planned.rows if row.adapter == "theano"] == []
    assert planned.unmatched() == []


def row(**changes):
    fields = {
        "kind": "difference",
        "adapter": "torch",
        "operation": "relu",
        "cases": ("zeros",),
        "quantity": "gradient-x",
        "reason": "a reason",
        "link": "https://example.org",
    }
    return Row(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "matched"),
    [
        ({}, True),
        ({"cases": ("*",)}, True),
        ({"cases": ("zeros", "tiny")}, True),
        ({"cases": ("zeros", "zerso")}, False),
        ({"cases": ("zerso",)}, False),
        ({"operation": "rleu"}, False),
        ({"adapter": "jax"}, False),
        ({"quantity": "gradient-weight"}, False),
        ({"variants": ("slow",)}, False),
        ({"variants": ("",)}, True),
        ({"dtypes": ("float16",)}, False),
        ({"kind": "skip", "quantity": "", "cases": ("zerso",)}, False),
    ],
)
def test_a_row_that_speaks_of_nothing_is_found(full, changes, matched):
    one = row(**changes)
    assert (one not in Plan(full.cells, full.gaps, (one,)).unmatched()) is matched


@pytest.fixture
def with_rows(monkeypatch):
    """A plan in which an adapter has these rows."""

    def planned(known, *table, **selection):
        monkeypatch.setattr("equivalence.matrix.rows", lambda adapter: [r for r in table if r.adapter == adapter.name])
        return plan(known, **selection)

    return planned


def test_a_skipped_case_is_a_gap_with_its_row(known, with_rows):
    skip = row(kind="skip", quantity="", dtypes=("float64",))
    planned = with_rows(known, skip, operations=["relu"])
    out = [cell.key for cell in planned.cells if "torch" not in adapters_in(cell)]
    assert out == [("relu", "zeros", "float64")]
    assert [(gap.adapter, gap.case, gap.row) for gap in planned.gaps] == [("torch", "zeros", skip)]
    assert planned.unmatched() == []


def test_a_row_that_skips_is_an_outcome_with_its_reason_and_link_for_who_is_asked_for(known, with_rows):
    skip = row(kind="skip", quantity="", dtypes=("float64",))
    [outcome] = skips(with_rows(known, skip, operations=["relu"]))
    assert (outcome.verdict, outcome.expected, outcome.left, outcome.case) == ("skipped", True, "torch", "zeros")
    assert (outcome.comparison.reason, outcome.link) == (skip.reason, skip.link)
    jsonschema.validate(
        outcome.to_json(), json.loads((resources.files("equivalence") / "schemas" / "run.schema.json").read_text())
    )
    assert skips(with_rows(known, skip, operations=["relu"], frameworks=["numpy", "theano"])) == []


def test_a_skip_of_some_cases_must_name_cases_that_exist(known, with_rows):
    skip = row(kind="skip", quantity="", cases=("zeros", "zerso"))
    with pytest.raises(DeclarationError, match="zerso"):
        with_rows(known, skip)


def test_an_adapter_without_a_binding_is_a_gap_and_a_row_explains_it(known, with_rows):
    bindings = {key: value for key, value in known.bindings.items() if key != ("torch", "relu")}
    without = replace(known, bindings=bindings)
    assert [(gap.adapter, gap.case, gap.row) for gap in plan(without, operations=["relu"]).gaps] == [
        ("torch", None, None)
    ]
    skip = row(kind="skip", quantity="", cases=("*",))
    planned = with_rows(without, skip, operations=["relu"])
    assert [(gap.adapter, gap.case, gap.row) for gap in planned.gaps] == [("torch", None, skip)]
    assert planned.unmatched() == []


def change(known, **fields):
    [found] = known.bindings["torch", "dense"]
    return known.with_binding("torch", replace(found, **fields))


def test_a_binding_that_can_do_some_parameters_only_leaves_the_other_cases(known):
    planned = plan(change(known, only={"activation": ["linear"]}), operations=["dense"])
    for cell in planned.cells:
        linear = cell.operation.settings(cell.case)["activation"] == "linear"
        assert ("torch" in adapters_in(cell)) is linear


def test_a_case_that_no_binding_of_an_adapter_can_do_is_a_gap(known):
    planned = plan(change(known, only={"activation": ["linear"]}), operations=["dense"], dtypes=["float32"])
    assert [(gap.adapter, gap.case) for gap in planned.gaps] == [
        ("torch", "relu"),
        ("torch", "relu-beyond_6"),
        ("torch", "tanh-three_axes"),
    ]


def test_a_binding_that_can_do_one_dtype_only_leaves_the_other(known):
    planned = plan(change(known, dtypes=("float32",)), operations=["dense"])
    assert {cell.dtype for cell in planned.cells if "torch" in adapters_in(cell)} == {"float32"}

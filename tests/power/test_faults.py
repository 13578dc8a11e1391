"""The cases of every operation catch every fault, and stop catching it when the case that does is taken away."""

import dataclasses
import json

import pytest

from equivalence import registry
from equivalence.codes import CODES
from equivalence.errors import DeclarationError
from equivalence.operation import case, operation
from equivalence.power.faults import ATTEMPTS, Bench
from equivalence.power.results import Power

KNOWN = registry.load().operations
ALL = [(name, fault.name) for name, declared in KNOWN.items() for fault in declared.faults]
BENCHES = {name: Bench(declared) for name, declared in KNOWN.items()}


def fault_of(name, fault):
    return next(item for item in KNOWN[name].faults if item.name == fault)


def catching(name, fault):
    """The cases that tell a fault, in float64."""
    bench, wrong = BENCHES[name], fault_of(name, fault)
    return [item.id for item in KNOWN[name].cases if bench.examine(wrong, item) is not None]


def without(name, *ids):
    declared = KNOWN[name]
    kept = tuple(item for item in declared.cases if item.id not in ids)
    assert len(kept) == len(declared.cases) - len(ids)
    return Bench(dataclasses.replace(declared, cases=kept))


def with_fault(name, change, **fields):
    declared = dataclasses.replace(KNOWN[name], faults=[])
    declared.fault("new", code="unknown", **fields)(change)
    return Bench(declared).run(declared.faults[0])


def evaluated(text):
    """A case from its declaration, as a survivor's report prints it."""
    return eval(text, {"case": case})


@pytest.mark.parametrize("name", KNOWN)
def test_every_operation_has_faults(name):
    assert len(KNOWN[name].faults) >= 4


def test_most_operations_have_faults_of_their_gradient():
    differentiable = [o for o in KNOWN.values() if o.differentiable(o.cases[0])]
    assert sum(any(fault.gradient for fault in o.faults) for o in differentiable) > 0.9 * len(differentiable)


@pytest.mark.parametrize(("name", "fault"), ALL, ids=["-".join(pair) for pair in ALL])
def test_every_fault_is_caught_by_a_difference_and_not_by_an_error(name, fault):
    mutant = BENCHES[name].run(fault_of(name, fault))
    assert mutant.status == ("equivalent" if fault_of(name, fault).equivalent else "killed"), mutant.text()
    assert mutant.how in (None, "different", "shape"), mutant.reason


FIRST_OF_FAMILY = {operation.family: name for name, operation in reversed(KNOWN.items())}


@pytest.mark.parametrize(
    "name",
    [name if name in FIRST_OF_FAMILY.values() else pytest.param(name, marks=pytest.mark.slow) for name in KNOWN],
)
def test_removing_the_case_that_alone_catches_a_fault_makes_power_fail_and_names_another(name):
    for fault in KNOWN[name].faults:
        found = catching(name, fault.name)
        if len(found) > 1 or len(KNOWN[name].cases) == 1 or fault.equivalent:
            continue
        bench = without(name, *found)
        survivor = bench.run(fault)
        assert Power((survivor,), {}).exit_status == 1, (fault.name, found)
        assert fault.name in survivor.text()
        if survivor.revealing:
            assert survivor.revealing in survivor.text()
            assert bench.examine(fault, evaluated(survivor.revealing)) is not None, (fault.name, survivor.text())


@pytest.mark.parametrize(
    ("name", "fault", "only"),
    [
        ("conv2d", "strides-swapped", "valid-unequal_strides"),
        ("max_pool2d", "same-without-stride", "same_upper-stride2-odd_window-even_size"),
        ("dense", "channels-taken-as-second", "three_axes-equal_sizes"),
    ],
)
def test_a_case_that_reveals_a_survivor_is_found(name, fault, only):
    survivor = without(name, only).run(fault_of(name, fault))
    assert without(name, only).examine(fault_of(name, fault), evaluated(survivor.revealing)) is not None


def test_without_stride_2_on_even_sizes_a_padding_computed_without_the_stride_survives():
    even = ["same_upper-stride2-odd_kernel-even_size", "same_upper-stride2-depthwise-multiplier2"]
    survivor = without("conv2d", *even).run(fault_of("conv2d", "stride-ignored-in-padding"))
    assert survivor.status == "survived"
    assert "stride-ignored-in-padding" in survivor.text()
    revealing = evaluated(survivor.revealing)
    assert revealing.parameters["padding"].startswith("same")
    assert revealing.parameters["stride"] != (1, 1)


def test_without_the_negative_data_that_shows_them_zeros_in_the_padding_of_a_maximum_survive():
    caught = catching("max_pool2d", "zeros-in-the-padding")
    negative = {item.id for item in KNOWN["max_pool2d"].cases if item.data == "negative"}
    assert len(negative & set(caught)) > len(caught) / 2
    survivor = without("max_pool2d", *caught).run(fault_of("max_pool2d", "zeros-in-the-padding"))
    assert survivor.status == "survived"
    assert "zeros-in-the-padding" in survivor.text()
    revealing = evaluated(survivor.revealing)
    assert revealing.parameters.get("padding", "valid") != "valid" or revealing.parameters["rounding"] == "ceil"


def test_a_fault_that_is_the_reference_survives_and_has_no_revealing_case():
    survivor = with_fault("dense", KNOWN["dense"].reference)
    assert survivor.status == "survived"
    assert not survivor.revealing
    assert 100 < survivor.attempts <= ATTEMPTS
    assert "equivalent" in survivor.text()


def test_a_fault_of_the_gradient_that_is_the_gradient_survives():
    survivor = with_fault("dense", KNOWN["dense"].product, gradient=True)
    assert survivor.status == "survived"


def test_a_fault_that_is_stated_to_be_equivalent_and_is_not_is_an_error():
    mutant = with_fault("relu", lambda x: x, equivalent="it seems")
    assert mutant.status == "error"
    assert "it seems" in mutant.reason
    assert Power((mutant,), {}).exit_status == 2


def test_a_fault_that_is_itself_broken_is_an_error_and_not_killed():
    mutant = with_fault("relu", lambda x: undefined)  # noqa: F821
    assert mutant.status == "error"
    assert "NameError" in mutant.reason


def test_a_fault_of_another_shape_is_killed():
    mutant = with_fault("relu", lambda x: x[..., None])
    assert (mutant.status, mutant.how) == ("killed", "shape")


def test_a_fault_that_the_reference_refuses_everywhere_is_killed_as_refused():
    def refuse(**call):
        raise ValueError

    mutant = with_fault("relu", refuse)
    assert (mutant.status, mutant.how) == ("killed", "refused")


def test_a_difference_counts_before_a_refusal():
    def refuse_large(x):
        if x.ndim == 2:
            raise ValueError
        return x

    mutant = with_fault("relu", refuse_large)
    assert (mutant.how, mutant.case) == ("different", "three_axes-equal_sizes")


def test_a_fault_that_only_float32_shows_is_killed_there():
    # Sums up in half precision where float32 was asked for, and in float64 as it should.
    def low(x, weight, bias=None, **call):
        kind = "float16" if x.dtype == "float32" else "float64"
        return KNOWN["dense"].reference(x.astype(kind), weight.astype(kind), bias, **call).astype(x.dtype)

    mutant = with_fault("dense", low)
    assert (mutant.status, mutant.dtype) == ("killed", "float32")


def test_the_same_seed_gives_the_same_result():
    fault = fault_of("conv2d", "stride-ignored-in-padding")
    assert Bench(KNOWN["conv2d"]).run(fault) == Bench(KNOWN["conv2d"]).run(fault)


def declare(**fields):
    @operation(inputs={"x": "n"}, output="n", cases=[case("one", {"n": 2})], rounding=None)
    def twice(x):
        return 2 * x

    return twice.fault(**fields)


def test_two_faults_of_one_name_are_refused():
    declared = dataclasses.replace(KNOWN["relu"], faults=[])
    declared.fault("same", code="unknown")(abs)
    with pytest.raises(DeclarationError, match="a name no other has"):
        declared.fault("same", code="unknown")(abs)


def test_a_code_that_is_no_diagnosis_is_refused_with_a_suggestion():
    with pytest.raises(DeclarationError, match=r"Did you mean kernel\.flipped"):
        declare(name="wrong", code="kernel.fliped")(abs)


def test_the_codes_are_names_with_a_meaning():
    assert all("." in code or code == "unknown" for code in CODES)
    assert all(CODES.values())


def test_an_operation_without_bounds_is_judged_by_its_tolerance():
    @operation(inputs={"x": "n"}, output="n", cases=[case("one", {"n": 3})], rounding=None)
    def twice(x):
        return 2 * x

    twice.vjp(lambda cotangent, x: {"x": 2 * cotangent})
    twice.fault("thrice", code="scale.factor")(lambda x: 3 * x)
    assert Bench(twice).run(twice.faults[0]).status == "killed"


def test_a_result_is_json():
    mutants = tuple(BENCHES["relu"].run(fault) for fault in KNOWN["relu"].faults)
    written = json.loads(json.dumps(Power(mutants, {}).to_json()))
    assert written["score"] == 1.0
    assert written["operations"]["relu"]["faults"]["killed"] == len(mutants) - 1
    assert [mutant["name"] for mutant in written["mutants"]] == [fault.name for fault in KNOWN["relu"].faults]

"""The tables of the diagnosis name what there is."""

from equivalence import registry
from equivalence.codes import CODES
from equivalence.diagnosis.advice import advice
from equivalence.diagnosis.parameters import PARAMETERS, code_of

KNOWN = registry.load()
FAULTS = [fault for operation in KNOWN.operations.values() for fault in operation.faults]
DECLARED = {name for operation in KNOWN.operations.values() for name in operation.defaults}


def test_every_code_of_a_fault_has_advice():
    codes = {fault.code for fault in FAULTS if not fault.gradient and not fault.equivalent}
    assert {code for code in codes if not advice(code, "numpy")} <= {"unknown"}


def test_every_framework_is_told_what_to_do_beside_its_own_words():
    assert advice("kernel.flipped", "torch").startswith(advice("kernel.flipped", "numpy"))
    assert "tf.reverse" in advice("kernel.flipped", "keras")


def test_every_parameter_with_a_code_is_one_of_an_operation():
    assert set(PARAMETERS) - DECLARED == set()


def test_every_parameter_differs_in_a_code_that_exists():
    for operation in KNOWN.operations.values():
        for name, values in operation.parameters.items():
            assert {code_of(operation.name, name, values[0], value) for value in values[1:]} <= set(CODES)

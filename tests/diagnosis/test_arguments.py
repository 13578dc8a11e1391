"""Arguments that are treated otherwise get their code."""

import numpy as np
import pytest

from equivalence.diagnosis import arguments, layouts, outputs

PORTS = "ports_arguments.py"


def test_an_argument_treated_otherwise_gets_its_code(wrong_port, code, search):
    found = search(wrong_port, layouts.hypotheses, arguments.hypotheses, outputs.hypotheses)
    assert found.codes[:1] == [code], found.hypotheses


def test_right_ports_leave_nothing_to_explain(right_port, evidence_on):
    evidence = evidence_on(right_port)
    assert evidence.complete
    assert not evidence.telling


def test_the_message_names_the_argument(ports, search):
    named = {"bias_missing": "beta", "swapped": "gamma", "deviation": "variance", "mask_inverted": "mask"}
    for name, argument in named.items():
        best = search(ports(PORTS)[name], arguments.hypotheses).hypotheses[0]
        assert argument in best.message
        assert argument in best.fix


def test_what_is_told_of_a_missing_bias_is_not_told_of_one_that_counts_twice(ports, search):
    missing = search(ports(PORTS)["bias_missing"], arguments.hypotheses).codes
    twice = search(ports(PORTS)["bias_twice"], arguments.hypotheses).codes
    assert "bias.duplicated" not in missing
    assert "bias.missing" not in twice


@pytest.mark.parametrize(("dropped", "bits"), [(13, 10), (16, 7)])
def test_bits_of_the_mantissa_are_dropped(dropped, bits):
    numbers = np.array([1 + 2.0**-bits, 1 + 2.0 ** -(bits + 1), -1 - 1.5 * 2.0**-bits, 3.0, 0.0])
    cut = [1 + 2.0**-bits, 1.0, -1 - 2.0**-bits, 3.0, 0.0]
    to_even = [1 + 2.0**-bits, 1.0, -1 - 2 * 2.0**-bits, 3.0, 0.0]
    np.testing.assert_array_equal(arguments.shortened(numbers, dropped, rounded=False), cut)
    np.testing.assert_array_equal(arguments.shortened(numbers, dropped, rounded=True), to_even)

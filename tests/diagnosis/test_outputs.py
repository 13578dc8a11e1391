"""Outputs and borders that are wrong get their code."""

from equivalence.diagnosis import arguments, layouts, outputs

PORTS = "ports_outputs.py"


def test_an_output_that_is_wrong_gets_its_code(wrong_port, code, search):
    found = search(wrong_port, layouts.hypotheses, arguments.hypotheses, outputs.hypotheses)
    assert found.codes[:1] == [code], found.hypotheses


def test_right_ports_leave_nothing_to_explain(right_port, evidence_on):
    evidence = evidence_on(right_port)
    assert evidence.complete
    assert not evidence.telling


def test_factors_and_places_are_told(ports, search):
    told = {
        "doubled": "1.75",
        "shifted": "0.25",
        "by_size": "1 / c",
        "over_all": "the share of mask that is true",
        "other_side": "1 place more before t",
    }
    for name, words in told.items():
        assert words in search(ports(PORTS)[name], outputs.hypotheses).hypotheses[0].message


def test_a_border_that_explains_one_size_only_is_not_told(ports, search):
    """A convolution whose kernel is wrong has the right border."""
    found = search(ports("ports_layouts.py")["kernel_flipped"], outputs.hypotheses)
    assert not found.codes

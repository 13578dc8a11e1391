"""What layers make of masks, padding, time and the batch is measured, and told with restraint."""

from equivalence.diagnosis import behaviours, inside

PORTS = "ports_inside.py"
_MOST = 0.7


def test_what_was_measured_gets_its_code(wrong_port, code, evidence_on):
    told = inside.diagnose(evidence_on(wrong_port))
    assert [one.code for one in told][:1] == [code], told


def test_nothing_is_said_to_be_undone(wrong_port, code, evidence_on):
    told = behaviours.diagnose(evidence_on(wrong_port))
    assert code in [one.code for one in told]
    assert all(one.confidence <= _MOST and one.error_after is None for one in told)
    assert all(one.error_before > 0 for one in told)


def test_nothing_is_told_of_layers_that_treat_masks_and_examples_alike(ports, evidence_on):
    alike = [ports("ports_fits.py")[name] for name in ("temperature", "epsilon_before", "slope")]
    assert [inside.diagnose(evidence_on(port)) for port in alike] == [[], [], []]

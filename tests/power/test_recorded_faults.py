"""The recorded faults of ports: each is a fault of an operation here, or stands below with the reason."""

from equivalence import registry

KNOWN = registry.load()

ELSEWHERE = {
    "clipnorm-local-vs-global": "clipping gradients by their norm is no operation of the catalogue",
    "ctc-blank-index": "connectionist temporal classification is no operation of the catalogue",
    "init-fan-wrong-axes": "an initialiser draws random numbers; the catalogue has functions",
    "truncated-normal-std": "an initialiser draws random numbers; the catalogue has functions",
    "inplace-relu-changes-skip": "changes its argument: a worker hands every layer a copy of its own",
}
"""Recorded faults that no operation has, and why."""

NUMBER = 113
"""How many faults are recorded."""


def recorded():
    return {name for operation in KNOWN.operations.values() for fault in operation.faults for name in fault.of}


def test_every_recorded_fault_is_one_of_an_operation_or_has_a_reason():
    assert recorded().isdisjoint(ELSEWHERE)
    assert len(recorded()) + len(ELSEWHERE) == NUMBER

"""What the seed documents claim comes out as declared, in every framework that can compute it."""

import re
from importlib import import_module

import pytest

from equivalence import registry
from equivalence.claim import Claim

DECLARED = registry.find("equivalence.claims", Claim)


def answers(finding):
    return {item.framework: item.answer for item in finding.evidence}


@pytest.mark.parametrize("name", DECLARED)
def test_claim_has_its_verdict(findings, name):
    finding = findings[name]
    told = {item.framework: (item.answer, item.reason, item.checks) for item in finding.evidence}
    assert finding.verdict == DECLARED[name].expected, told


def test_every_document_is_there(findings):
    assert len(findings) >= 27
    assert {finding.seed for finding in findings.values()} == {"000", "001", "002", "003", "004"}
    assert {finding.verdict for finding in findings.values()} == {"confirmed", "refuted"}


def test_every_framework_computes(findings, engine):
    for name in engine.registry.adapters:
        computed = [f.name for f in findings.values() if answers(f)[name] in ("confirmed", "refuted")]
        library = engine.registry.adapters[name].library
        assert len(computed) >= (12 if library else len(findings) - 2), name


def test_evidence_has_numbers(findings):
    for finding in findings.values():
        for item in finding.deciding:
            assert [one for one in item.checks if not one.instead], finding.name


def test_what_replaced_a_call_is_there_and_the_call_is_not():
    """Keras's and TensorFlow's dotted names are looked up in what is installed."""
    seen = []
    for declared in DECLARED.values():
        for old, new in declared.replaced.items():
            for name in re.findall(r"(?:keras|tf)\.[\w.]+\w", old):
                assert not exists(name), f"{declared.name}: {name} is not gone"
                seen.append(name)
            for name in re.findall(r"(?:keras|tf)\.[\w.]+\w", new):
                assert exists(name), f"{declared.name}: there is no {name}"
                seen.append(name)
    assert len(set(seen)) > 20


def exists(dotted):
    top, *rest = dotted.split(".")
    found = import_module({"tf": "tensorflow"}.get(top, top))
    for name in rest:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True

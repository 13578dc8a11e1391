"""A claim that came out otherwise would be noticed: verdicts, exit statuses, the file, the report, the command."""

import json
import re
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from equivalence.claim import Claim, agree, check, claim, instead
from equivalence.claims.measure import compute
from equivalence.claims.resultfile import read_claims, write_claims
from equivalence.claims.results import Claims
from equivalence.cli import cli
from equivalence.errors import DeclarationError, UsageError
from equivalence.report import render
from equivalence.runfile import Run

EVIL = "</script><img src=x onerror=\"alert('evil')\">"
ROW = np.array([[1.0, -2.0, 3.0]])


@claim(seed="000", text="An absolute value drops the sign.", expected="confirmed", why="that is what it is")
def right(framework):
    """Holds everywhere."""
    yield check("absolute values", [[1.0, 2.0, 3.0]], framework("absolute", ROW))


@claim(seed="000", text="An absolute value keeps the sign.", expected="confirmed", why="somebody thought so")
def changed(framework):
    """Is refuted, and the declaration does not know."""
    yield check("absolute values", ROW, framework("absolute", ROW))


@claim(seed="000", text="An absolute value keeps the sign.", expected="refuted", why="it drops it")
def badly_explained(framework):
    """Is refuted, and what is to be right instead is not."""
    yield check("absolute values", ROW, framework("absolute", ROW))
    yield instead(check("their negative", -ROW, framework("absolute", ROW)))


@claim(seed="000", text="Nothing at all.", expected="confirmed", why="there is nothing to it")
def empty(framework):
    """Says nothing of anybody."""
    del framework
    yield from ()


@claim(seed="000", text="Only one of them says yes.", expected="refuted", why="the others say no")
def divided(framework):
    """Another answer by framework."""
    yield check("its name", "torch", framework.name)


@claim(seed="000", text="Only one says yes.", expected="confirmed", why="it speaks of that one", about=["torch"])
def about_one(framework):
    """The same, of the one that says yes."""
    yield check("its name", "torch", framework.name)


@claim(seed="000", text="It raises.", expected="confirmed", why="a reshape to nine does not fit")
def raises(framework):
    """An exception that nobody expects is an error, and one that is expected is not."""
    yield check("three numbers as nine", True, framework.fails(lambda: nine(framework)))  # noqa: FBT003
    nine(framework)


def nine(framework):
    return framework("reshape", ROW[None], shape=(9,))


WRONG = [item for item in list(vars().values()) if isinstance(item, Claim)]


@pytest.fixture(scope="module")
def wrong(engine):
    return {finding.name: finding for finding in compute(engine, WRONG)}


def answers(finding):
    return {item.framework: item.answer for item in finding.evidence}


def test_a_changed_verdict_is_noticed(wrong):
    assert wrong["right"].as_expected
    assert wrong["changed"].verdict == "refuted"
    assert not wrong["changed"].as_expected
    assert set(answers(wrong["changed"]).values()) == {"refuted", "unable"}


def test_what_is_right_instead_must_be_right(wrong):
    assert wrong["badly_explained"].verdict == "error"
    assert "their negative" in wrong["badly_explained"].evidence[0].reason


def test_nothing_checked_is_an_error(wrong):
    assert wrong["empty"].verdict == "error"
    assert set(answers(wrong["empty"]).values()) == {"unable"}


def test_whom_a_claim_is_about(wrong):
    for name, verdict in (("divided", "refuted"), ("about_one", "confirmed")):
        assert wrong[name].verdict == verdict
        assert answers(wrong[name]) | {"torch": ""} == {**dict.fromkeys(answers(wrong[name]), "refuted"), "torch": ""}
        assert answers(wrong[name])["torch"] == "confirmed"


def test_an_exception_is_an_error(wrong):
    found = answers(wrong["raises"])
    assert {found[name] for name in ("numpy", "tensorflow", "theano", "torch")} == {"error"}
    assert wrong["raises"].verdict == "error"


def test_exit_status(wrong, findings):
    good = findings["squeezed"]
    for names, status in (((), 0), (("changed",), 1), (("badly_explained",), 2), (("changed", "empty"), 1)):
        result = Claims(findings=(good, *(wrong[name] for name in names)), absent={})
        assert result.exit_status == status
    assert Claims(findings=(), absent={}).exit_status == 2


def test_check_tells_shapes_and_numbers_apart():
    assert check("a", [1.0, 2.0], [1.0, 2.0]).holds
    assert not check("a", [1.0, 2.0], [[1.0, 2.0]]).holds
    assert not check("a", [1.0, 2.0], [1.0, 2.1], within=0.05).holds
    assert check("a", [1.0, 2.0], [1.0, 2.1], within=0.15).difference == pytest.approx(0.1)
    assert not check("a", np.zeros((0,)), np.zeros((0,))).holds
    assert not check("a", [np.nan], [np.nan]).holds
    assert agree("a", [1e6], [1e6 + 1e-4]).holds
    assert not agree("a", [1e6], [1e6 + 1e-2]).holds
    with pytest.raises(DeclarationError, match="truth value"):
        bool(check("a", 1, 1))


@pytest.fixture
def result(findings):
    return Claims(findings=tuple(findings.values()), absent={}, commit=None, created="2026-01-02T03:04:05+00:00")


def test_file_is_read_back(result, tmp_path):
    write_claims(tmp_path / "claims.json", result)
    assert read_claims(tmp_path / "claims.json").to_json() == result.to_json()
    schema = json.loads((resources.files("equivalence") / "schemas" / "claims.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = json.loads((tmp_path / "claims.json").read_text())
    validator.validate(data)
    for name in data["claims"][0]:
        cut = {**data, "claims": [{key: value for key, value in data["claims"][0].items() if key != name}]}
        assert not validator.is_valid(cut), name


@pytest.mark.parametrize(
    "change",
    [
        lambda claim: claim.update(verdict="confirmed" if claim["verdict"] == "refuted" else "refuted"),
        lambda claim: claim["evidence"][0].update(answer="refuted"),
        lambda claim: claim["evidence"][0]["checks"][0].update(holds=False),
        lambda claim: claim.pop("why"),
        lambda claim: claim.update(evidence=[]),
        lambda claim: claim.update(about="torch"),
        lambda claim: claim["evidence"][0]["checks"][0].update(difference="much"),
    ],
)
def test_a_file_that_was_changed_is_refused(result, tmp_path, change):
    path = tmp_path / "claims.json"
    data = json.loads(json.dumps(result.to_json()))
    change(next(item for item in data["claims"] if item["name"] == "squeezed"))
    path.write_text(json.dumps(data))
    with pytest.raises(UsageError):
        read_claims(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "claims", "schema": 2}', '{"kind": "claims", "schema": 1}'])
def test_what_is_no_result_is_refused(tmp_path, text):
    (tmp_path / "claims.json").write_text(text)
    with pytest.raises(UsageError):
        read_claims(tmp_path / "claims.json")


HEADER = {"kind": "header", "schema": 1, "seed": 0, "commit": None, "created": "", "versions": {}, "absent": {}}


def test_report_shows_the_claims(result, wrong):
    run = Run(HEADER, [], complete=True)
    assert 'id="claims"' not in render(run)
    html = render(run, claims=result)
    assert all(f'<span class="id">{finding.name}</span>' in html for finding in result.findings)
    assert re.search(r"\d+ confirmed, \d+ refuted", html)
    assert "Expected" not in html
    assert re.search(r"<summary>keras <span.*?unable", html)
    changed = Claims(findings=(wrong["changed"],), absent={"theano": EVIL}, version=EVIL, created=EVIL)
    html = render(run, claims=changed)
    assert "Expected confirmed" in html
    assert '<span class="pill different"' in html
    assert EVIL not in html


def test_command(tmp_path):
    path = tmp_path / "claims.json"
    found = invoke("claims", "squeezed", "-f", "torch", "--json", str(path))
    assert found.exit_code == 0, found.output
    assert "1 claims: 1 confirmed, 0 refuted" in found.output
    assert set(answers(read_claims(path).findings[0])) == {"numpy", "torch"}
    assert invoke("claims", "squeezd").exit_code == 64


def invoke(*words):
    return CliRunner().invoke(cli, words)


def test_command_shows_claims_in_a_report_only():
    assert invoke("run", "-o", "relu", "--claims", str(Path(__file__))).exit_code == 64

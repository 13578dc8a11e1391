"""The report's section on the suite's power: what it says, and that it says nothing where nothing was measured."""

import re

import pytest

from equivalence.power.results import Mutant, Power
from equivalence.report import render, write_report

EVIL = "</script><img src=x onerror=\"alert('evil')\">"
KILL = {"how": "different", "case": "large", "dtype": "float64", "quantity": "forward", "reason": "beyond"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def mutant(status="killed", **changes):
    own = {"operation": "conv2d", "participant": "numpy", "kind": "fault", "name": "kernel-flipped", "status": status}
    return Mutant(**own | (KILL if status == "killed" else {}) | changes)


def measured(*mutants, **changes):
    own = {"version": "0.1.0", "commit": COMMIT, "created": "2026-01-02T03:04:05+00:00"}
    return Power(mutants, {}, **own | changes)


def words(html):
    """The section's words, without its tags."""
    section = html.partition('<section aria-labelledby="power">')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", section).split())


@pytest.fixture
def run(run_of, outcome):
    return run_of([outcome(), outcome(quantity="gradient-x")])


def test_without_a_file_nothing_is_shown(run):
    html = render(run)
    assert "Would the suite notice?" not in html
    assert 'id="power"' not in html
    assert 'href="#power"' not in html


def test_all_killed(run):
    torch = {"participant": "torch", "kind": "flip"}
    killed = [mutant(), mutant(name="other", how="shape"), mutant(**torch, name="flip-x-h")]
    html = render(run, measured(*killed, mutant("equivalent", name="twice", reason="it is the same")))
    said = words(html)
    assert "= 100 % 3 of 3" in said
    assert "conv2d = 2 / 2 = 1 / 1 1 1" in said
    assert "conv2d, numpy it is the same twice" in said
    assert "survived" not in said
    assert 'class="doubt"' not in html
    assert 'class="outcome wrong"' not in html


def test_survivors_and_errors_are_red_with_the_revealing_case(run):
    html = render(
        run,
        measured(
            mutant(),
            mutant("survived", name="a", revealing="case('revealing-1', sizes={'n': 2})"),
            mutant("survived", name="b", attempts=7),
            mutant("error", participant="torch", kind="flip", name="flip-x-h", reason="the worker died"),
        ),
    )
    said = words(html)
    assert html.count('class="outcome wrong"') == 3
    assert '<span class="pill different"><span class="symbol" aria-hidden="true">&#8800;</span> 25 %</span>' in html
    assert "conv2d: fault a No case notices it. This one would: case(&#39;revealing-1&#39;" in said
    assert "none of 7 others does" in said
    assert "mutation of torch flip-x-h the worker died" in said
    assert "&#8800; 1 / 3" in said


def test_an_error_alone_is_no_success(run):
    assert '<span class="pill error"' in render(run, measured(mutant("error", reason="died")))
    assert "! nothing was run" in words(render(run, measured()))


def test_many_survivors_are_cut_and_counted(run):
    html = render(run, measured(*(mutant("survived", name=f"fault{k}") for k in range(130))))
    assert html.count('class="outcome wrong"') == 100
    assert "The first 100 of 130 are shown" in words(html)


def test_it_says_where_the_measurement_does_not_speak_of_the_run(run_of, outcome):
    run = run_of([outcome(), outcome(operation="relu", right="theano")])
    torch = mutant(participant="torch", kind="flip")
    said = words(render(run, measured(torch)))
    assert "Not measured: relu." in said
    assert "No bindings of theano were mutated." in said
    assert "another version or commit" not in said
    for other in ({"commit": "feed"}, {"version": "0.0.9"}):
        assert "another version or commit" in words(render(run, measured(torch, **other)))


def test_nothing_a_result_says_becomes_markup(run):
    fields = dict.fromkeys(("operation", "participant", "name", "revealing", "reason"), EVIL)
    mutants = [mutant(status, **fields) for status in ("killed", "survived", "equivalent", "error")]
    html = render(run, measured(*mutants, version=EVIL, commit=EVIL, created=EVIL))
    assert "<img" not in html
    assert html.count("</script>") == html.count("<script") == 2
    assert words(html).count("&lt;img src=x onerror=") >= 10


def test_a_report_that_fails_leaves_the_old_one(run, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(AttributeError):
        write_report(path, run, measured("no mutant"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]

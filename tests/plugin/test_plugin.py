"""The pytest plugin in another repository: a folder with one test file."""

import re
import xml.etree.ElementTree as ET

import pytest

from equivalence import registry, session
from equivalence.matrix import plan

TEST = """
def test_layers(equivalence_comparison):
    equivalence_comparison.check()
"""
PAIR = ("--equivalence-framework", "numpy", "--equivalence-framework", "torch")
RELU = ("--equivalence-operation", "relu", *PAIR)
SMALL = (*RELU, "--equivalence-dtype", "float64", "-k", "distinct")
EXACT_ID = "conv2d-same_upper-stride2-even_kernel-float32[tensorflow+torch]-gradient-weight"

BROKEN = """
import dataclasses
from equivalence import registry

known = registry.load()
[found] = known.bindings["torch", "nin"]
changed = known.with_binding("torch", dataclasses.replace(found, layouts={"weight": "c o"}))
registry.load = lambda: changed
"""
NIN = ("--equivalence-operation", "nin", *PAIR, "--equivalence-dtype", "float64")


@pytest.fixture
def repository(pytester):
    """Another repository, and pytest in it."""
    pytester.makepyfile(test_layers=TEST)
    return pytester


def collect(repository, *arguments):
    """The names of the tests that would run."""
    result = repository.runpytest_inprocess("--collect-only", "-q", *arguments)
    assert result.ret == 0, result.stdout.str()
    return [line.partition("::")[2] for line in result.outlines if "::" in line]


def expected(**selection):
    """The ids of a plan for what is available in the other repository, as pytest shows them."""
    planned = plan(session.available(registry.load()).registry, **selection)
    return [f"test_layers[{name}]" for *_, name in planned.ids()]


def test_a_test_runs_over_the_whole_matrix(repository):
    found = collect(repository)
    assert found == expected()
    assert len(found) > 2000


def test_a_run_is_green_where_the_layers_agree(repository):
    result = repository.runpytest_inprocess(*RELU)
    result.assert_outcomes(passed=28)
    assert result.ret == 0


@pytest.mark.parametrize(
    ("arguments", "selection"),
    [
        (RELU, {"operations": ["relu"], "frameworks": ["numpy", "torch"]}),
        (
            ("--equivalence-operation=relu", "--equivalence-operation=nin", "--equivalence-dtype=float32"),
            {"operations": ["relu", "nin"], "dtypes": ["float32"]},
        ),
    ],
)
def test_options_narrow_the_run(repository, arguments, selection):
    assert collect(repository, *arguments) == expected(**selection)


def test_a_marker_narrows_one_test(repository):
    repository.makepyfile(
        test_layers="""
        import pytest

        @pytest.mark.equivalence(operations=["relu"], frameworks=["numpy", "torch"])
        def test_layers(equivalence_comparison):
            equivalence_comparison.check()
        """
    )
    assert collect(repository) == expected(operations=["relu"], frameworks=["numpy", "torch"])
    narrowed = collect(repository, "--equivalence-dtype", "float32", "--equivalence-operation", "relu")
    assert narrowed == expected(operations=["relu"], frameworks=["numpy", "torch"], dtypes=["float32"])


def test_markers_of_two_tests_do_not_mix(repository):
    repository.makepyfile(
        test_layers="""
        import pytest

        def comparing(*frameworks):
            return pytest.mark.equivalence(operations=["relu"], frameworks=frameworks, dtypes=["float64"])

        @comparing("numpy", "torch")
        def test_one(equivalence_comparison):
            assert equivalence_comparison.outcome.right == "torch"

        @comparing("numpy", "tensorflow")
        def test_other(equivalence_comparison):
            assert equivalence_comparison.outcome.right == "tensorflow"
        """
    )
    result = repository.runpytest_inprocess("-k", "distinct")
    result.assert_outcomes(passed=4, deselected=24)


def test_an_exact_id_can_be_selected(repository):
    repository.makepyfile(
        test_layers="""
        def test_layers(equivalence_comparison):
            outcome = equivalence_comparison.outcome
            assert (outcome.verdict, outcome.quantity) == ("equal", "gradient-weight")
            print("compared", outcome.id)
        """
    )
    result = repository.runpytest_inprocess("-s", f"test_layers.py::test_layers[{EXACT_ID}]")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines_random(f"*compared {EXACT_ID.replace('[', '[[]')}")


def test_words_of_an_id_can_be_selected(repository):
    found = collect(repository, *RELU, "-k", "zeros and gradient and float32")
    assert found == ["test_layers[relu-zeros-float32[numpy+torch]-gradient-x]"]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("operation", "rleu", "no operation is called 'rleu'. Did you mean relu"),
        ("framework", "pytorch", "no framework is called 'pytorch'. Did you mean torch"),
        ("dtype", "float23", "no dtype is called 'float23'. Did you mean float32"),
    ],
)
def test_an_unknown_name_in_an_option_is_a_usage_error(repository, option, value, message):
    result = repository.runpytest_inprocess(f"--equivalence-{option}", value)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*ERROR: {message}*"])


def test_a_framework_that_is_not_here_is_a_usage_error_if_asked_for(repository):
    """Without the project's configuration nothing says where Theano's stack is."""
    result = repository.runpytest_inprocess("--equivalence-framework", "theano", "--equivalence-framework", "numpy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*theano is not here*stacks create theano*"])


@pytest.fixture(autouse=True)
def without_theano(monkeypatch, tmp_path_factory):
    """No stack of this machine's user is seen."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("EQUIVALENCE_STACKS", raising=False)


def test_who_does_not_take_part_is_said(repository):
    result = repository.runpytest_inprocess("--collect-only", "-q", "--equivalence-operation", "relu")
    result.stdout.fnmatch_lines(["equivalence: theano did not take part: *stacks create theano*"])


@pytest.mark.parametrize(
    ("marker", "arguments", "message"),
    [
        ('operations=["rleu"]', (), "test_layers: no operation is called 'rleu'. Did you mean relu"),
        ('frameworks=["theano", "numpy"]', (), "theano is not here.*stacks create theano"),
        ('operation=["relu"]', (), "marker equivalence: expected operations, frameworks, dtypes, got operation"),
        ('"relu"', (), "marker equivalence: expected operations, frameworks, dtypes, got 'relu'"),
        ('operations="relu"', (), "operations of the marker equivalence: expected a list of names, got 'relu'"),
        ("operations=[]", (), r"operations of the marker equivalence: expected a list of names, got \[\]"),
        (
            'operations=["nin"]',
            ("--equivalence-operation", "relu"),
            r"operations: the marker's \['nin'\] and the option's \['relu'\] have nothing in common",
        ),
        ('operations=["nin"], frameworks=["torch"]', (), "nothing to compare in .*It takes two frameworks"),
    ],
)
def test_a_marker_that_selects_nothing_or_cannot_be_meant_fails(repository, marker, arguments, message):
    repository.makepyfile(
        test_layers=f"""
        import pytest

        @pytest.mark.equivalence({marker})
        def test_layers(equivalence_comparison):
            equivalence_comparison.check()

        def test_something_else():
            pass
        """
    )
    result = repository.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    assert re.search(message, result.stdout.str())
    assert "Traceback" not in result.stdout.str()


def test_options_that_leave_nothing_to_compare_fail(repository):
    result = repository.runpytest_inprocess("--equivalence-framework", "numpy")
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    result.stdout.fnmatch_lines(["*nothing to compare*"])


def test_a_failure_shows_the_outcome_and_the_command_and_no_traceback(repository):
    repository.makeconftest(BROKEN)
    result = repository.runpytest_subprocess(*NIN, "--equivalence-seed", "3", "-k", "two_axes")
    case = "nin-two_axes-equal_sizes-float64[[]numpy+torch]-forward"
    result.stdout.fnmatch_lines(
        [
            f"{case}: different",
            "  float64 differs by *, * of the rounding bound: not rounding",
            "  at [[]*]: numpy *, torch *",
            "  largest difference *, relative *, of 81",
            "  reproduce: equivalence run -o nin --case two_axes-equal_sizes --dtype float64 -f numpy *torch --seed 3",
        ]
    )
    text = result.stdout.str()
    # With sizes that differ PyTorch refuses: an error of every comparison, with the line in the worker.
    assert "nin-two_axes-distinct_sizes-float64[torch]-call: error" in text
    assert "torch raised RuntimeError" in text
    assert "the worker's log ends:" in text
    assert "equivalence_comparison.check()" not in text
    # The gradient of the bias does not depend on the weight.
    result.assert_outcomes(passed=1, failed=7)


def test_the_first_failure_stops_and_the_last_failures_run_again(repository):
    conftest = repository.makeconftest(BROKEN)
    stopped = repository.runpytest_subprocess(*NIN, "-x", "-k", "relu")
    stopped.assert_outcomes(failed=1)
    result = repository.runpytest_subprocess(*NIN, "-k", "two_axes-equal_sizes")
    result.assert_outcomes(failed=3, passed=1)
    conftest.unlink()
    again = repository.runpytest_subprocess(*NIN, "-k", "two_axes-equal_sizes", "--lf")
    again.assert_outcomes(passed=3, deselected=1)
    again.stdout.fnmatch_lines(["*rerun previous 3 failures*"])


def test_several_processes_and_a_junit_file(repository):
    result = repository.runpytest_subprocess(*RELU, "-n", "2", "--junitxml", "results.xml")
    result.assert_outcomes(passed=28)
    [suite] = ET.parse(repository.path / "results.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("28", "0", "0")
    names = [case.get("name") for case in suite.iter("testcase")]
    assert sorted(names) == sorted(expected(operations=["relu"], frameworks=["numpy", "torch"]))


def test_a_junit_file_has_the_text_of_a_failure(repository):
    repository.makeconftest(BROKEN)
    repository.runpytest_subprocess(*NIN, "-k", "two_axes-equal_sizes and forward", "--junitxml", "results.xml")
    [failure] = ET.parse(repository.path / "results.xml").getroot().iter("failure")
    assert "reproduce: equivalence run -o nin --case two_axes-equal_sizes" in failure.text


def test_a_call_that_takes_too_long_fails(repository):
    result = repository.runpytest_inprocess(*SMALL, "--equivalence-timeout", "1e-9")
    result.assert_outcomes(failed=2, deselected=12)
    result.stdout.fnmatch_lines(["*gave no answer within 1e-09 s and was stopped*"])


def test_a_test_may_ask_for_the_outcome_and_not_check_it(repository):
    repository.makepyfile(
        test_layers="""
        import pytest
        from equivalence.errors import LawError

        def test_layers(equivalence_comparison):
            outcome = equivalence_comparison.outcome
            assert outcome.verdict == "equal"
            with pytest.raises(LawError):
                assert outcome
        """
    )
    repository.runpytest_inprocess(*SMALL).assert_outcomes(passed=2, deselected=12)


def test_a_repository_that_does_not_use_the_fixture_pays_nothing(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_imported():
            ours = {name for name in sys.modules if name.partition(".")[0] == "equivalence"}
            plugins = {"equivalence.pytest_plugin", "equivalence.pytest_ports"}
            assert ours <= {"equivalence", "equivalence._version"} | plugins
            assert not {"numpy", "torch", "tensorflow", "einops"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)
    assert "equivalence:" not in result.stdout.str()


def test_the_options_and_the_marker_are_described(pytester):
    pytester.runpytest_inprocess("--help").stdout.fnmatch_lines(
        ["*--equivalence-operation=OPERATION*", "*--equivalence-framework=FRAMEWORK*", "*--equivalence-seed=SEED*"]
    )
    pytester.runpytest_inprocess("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.equivalence(operations=, frameworks=, dtypes=): *"]
    )


def test_the_marker_is_known_to_strict_repositories(repository):
    repository.makepyfile(
        test_layers="""
        import pytest

        @pytest.mark.equivalence(operations=["relu"], frameworks=["numpy", "torch"], dtypes=["float64"])
        def test_layers(equivalence_comparison):
            equivalence_comparison.check()
        """
    )
    assert len(collect(repository, "--strict-markers", "-W", "error")) == 14

"""Port files as tests, in another repository: what is collected, what fails and how, annotations."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# NumPy loads once in a process, and pytester forgets what a run imports.
import equivalence.checking  # noqa: F401

DECLARATIONS = """
from equivalence import Layer, Port


def layer(framework, function):
    return Layer(framework, function, inputs={"x": "n c"}, output="n c")


def same(x):
    return x


def doubled(x):
    return 2 * x


def raises(x):
    raise RuntimeError("100% wrong:\\nhere, and there")


def dies(x):
    import os

    os._exit(7)
"""
RIGHT = "right = Port(original=layer('numpy', same), ported=layer('numpy', same))\n"
WRONG = "wrong = Port(original=layer('numpy', same), ported=layer('numpy', doubled))\n"
UNDECIDED = "neither = Port(original=layer('numpy', raises), ported=layer('numpy', raises))\n"
DEAD = "dead = Port(original=layer('numpy', same), ported=layer('numpy', dies))\n"
MISTYPED = "mistyped = Port(original=layer('numpy', same), ported=layer('trch', same))\n"
FAST = ("--equivalence-dtype", "float64", "-p", "no:hypothesispytest")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path_factory):
    """No stack of this machine's user is seen, nor what its continuous integration sets."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for name in ("EQUIVALENCE_STACKS", "GITHUB_ACTIONS", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def write(pytester):
    """Write a port file of these declarations."""

    def written(name, *declared, before=""):
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before + DECLARATIONS + "\n" + "".join(declared))
        return path

    return written


def collect(pytester, *arguments):
    result = pytester.runpytest_inprocess("--collect-only", "-q", *FAST, *arguments)
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED), result.stdout.str()
    return [line for line in result.outlines if "::" in line]


def test_every_port_of_a_folder_is_a_test(pytester, write):
    write("ports/layers.py", RIGHT, WRONG)
    result = pytester.runpytest_inprocess("ports/", *FAST)
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_failure_is_the_answer_without_a_traceback(pytester, write):
    write("ports/layers.py", WRONG)
    result = pytester.runpytest_inprocess("ports/", *FAST, "--equivalence-seed", "3")
    result.stdout.fnmatch_lines(
        ["wrong: different", "*", "  reproduce: equivalence check ports/layers.py --only wrong --seed 3*"]
    )
    shown = result.stdout.str()
    assert "Traceback" not in shown
    assert "runtest" not in shown
    assert re.search(r"FAILED ports/layers.py::wrong - .*wrong: different", shown)


@pytest.mark.parametrize(
    "name", ["nin_port.py", "nin_ports.py", "ports.py", "port_nin.py", "ports/nin.py", "ports/deep/nin.py"]
)
def test_files_named_after_ports_are_collected(pytester, write, name):
    write(name, RIGHT)
    assert collect(pytester) == [f"{name}::right"]


@pytest.mark.parametrize("name", ["nin.py", "report.py", "support.py", "airports/nin.py", "ports/conftest.py"])
def test_other_files_are_not(pytester, write, name):
    write(name, RIGHT)
    assert collect(pytester) == []


def test_a_file_that_is_given_is_collected_once_whatever_its_name(pytester, write):
    write("nin.py", RIGHT)
    assert collect(pytester, "nin.py") == ["nin.py::right"]
    (pytester.path / "beside.py").write_text("")
    write("importing.py", RIGHT, before="import beside\n")
    assert collect(pytester, "importing.py", "--import-mode=importlib") == ["importing.py::right"]
    write("both.py", RIGHT, "\n\ndef test_beside():\n    assert same(1) == 1\n")
    pytester.runpytest_inprocess("both.py", *FAST).assert_outcomes(passed=2)


def test_one_port_can_be_given(pytester, write):
    write("ports/layers.py", RIGHT, WRONG)
    pytester.runpytest_inprocess("ports/layers.py::right", *FAST).assert_outcomes(passed=1)
    assert collect(pytester, "-k", "wrong") == ["ports/layers.py::wrong"]


@pytest.mark.parametrize("arguments", [(), ("ports/test_layers.py",)])
def test_a_file_of_tests_stays_one(pytester, write, arguments):
    write("ports/test_layers.py", RIGHT, "\n\ndef test_it():\n    assert right\n")
    assert collect(pytester, *arguments) == ["ports/test_layers.py::test_it"]


def test_the_setting_says_which_files(pytester, write):
    pytester.makeini("[pytest]\nequivalence_ports = layers/*.py moved/\n")
    for name in ("layers/a.py", "moved/deep/b.py", "ports/c.py", "nin_port.py"):
        write(name, RIGHT)
    assert collect(pytester) == ["layers/a.py::right", "moved/deep/b.py::right"]


def test_files_of_others_are_not_even_imported(pytester, write):
    (pytester.path / "ports").mkdir()
    (pytester.path / "ports" / "serial.py").write_text("raise SystemExit\n\n\nclass Port(object):\n    pass\n")
    (pytester.path / "ports.py").write_text("import equivalence\nraise SystemExit\n")
    (pytester.path / "ports" / "none.py").write_text("from equivalence import Port\n\n\ndef make():\n    Port()\n")
    assert collect(pytester) == []


def test_a_file_that_cannot_be_imported_is_one_message(pytester, write):
    write("ports/layers.py", RIGHT, before="import no_such_framework\n")
    result = pytester.runpytest_inprocess("ports/", *FAST)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no_such_framework*Import frameworks inside the functions*"])
    assert "Traceback" not in result.stdout.str()


def test_two_files_of_one_name_are_two(pytester, write):
    for folder, doubling in (("a", "doubled"), ("b", "same")):
        declared = f"p = Port(original=layer('numpy', {doubling}), ported=layer('numpy', lambda x: 2 * x))\n"
        write(f"ports/{folder}/nin.py", declared)
    result = pytester.runpytest_inprocess(*FAST)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED ports/b/nin.py::p*"])


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (UNDECIDED, "neither: undecided"),
        (DEAD, "dead: error"),
        (MISTYPED, "mistyped: *no framework is called 'trch'. Did you mean torch*"),
    ],
    ids=["undecided", "dead", "mistyped"],
)
def test_what_is_not_decided_fails_too(pytester, write, declared, said):
    write("ports/layers.py", declared)
    result = pytester.runpytest_inprocess(*FAST)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])
    assert "Traceback" not in re.sub(r"the worker's log ends:(\n +.*)+", "", result.stdout.str())


def test_a_port_that_takes_too_long_fails(pytester, write):
    write("ports/layers.py", RIGHT)
    result = pytester.runpytest_inprocess(*FAST, "--equivalence-timeout", "1e-9")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["right: error", "*no answer within 1e-09 s*"])


def test_ports_are_skipped_and_expected_to_fail_as_other_tests(pytester, write):
    write("ports/layers.py", RIGHT, WRONG)
    write("ports/skipped.py", RIGHT, "pytestmark = pytest.mark.skip(reason='not yet')\n", before="import pytest\n")
    write("ports/listed.py", RIGHT, "pytestmark = [pytest.mark.skip(reason='never')]\n", before="import pytest\n")
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if item.name == "wrong":
                    item.add_marker(pytest.mark.xfail(reason="a known difference"))
        """
    )
    result = pytester.runpytest_inprocess("ports/", *FAST, "-rxs", "--equivalence-annotations")
    result.assert_outcomes(passed=1, skipped=2, xfailed=1)
    result.stdout.fnmatch_lines_random(
        ["SKIPPED*not yet", "SKIPPED*never", "XFAIL ports/layers.py::wrong - a known difference*"]
    )
    assert "::error" not in result.stdout.str()


def test_ports_can_be_left_out_by_their_marker(pytester, write):
    write("ports/layers.py", RIGHT)
    pytester.makepyfile(test_other="def test_other():\n    pass\n")
    assert collect(pytester, "-m", "not equivalence_port", "--strict-markers") == ["test_other.py::test_other"]


def test_all_ports_share_one_pool_of_workers_which_is_gone_at_the_end(pytester, write):
    noted = """
import os, pathlib


def noting(x):
    with open(pathlib.Path(__file__).parents[1] / (str(os.getpid()) + ".pids"), "a") as stream:
        stream.write("called ")
    return x
"""
    for number in range(3):
        ports = "".join(
            f"p{number}{k} = Port(original=layer('numpy', noting), ported=layer('numpy', noting))\n" for k in range(2)
        )
        write(f"ports/layers{number}.py", noted, ports)
    pytester.runpytest_inprocess(*FAST).assert_outcomes(passed=6)
    pids = [int(path.stem) for path in pytester.path.glob("*.pids")]
    assert len(pids) == 2, "one process for each side, whatever the number of ports"
    deadline = time.monotonic() + 10
    while any(running(pid) for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its session"
        time.sleep(0.05)


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_several_processes(pytester, write):
    write("ports/layers.py", RIGHT, WRONG)
    write("more_ports.py", RIGHT)
    result = pytester.runpytest_subprocess(*FAST, "-n", "2", "--equivalence-annotations")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["::error file=ports/layers.py,line=*,title=wrong%3A different*::*"])


def test_an_annotation_stands_at_the_line_of_the_port_and_is_one_line(pytester, write):
    path = write(
        "ports/layers.py",
        WRONG,
        "one_side = Port(original=layer('numpy', same),\n",
        "  ported=layer('numpy', raises))\n",
    )
    lines = path.read_text().splitlines()
    result = pytester.runpytest_inprocess("ports/", *FAST, "--equivalence-annotations")
    [first, second] = [line for line in result.outlines if line.startswith("::error")]
    for line, name, said in ((first, "wrong", "wrong"), (second, "one_side", "100%25 wrong:%0A")):
        place = 1 + next(number for number, text in enumerate(lines) if text.startswith(f"{name} = "))
        assert line.startswith(f"::error file=ports/layers.py,line={place},title={name}%3A different")
        assert said in line
        assert "%0A  reproduce: equivalence check ports/layers.py --only " in line


def test_annotations_come_by_themselves_in_githubs_workflows(pytester, write, monkeypatch):
    write("ports/layers.py", WRONG, MISTYPED)
    assert "::error" not in pytester.runpytest_inprocess("ports/", *FAST).stdout.str()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    result = pytester.runpytest_inprocess("ports/", *FAST)
    folder = pytester.path.name
    result.stdout.fnmatch_lines(
        [
            f"::error file={folder}/ports/layers.py,line=*,title=wrong%3A different*::wrong: different%0A*",
            f"::error file={folder}/ports/layers.py,line=*,title=mistyped%3A error::mistyped: *Did you mean torch*",
        ]
    )


def test_a_junit_file_has_the_text_of_a_failure(pytester, write):
    write("ports/layers.py", WRONG)
    pytester.runpytest_inprocess("ports/", *FAST, "--junitxml", "results.xml")
    assert "reproduce: equivalence check ports/layers.py --only wrong" in (pytester.path / "results.xml").read_text()


WAITS = """
def waits(x):
    import pathlib, os, time

    pathlib.Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
    time.sleep(600)


slow = Port(original=layer('numpy', same), ported=layer('numpy', waits))
"""


def test_an_interrupted_session_does_not_wait_for_a_layer(pytester, write):
    noted = write("ports/layers.py", WAITS).with_suffix(".pid")
    words = [sys.executable, "-m", "pytest", "ports/", *FAST]
    with subprocess.Popen(
        words, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        while not (noted.exists() and noted.read_text()):
            assert started.poll() is None, started.communicate()
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        said, _ = started.communicate(timeout=30)
    assert started.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in said
    assert not running(int(noted.read_text()))

"""Which frameworks are here, and what a run says about itself."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from equivalence import registry, session
from equivalence._version import __version__
from equivalence.binding import Adapter
from equivalence.engine import Engine
from equivalence.errors import StackError
from equivalence.matrix import plan
from equivalence.pool import Pool


@pytest.fixture
def known():
    return registry.load()


def adapter(*requires, stack="main", driver="own_package.driver:Driver"):
    return Adapter("own", "Own", driver, "", requires, stack)


@pytest.mark.parametrize("requires", [(), ("numpy>=1.23",), ("NumPy>=1.23", "pytest"), ("numpy",)])
def test_a_framework_whose_requirements_are_installed_is_here(requires):
    assert session.missing(adapter(*requires)) == ""


@pytest.mark.parametrize(
    ("requires", "message"),
    [
        (
            ("numpy>=1.23", "no-framework-of-this-name>=2"),
            "no-framework-of-this-name is not installed. Run: pip install 'no-framework-of-this-name>=2'",
        ),
        (("numpy>=99",), "expected >=99. Run: pip install 'numpy>=99'"),
        (("numpy<1",), "expected <1. Run: pip install 'numpy<1'"),
    ],
)
def test_a_requirement_that_is_not_met_is_named_with_the_command_that_meets_it(requires, message):
    assert message in session.missing(adapter(*requires))


def test_our_own_frameworks_are_installed_as_an_extra():
    ours = adapter("no-framework-of-this-name", driver="equivalence_adapters.own.driver:Driver")
    assert "pip install 'layer-equivalence[own]'" in session.missing(ours)


def test_a_stack_that_is_not_there_is_named():
    assert "stacks create no-such-stack" in session.missing(adapter(stack="no-such-stack"))


def test_absent_frameworks_are_left_out_with_the_reason(known):
    changed = replace(known, adapters={**known.adapters, "own": adapter("numpy>=99")})
    found = session.available(changed)
    assert "numpy is" in found.absent["own"]
    assert list(found.registry.adapters) == [name for name in changed.adapters if name not in found.absent]
    assert session.available(changed, ["numpy", "torch"]).absent == found.absent


@pytest.mark.parametrize("wanted", ["own", "own/variant"])
def test_an_absent_framework_that_is_asked_for_by_name_is_an_error(known, wanted):
    changed = replace(known, adapters={**known.adapters, "own": adapter("numpy>=99")})
    with pytest.raises(StackError, match=rf"{wanted} is not here. numpy is .*expected >=99"):
        session.available(changed, ["numpy", wanted])


def test_all_frameworks_of_this_repository_are_here(known, request, monkeypatch):
    """Theano has a stack of its own, which the Makefile makes."""
    monkeypatch.chdir(request.config.rootpath)
    assert session.available(known).absent == {}


def test_an_engine_is_closed_at_the_end(known):
    numpy_only = replace(known, adapters={"numpy": known.adapters["numpy"]})
    planned = plan(numpy_only, operations=["relu"])
    with session.engine(numpy_only, planned, seed=5, timeout=7.5, jobs=1) as engine:
        assert (engine.seed, engine.rows, engine.pool._limit) == (5, planned.rows, 7.5)
        assert engine.pool._turns._value == 1
        versions = session.versions(engine)
        [(worker, _)] = engine.pool._workers.values()
        process = worker._process
        assert process.poll() is None
    assert process.poll() is not None
    assert versions["layer-equivalence"] == __version__
    assert versions["python"] == sys.version.split()[0]
    assert versions["numpy"] == {"numpy": __import__("numpy").__version__}


def test_workers_are_killed_when_something_is_raised(known):
    numpy_only = replace(known, adapters={"numpy": known.adapters["numpy"]})

    def interrupted():
        with session.engine(numpy_only, plan(numpy_only)) as engine:
            session.versions(engine)
            processes.extend(worker._process for worker, _ in engine.pool._workers.values())
            raise KeyboardInterrupt

    processes = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [process.poll() is not None for process in processes] == [True]


def test_the_header_says_what_the_run_was_made_with(known):
    broken = replace(known.adapters["numpy"], name="broken", driver="no_package_of_this_name:Driver")
    two = replace(known, adapters={"numpy": known.adapters["numpy"], "broken": broken})
    with Pool({}) as pool:
        header = session.header(Engine(two, pool, seed=3), {"own": "a reason"})
    assert {name: header[name] for name in ("kind", "schema", "seed", "absent")} == {
        "kind": "header",
        "schema": 1,
        "seed": 3,
        "absent": {"own": "a reason"},
    }
    assert "ModuleNotFoundError" in header["versions"]["broken"]["error"]
    assert header["created"].endswith("+00:00")
    assert json.loads(json.dumps(header)) == header


def test_the_commit_is_that_of_the_current_folder_if_it_has_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert session.commit() is None
    identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    assert len(session.commit()) == 40
    monkeypatch.setenv("PATH", "")
    assert session.commit() is None

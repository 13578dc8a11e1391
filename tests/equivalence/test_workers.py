"""What a layer can do to its worker, and what the run makes of it: one error, and nothing lost."""

import dataclasses
import os
import signal
import threading
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from equivalence import registry
from equivalence.engine import Engine, launch, packages
from equivalence.errors import WorkerError
from equivalence.matrix import plan
from equivalence.pool import Pool, Request

HERE = Path(__file__).parent


@pytest.fixture
def misbehaving(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    return import_module("misbehaving")


def run(misbehaving, variant, limit=60.0, cells=None):
    """The outcomes of ``doubled`` for its reference and one misbehaving binding, each in a worker."""
    numpy = registry.load().adapters["numpy"]
    bad = dataclasses.replace(numpy, name="bad", bindings="misbehaving")
    bindings = registry._bindings([("bad", misbehaving)], {"doubled": misbehaving.doubled})
    chosen = tuple(b for b in bindings["bad", "doubled"] if b.variant == variant)
    known = registry.Registry(
        {"doubled": misbehaving.doubled}, {"numpy": numpy, "bad": bad}, {("bad", "doubled"): chosen}
    )
    planned = plan(known, dtypes=["float64"])
    with Pool(packages(known), limit=limit) as pool:
        return [outcome for found in Engine(known, pool).run(planned) for outcome in found]


@pytest.mark.parametrize(
    ("variant", "said", "logged"),
    [
        ("raises", "raised ValueError: this layer does not work", "about to raise"),
        ("exits", "exit status 3", "about to exit"),
        ("leaves", "died: exit status 1", "about to leave"),
        ("is_killed", "signal SIGKILL", "about to be killed"),
        ("two_outputs", "expected 1: output, got 2 values", "about to return two"),
        ("no_output", "expected a tensor for each of output, got None", "about to return nothing"),
        ("objects", "an array of object: expected numbers or booleans", "about to return objects"),
    ],
)
def test_a_bad_layer_is_one_error_with_its_log_and_the_run_goes_on(misbehaving, variant, said, logged):
    outcomes = run(misbehaving, variant)
    errors = [outcome for outcome in outcomes if outcome.verdict == "error"]
    assert [(o.case, o.left, o.quantity) for o in errors] == [("bad", f"bad/{variant}", "call")]
    assert said in errors[0].comparison.reason
    assert logged in errors[0].log
    equal = [(o.case, o.quantity) for o in outcomes if o.verdict == "equal"]
    assert equal == [(c, q) for c in ("before", "after") for q in ("forward", "gradient-x")]


@pytest.mark.parametrize("variant", ["wrong_shape", "transposed"])
def test_an_output_of_another_shape_is_one_error_that_names_both_shapes(misbehaving, variant):
    errors = [outcome for outcome in run(misbehaving, variant) if outcome.verdict == "error"]
    assert len(errors) == 1
    assert "expected shape (2, 4), got" in errors[0].comparison.reason


def test_a_layer_that_hangs_is_stopped_at_its_time_limit(misbehaving):
    started = time.monotonic()
    outcomes = run(misbehaving, "hangs", limit=3.0)
    errors = [outcome for outcome in outcomes if outcome.verdict == "error"]
    assert len(errors) == 1
    assert "no answer within 3 s" in errors[0].comparison.reason
    assert "about to hang" in errors[0].log
    assert len([outcome for outcome in outcomes if outcome.verdict == "equal"]) == 4
    assert time.monotonic() - started < 60


def test_what_a_layer_prints_does_not_disturb_the_protocol(misbehaving):
    assert {outcome.verdict for outcome in run(misbehaving, "prints")} == {"equal"}


@pytest.fixture
def pool():
    with Pool(packages(registry.load()), limit=60) as opened:
        yield opened


@pytest.fixture
def numpy_launch():
    return launch(registry.load().adapters["numpy"])


def request_of(function, folder, source):
    path = folder / "layers.py"
    path.write_text(source)
    return Request({"file": str(path), "function": function}, {"x": np.ones(2)}, ["output"], {"x": "x"})


def test_a_worker_killed_while_idle_costs_one_call(pool, numpy_launch, tmp_path):
    request = request_of(
        "pid", tmp_path, "import os\nimport numpy as np\ndef pid(x):\n    return np.array(os.getpid())\n"
    )
    first = int(pool.submit(numpy_launch, request).result().outputs["output"])
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerError, match="SIGKILL"):
        pool.submit(numpy_launch, request).result()
    assert int(pool.submit(numpy_launch, request).result().outputs["output"]) != first


def test_the_children_of_a_stopped_worker_die_with_it(pool, numpy_launch, tmp_path):
    source = (
        "import subprocess, sys, time, pathlib\n"
        "def spawn(x):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid))\n"
        "    time.sleep(600)\n"
    )
    pool._limit = 3.0
    with pytest.raises(WorkerError, match="no answer"):
        pool.submit(numpy_launch, request_of("spawn", tmp_path, source)).result()
    child = Path("/proc") / (tmp_path / "pid").read_text()
    deadline = time.monotonic() + 10
    while child.exists() and "Z" not in (child / "stat").read_text().split()[2] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists() or (child / "stat").read_text().split()[2] == "Z"


def test_one_thread_per_worker_is_set_before_anything_is_imported(pool, numpy_launch, tmp_path):
    source = (
        "import os\nimport numpy as np\n"
        "def threads(x):\n"
        "    return np.array([int(os.environ[n]) for n in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')])\n"
    )
    reply = pool.submit(numpy_launch, request_of("threads", tmp_path, source)).result()
    assert reply.outputs["output"].tolist() == [1, 1]


def test_workers_compute_at_the_same_time(pool, numpy_launch, tmp_path):
    source = "import time\ndef wait(x):\n    time.sleep(1.0)\n    return x\n"
    launches = [dataclasses.replace(numpy_launch, slot=slot) for slot in range(3)]
    for item in launches:
        pool.versions(item)
    pool._turns = threading.BoundedSemaphore(3)
    request = request_of("wait", tmp_path, source)
    started = time.monotonic()
    calls = [pool.submit(item, request) for item in launches]
    assert all(call.result().outputs["output"].shape == (2,) for call in calls)
    assert time.monotonic() - started < 2.5


def test_a_framework_that_cannot_be_imported_says_so_at_once(pool, numpy_launch):
    broken = dataclasses.replace(numpy_launch, driver="nothing_of_this_name:Driver")
    for _ in range(2):
        with pytest.raises(WorkerError, match="ModuleNotFoundError"):
            pool.submit(broken, Request({}, {}, [])).result()

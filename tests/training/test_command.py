"""``equivalence train`` as a user runs it."""

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from importlib import resources

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from equivalence import parameters, tensorfiles
from equivalence.cli import cli
from equivalence.training.history import read_history

FEW = ["--examples", "64", "--epochs", "1"]
WIDE = {"COLUMNS": "160", "NO_COLOR": "1"}


def train(*words, cwd):
    with contextlib.chdir(cwd):
        return CliRunner().invoke(cli, ["train", *map(str, words)], env=WIDE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A training of two steps in three frameworks."""
    folder = tmp_path_factory.mktemp("training")
    done = train("nin", *FEW, "-f", "all", "--seed", 3, "--save", "nin.safetensors", cwd=folder)
    (folder / "stdout").write_text(done.stdout)
    (folder / "stderr").write_text(done.stderr)
    assert done.exit_code == 0, done.stderr
    return folder


def test_all_frameworks_are_trained_compared_and_drawn(folder):
    history = read_history(folder / "reports" / "training" / "history.json")
    names = [course.name for course in history.courses]
    assert names[0] == "numpy"
    assert {"torch", "tensorflow"} <= set(names)
    assert [len(course.losses) for course in history.courses] == [2] * len(names)
    assert all(item.follows and item.steps == 2 for item in history.following)
    schema = json.loads((resources.files("equivalence") / "schemas" / "training.schema.json").read_text())
    jsonschema.validate(json.loads((folder / "reports" / "training" / "history.json").read_text()), schema)
    svg = (folder / "reports" / "training" / "curves.svg").read_text()
    assert all(name in svg for name in names)
    assert (folder / "reports" / "training" / "curves.png").read_bytes().startswith(b"\x89PNG")
    said = (folder / "stdout").read_text()
    assert "nin on digits, seed 3" in said
    assert "1 epochs of 2 steps with 32 images" in said
    assert f"{history.courses[0].epochs[0].test_accuracy:.2%}" in said
    assert all(f"{item.largest:.1e}" in said for item in history.following)
    assert "2/2" in (folder / "stderr").read_text()


def test_parameters_that_were_saved_are_loaded_again(folder, tmp_path):
    words = ["nin", "--examples", 64, "--seed", 3, "--load", folder / "nin.safetensors"]
    done = train(*words, "--epochs", 0, "--save", "again.npz", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    before = tensorfiles.read(folder / "nin.safetensors")
    after = parameters.load(tmp_path / "again.npz", before)
    assert len(before) == 18
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)
    history = read_history(folder / "reports" / "training" / "history.json")
    assert f"{history.courses[0].epochs[-1].test_accuracy:.2%}" in done.stdout
    assert f"{history.courses[0].epochs[-1].test_loss:.4f}" in done.stdout
    assert not (tmp_path / "reports").exists()


def test_training_goes_on_from_what_was_loaded(folder, tmp_path):
    done = train("nin", *FEW, "--load", folder / "nin.safetensors", "--out", "here", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    losses = read_history(tmp_path / "here" / "history.json").courses[0].losses
    fresh = train("nin", *FEW, "--out", "fresh", cwd=tmp_path)
    assert fresh.exit_code == 0, fresh.stderr
    assert losses[0] != read_history(tmp_path / "fresh" / "history.json").courses[0].losses[0]


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def mnist(tmp_path):
    rng = np.random.default_rng(0)
    for stem, number in (("train", 40), ("t10k", 20)):
        (tmp_path / f"{stem}-images-idx3-ubyte").write_bytes(
            idx(rng.integers(256, size=(number, 28, 28), dtype=np.uint8))
        )
        (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(idx((np.arange(number) % 10).astype(np.uint8)))
    return tmp_path


def test_another_data_set_from_a_folder(mnist, tmp_path):
    words = ["nin", "--dataset", "mnist", "--data", mnist, "--subset", "--epochs", 1, "--out", "out"]
    done = train(*words, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    history = read_history(tmp_path / "out" / "history.json")
    assert (history.dataset, history.steps) == ("mnist", 1)


def test_usage_errors_are_64_and_say_what_is_there(mnist, tmp_path):
    for words, said in (
        (["nun"], "nin"),
        (["nin", "-f", "tensorfow"], "tensorflow"),
        (["nin", "--dataset", "imagenet"], "cifar10"),
        (["nin", "--dataset", "cifar10"], "--data FOLDER"),
        (["nin", "--dataset", "cifar10", "--data", mnist], "cifar-10-binary.tar.gz"),
        (["nin", "--save", "nin.pkl"], ".safetensors"),
        (["nin", "--examples", "31"], "at least a batch of 32"),
        (["nin", "--out", mnist / "t10k-labels-idx1-ubyte"], "expected a folder, got a file"),
    ):
        done = train(*words, cwd=tmp_path)
        assert done.exit_code == 64, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_damaged_data_and_parameters_of_another_network_are_2(mnist, tmp_path):
    done = train("nin", "--dataset", "mnist", "--data", mnist, cwd=tmp_path)
    assert done.exit_code == 2
    assert "expected an array (60000, 28, 28), got (40, 28, 28)" in done.stderr
    parameters.save(tmp_path / "other.npz", {"weight1_1": np.zeros((2, 2)), "mlp": np.zeros(3)})
    done = train("nin", "--load", "other.npz", cwd=tmp_path)
    assert done.exit_code == 2
    assert "mlp is none of its parameters" in done.stderr
    assert "bias1_1 is missing" in done.stderr


def test_several_frameworks_and_no_step_have_compared_nothing(tmp_path):
    done = train("nin", "-f", "numpy", "-f", "torch", "--examples", 40, "--epochs", 0, cwd=tmp_path)
    assert done.exit_code == 2


def test_an_interrupted_training_keeps_what_it_learned(tmp_path):
    command = [sys.executable, "-c", "from equivalence.cli import main; main()"]
    command += ["train", "nin", "--epochs", "500", "--save", "nin.npz"]
    screen, end = os.openpty()
    with subprocess.Popen(command, cwd=tmp_path, stderr=end, env={**os.environ, **WIDE}) as running:
        os.close(end)
        said = read_until(screen, b"loss", seconds=100)
        running.send_signal(signal.SIGINT)
        said += read_until(screen, None, seconds=60)
        assert running.wait(60) == 130
    os.close(screen)
    assert b"Traceback" not in said
    history = read_history(tmp_path / "reports" / "training" / "history.json")
    assert not history.complete
    assert len(history.courses[0].losses) > 0
    assert set(tensorfiles.read(tmp_path / "nin.npz")) >= {"weight1_1", "bias3_3"}


def read_until(screen, word, *, seconds):
    """What a terminal shows until a word comes, or until nobody writes to it any more."""
    said, end = b"", time.monotonic() + seconds
    while time.monotonic() < end and (word is None or word not in said):
        if select.select([screen], [], [], 0.2)[0]:
            try:
                piece = os.read(screen, 4096)
            except OSError:  # Linux says so that the other end is closed
                break
            if not piece:
                break
            said += piece
    return said

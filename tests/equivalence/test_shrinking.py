"""Failing inputs get as small and simple as they can, stay valid, and fail again when they are given back."""

import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from equivalence import examplefile, portfile, registry, shrinking, tensorfiles
from equivalence.checking import Checker
from equivalence.engine import packages
from equivalence.errors import UsageError
from equivalence.given import flat, given_inputs
from equivalence.inputs import Integers, Lengths, Mask
from equivalence.pool import Pool
from equivalence.simpler import SIMPLER, legal, rank, valid

FILE = Path(__file__).parent / "shrinking_ports.py"


@pytest.fixture(scope="module")
def ports():
    return portfile.ports(FILE)


@pytest.fixture(scope="module")
def checker():
    known = registry.load()
    with Pool(packages(known), limit=60) as pool:
        yield Checker(known, pool)


@pytest.fixture(scope="module")
def answers(checker, ports):
    """The answer on a port, found once."""
    known = {}

    def answer(name):
        if name not in known:
            known[name] = checker.check(ports[name], name)
        return known[name]

    return answer


@pytest.mark.parametrize("name", ["kernel", "kernel_in_tensorflow"])
def test_a_flipped_kernel_shows_on_one_example_and_a_kernel_of_two_elements(answers, name):
    example = answers(name).smallest
    assert example.arrays["x"].shape[:2] == (1, 1)
    assert example.arrays["weight"].size == 2
    assert set(np.concatenate([array.ravel() for array in example.arrays.values()])) == {0.0, 1.0}
    assert example.original["output"].shape == example.ported["output"].shape
    assert np.any(example.original["output"] != example.ported["output"])


def test_sizes_keep_to_what_the_user_says(answers):
    sizes = answers("kernel_of_fixed_size").smallest.sizes
    assert (sizes["n"], sizes["p"], sizes["q"], sizes["h"]) == (2, 3, 4, 5)
    assert (sizes["c"], sizes["o"], sizes["w"]) == (1, 1, 4)


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        ("slope", {"x": [[-1.0]]}),
        ("epsilon", {"x": [[0.0, 1.0]]}),
        ("polarity", {"x": [[0.0, 0.0]], "mask": [[True, False]]}),
        ("gradient", {"x": [[1.0]], "weight": [[1.0]], "cotangent of output": [[1.0]]}),
        ("raises", {"x": np.zeros((2, 3))}),
        ("mutates", {"x": [[1.0]]}),
        ("corner", {"x": [[1.0]]}),
        ("rare", {"x": [[30.0]]}),
    ],
)
def test_the_smallest_input_is_found(answers, name, arrays):
    example = answers(name).smallest
    assert set(example.arrays) == set(arrays)
    for key, array in arrays.items():
        np.testing.assert_array_equal(example.arrays[key], array)


def test_a_difference_in_the_gradient_alone_shows_the_gradients(answers):
    example = answers("gradient").smallest
    assert example.original["output"] == example.ported["output"]
    assert example.original["gradient of x"] == 1.0
    assert example.ported["gradient of x"] == 0.0


def test_digits_that_are_lost_in_float32_alone_are_shown_in_float32(answers):
    example = answers("precision").smallest
    assert example.dtype == "float32"
    assert example.arrays["x"].size <= 3
    x = example.arrays["x"]
    wrong, right = np.abs(example.ported["output"] - x.var(1)), np.abs(example.original["output"] - x.var(1))
    assert wrong.max() > 16 * right.max()


def test_what_raises_on_one_side_has_the_others_output_alone(answers):
    example = answers("raises").smallest
    assert example.original["output"].shape == (2, 3)
    assert not example.ported


def test_arguments_stay_what_their_kinds_allow(answers):
    example = answers("kinds").smallest
    arrays, sizes = example.arrays, example.sizes
    assert sizes == {"n": 1, "t": 2, "v": 2, "d": 1}
    assert arrays["mask"].dtype == bool
    assert arrays["mask"].any(axis=-1).all()
    assert ((arrays["tokens"] >= 1) & (arrays["tokens"] < sizes["v"])).all()
    assert (arrays["lengths"] == 2).all()
    assert (arrays["variance"] > 0).all()
    assert ((arrays["rate"] >= 0.25) & (arrays["rate"] <= 0.75)).all()


@pytest.mark.parametrize(
    "kind", [Mask("n t"), Integers("n t", low=-1, below="v"), Lengths("n t", of="t"), Lengths("n t", of="t", low=0)]
)
def test_cut_and_simplified_arrays_are_made_valid(kind):
    rng = np.random.default_rng(0)
    for _ in range(50):
        drawn = kind.draw(rng, (3, 6), {"n": 3, "t": 6, "v": 7}, "normal")
        sizes = {"n": 2, "t": 3, "v": 2}
        made = valid(kind, drawn[1:, 3:].copy(), sizes)
        for simpler in SIMPLER:
            tried = simpler(kind, made, sizes)
            better = legal(kind, tried) & (rank(kind, tried) < rank(kind, made))
            for array in (made, valid(kind, np.where(better, tried, made), sizes)):
                if isinstance(kind, Mask):
                    assert array.any(axis=-1).all()
                elif isinstance(kind, Integers):
                    assert array.min() >= -1
                    assert array.max() < 2
                else:
                    assert array.min() >= kind.low
                    assert array.max() == 3


def test_the_same_seed_gives_the_same_example(checker, ports, answers):
    again = checker.check(ports["kernel"], "kernel").smallest
    first = answers("kernel").smallest
    assert again.sizes == first.sizes
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)


@pytest.mark.parametrize("name", ["kernel", "gradient", "state", "precision", "raises", "polarity", "kinds"])
def test_an_example_given_back_is_different_again_in_the_same_way(checker, ports, answers, name):
    first = answers(name)
    outcome = checker.check(ports[name], name, given=first.smallest.arrays)
    assert outcome.verdict == "different"
    assert len({probe.kind for probe in outcome.probes}) == 1
    assert outcome.diagnoses
    assert [x for x, item in outcome.forward.items() if item.verdict == "different"] == [
        x for x, item in first.forward.items() if item.verdict == "different"
    ]


def test_state_is_shown_with_the_batches_before(answers, ports):
    example = answers("state").smallest
    assert {"x", "earlier batch 1: x", "earlier batch 2: x"} == set(example.arrays)
    (inputs,) = given_inputs(ports["state"], example.arrays)
    assert len(inputs.earlier) == 2
    for name, array in flat(inputs).items():
        np.testing.assert_array_equal(array, example.arrays[name])


def test_a_worker_that_dies_ends_the_search_with_what_was_found(answers):
    outcome = answers("dies")
    assert outcome.verdict == "different"
    assert outcome.smallest.sizes["c"] > 1
    assert np.any(outcome.smallest.original["output"] != outcome.smallest.ported["output"])


def test_time_is_kept(checker, ports, monkeypatch):
    monkeypatch.setattr(shrinking, "SECONDS", 0.02)
    taken = []

    def timed(evidence, probes):
        started = time.monotonic()
        found = shrinking.smallest(evidence, probes)
        taken.append(time.monotonic() - started)
        return found

    monkeypatch.setattr("equivalence.checking.smallest", timed)
    outcome = checker.check(ports["slow"], "slow")
    assert outcome.smallest.arrays["x"].size > 1
    assert taken[0] < 1


def test_a_search_that_fails_shows_the_input_as_it_was_found(checker, ports, monkeypatch):
    def fails(self):
        raise ValueError("no")

    monkeypatch.setattr(shrinking._Search, "_sizes", fails)
    example = checker.check(ports["slope"], "slope").smallest
    assert example.arrays["x"].size > 1


def command(*words, folder):
    return subprocess.run(
        [Path(sys.executable).with_name("equivalence"), *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_command_that_is_printed_runs_both_layers_on_the_saved_input(tmp_path):
    saved = command(
        "check", str(FILE), "--only", "reversed_rows", "--dtype", "float64", "--save", "out", folder=tmp_path
    )
    assert saved.returncode == 1, saved.stderr
    line = next(line for line in saved.stdout.splitlines() if "--input" in line)
    words = shlex.split(line[line.index("equivalence check") :])[1:]
    again = command(*words, folder=tmp_path)
    assert again.returncode == 1, again.stderr
    assert "x = [[0.0, 1.0]]" in again.stdout
    assert "1 probe: 1 different" in again.stdout
    assert shlex.join(words) in again.stdout
    right = command("check", str(FILE), "--only", "right", "--input", "out/reversed_rows.npz", folder=tmp_path)
    assert right.returncode == 0, right.stdout
    several = command("check", str(FILE), "--input", "out/reversed_rows.npz", folder=tmp_path)
    assert several.returncode == 64
    assert "--only" in several.stderr


def test_a_file_gives_back_the_example(answers, tmp_path):
    saved = examplefile.save(answers("gradient"), tmp_path)
    arrays = tensorfiles.read(Path(saved.smallest.file))
    for name, array in saved.smallest.arrays.items():
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.zeros((1, 1))}, "expected arrays x, weight"),
        ({"x": np.zeros((1, 2)), "weight": np.zeros((3, 1))}, "size 2 on axis c"),
        ({"x": np.zeros((1, 2)), "weight": np.zeros((2, 1)), "w": np.zeros(1)}, "got ['w']"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(ports, arrays, said):
    with pytest.raises(UsageError, match=said.replace("[", r"\[").replace("]", r"\]")):
        list(given_inputs(ports["gradient"], arrays))

"""The numbers of a training as a file and as a plot."""

import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from equivalence.errors import EquivalenceError
from equivalence.training.history import Course, Epoch, History, differences, read_history, write_history
from equivalence.training.plot import draw

LOSSES = [2.5, 2.0, 0.5, 0.25] * 6
EPOCHS = [Epoch(1.3125, 1.2, 0.5), Epoch(1.1, 1.0, 0.975)]


def course(name, *, off=0.0, at=0):
    return Course(name, [loss + off * (step == at) for step, loss in enumerate(LOSSES)], EPOCHS)


def history(*courses):
    return History(
        recipe="nin",
        dataset="digits",
        seed=3,
        batch=32,
        steps=12,
        planned=2,
        courses=list(courses) or [course("numpy")],
        seconds=1.5,
        complete=True,
    )


@pytest.mark.parametrize(
    ("off", "at", "status"),
    [(0.0, 0, 0), (2.4e-9, 0, 0), (2.6e-9, 0, 1), (0.9e-9, 3, 0), (1.1e-9, 3, 1), (-1.1e-9, 19, 1), (1.0, 20, 0)],
)
def test_losses_follow_up_to_1e_9_in_the_first_20_steps(off, at, status):
    """In parts of the loss, which is 2.5 at first, or of 1 where it is smaller."""
    assert history(course("numpy"), course("torch", off=off, at=at)).exit_status == status
    assert history(course("numpy"), course("torch"), course("tensorflow", off=off, at=at)).exit_status == status


def test_differences_are_relative_to_the_loss_or_to_1():
    apart = differences(course("numpy"), course("torch", off=1.0, at=1))
    assert apart == [0.0, 0.5] + [0.0] * 22
    item = history(course("numpy"), course("torch", off=0.25, at=22)).following[0]
    assert (item.largest, item.largest_of_all) == (0.0, 0.25)


def test_one_framework_alone_follows_nobody_and_nothing_compared_is_undecided():
    assert history().following == []
    assert history().exit_status == 0
    assert history(Course("numpy", [], []), Course("torch", [], [])).exit_status == 2


def test_a_history_comes_back_from_its_file(tmp_path):
    made = history(course("numpy"), course("torch", off=1e-3))
    write_history(tmp_path / "new" / "history.json", made)
    assert read_history(tmp_path / "new" / "history.json") == made
    found = json.loads((tmp_path / "new" / "history.json").read_text())
    assert found["kind"] == "training"
    assert found["courses"][0]["losses"] == LOSSES
    assert found["following"][0]["follows"] is False
    assert found["following"][0]["largest"] == pytest.approx(4e-4)


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "training"}', '{"kind": "run", "schema": 1}'])
def test_another_file_is_refused(content, tmp_path):
    (tmp_path / "history.json").write_text(content)
    with pytest.raises(EquivalenceError, match=r"history\.json"):
        read_history(tmp_path / "history.json")


def test_another_version_of_the_file_is_refused(tmp_path):
    path = tmp_path / "history.json"
    write_history(path, history())
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(EquivalenceError, match="got"):
        read_history(path)


def drawn(tmp_path, *courses):
    draw(tmp_path / "curves.svg", history(*courses))
    return (tmp_path / "curves.svg").read_text()


def test_the_plot_shows_all_frameworks(tmp_path):
    svg = drawn(tmp_path, course("numpy"), course("torch", off=1e-12), course("tensorflow", off=1e-13))
    for word in ("numpy", "torch", "tensorflow", "loss of each step", "accuracy on the test images", "97.5 % at last"):
        assert word in svg
    assert "difference from the loss of numpy" in svg
    # A line of 24 points for each framework's losses, and one for each that is compared with the first.
    lines = [path for path in re.findall(r' d="([^"]*)"', svg) if len(re.findall(r"[ML] ", path)) == len(LOSSES)]
    assert len(lines) == 3 + 2


def test_one_framework_has_no_panel_of_differences(tmp_path):
    svg = drawn(tmp_path)
    assert "loss of each step" in svg
    assert "difference" not in svg


def test_the_same_training_draws_the_same_file(tmp_path):
    assert drawn(tmp_path) == drawn(tmp_path)
    assert drawn(tmp_path) != drawn(tmp_path, course("numpy", off=1.0))


def test_a_png_is_a_picture_with_lines_in_it(tmp_path):
    from matplotlib.image import imread

    draw(tmp_path / "curves.png", history(course("numpy"), course("torch")))
    pixels = imread(tmp_path / "curves.png")[..., :3]
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_without_an_epoch_there_is_a_plot_all_the_same(tmp_path):
    made = replace(history(), courses=[Course("numpy", [2.0], [])])
    draw(tmp_path / "curves.svg", made)
    assert "numpy" in (tmp_path / "curves.svg").read_text()


def test_without_matplotlib_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(EquivalenceError, match=r"pip install 'layer-equivalence\[train\]'"):
        draw(tmp_path / "curves.svg", history())

"""The plot of a training: losses, accuracy on the test images, and how far the frameworks are apart."""

from __future__ import annotations

import io
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from equivalence.errors import EquivalenceError
from equivalence.runfile import atomic
from equivalence.training.history import FOLLOWED, FOLLOWS, History, differences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = ((5.0, "-"), (2.5, "--"), (1.2, "-"), (0.8, ":"))
"""Lines that lie on each other show because each is narrower than the one below."""

_LEAST = 1e-17
"""What a difference of zero is drawn as, where the axis is logarithmic."""


def draw(path: Path, history: History) -> None:
    """Draw a training into a file, in the format that its name says: ``.svg``, ``.png`` or ``.pdf``.

    Raises:
        EquivalenceError: if matplotlib is not installed, or the file cannot be written.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - optional, and slow to import
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        install = "Run: pip install 'layer-equivalence[train]'"
        raise EquivalenceError("the plot needs matplotlib, which is not installed", fix=install) from error
    # Names of elements from a salt in place of chance, and no date: the same training draws the same file.
    with mpl.rc_context({"svg.hashsalt": "equivalence", "svg.fonttype": "none"}):
        content = io.BytesIO()
        kind = path.suffix.removeprefix(".") or "svg"
        figure(Figure, history).savefig(content, format=kind, metadata={"Date": None} if kind == "svg" else None)
    try:
        with atomic(path) as stream:
            stream.buffer.write(content.getvalue())
    except OSError as error:
        raise EquivalenceError(f"{path} cannot be written: {error}") from error


def figure(kind: type[Figure], history: History) -> Figure:
    """The plot: two panels, and a third where several frameworks are compared."""
    several = len(history.courses) > 1
    made = kind(figsize=(5.2 * (2 + several), 4), layout="constrained")
    panels: Any = made.subplots(1, 2 + several)
    _losses(panels[0], history)
    _accuracy(panels[1], history)
    if several:
        _apart(panels[2], history)
    made.suptitle(f"{history.recipe} on {history.dataset}, seed {history.seed}, float64")
    return made


def _losses(panel: Axes, history: History) -> None:
    for course, (width, style) in zip(history.courses, cycle(_STYLES), strict=False):
        panel.plot(np.arange(1, len(course.losses) + 1), course.losses, style, linewidth=width, label=course.name)
    panel.set(title="loss of each step", xlabel="step", ylabel="cross-entropy", yscale="log")
    panel.legend()


def _accuracy(panel: Axes, history: History) -> None:
    for course, (width, style) in zip(history.courses, cycle(_STYLES), strict=False):
        accuracies = [100 * epoch.test_accuracy for epoch in course.epochs]
        epochs = np.arange(1, len(accuracies) + 1)
        last = f", {accuracies[-1]:.1f} % at last" if accuracies else ""
        panel.plot(epochs, accuracies, style, marker=".", linewidth=width, label=course.name + last)
    panel.set(title="accuracy on the test images", xlabel="epoch", ylabel="%")
    panel.legend(loc="lower right")


def _apart(panel: Axes, history: History) -> None:
    first, *others = history.courses
    panel.axhline(FOLLOWS, color="black", linewidth=0.8)
    panel.axvspan(1, FOLLOWED, alpha=0.15, color="gray", label=f"the first {FOLLOWED} steps, at most {FOLLOWS:.0e}")
    for number, course in enumerate(others, 1):
        apart = np.maximum(differences(first, course), _LEAST)
        panel.plot(np.arange(1, len(apart) + 1), apart, color=f"C{number}", linewidth=1, label=course.name)
    panel.set(title=f"difference from the loss of {first.name}", xlabel="step", ylabel="relative to max(loss, 1)")
    panel.set(yscale="log")
    panel.legend(loc="center right")

"""Labelled images to train on, from a local folder or from a package; nothing is downloaded, nothing is unpickled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from equivalence.datasets import cifar, digits, mnist
from equivalence.datasets.labelled import Dataset
from equivalence.errors import UsageError

_FROM_A_FOLDER: Mapping[str, Callable[..., Dataset]] = {
    "cifar10": cifar.load_cifar10,
    "cifar100": cifar.load_cifar100,
    "mnist": mnist.load_mnist,
}
NAMES = ("digits", *_FROM_A_FOLDER)
"""The data sets that :func:`load` knows."""


def load(name: str, folder: Path | None = None, *, seed: int = 0, subset: bool = False) -> Dataset:
    """Load a data set by its name.

    Args:
        name: one of :data:`NAMES`.
        folder: where its files are; ``digits`` comes with scikit-learn and needs none.
        seed: splits ``digits`` into training and test images; the others come split.
        subset: the files hold fewer images than the published ones, so numbers and checksums are not compared.

    Raises:
        UsageError: for another name, a folder that is missing, or one that is not needed.
        EquivalenceError: if a file is truncated, damaged or of another format.
    """
    if name not in NAMES:
        raise UsageError(f"data set {name!r}", expected=" or ".join(NAMES), got=name)
    if name == "digits":
        if folder is not None:
            raise UsageError("the folder of digits", expected="none: they come with scikit-learn", got=folder)
        return digits.load_digits(seed)
    if folder is None:
        raise UsageError(f"the folder of {name}", expected="one with its files, as in --data FOLDER", got="none")
    return _FROM_A_FOLDER[name](folder, subset=subset)

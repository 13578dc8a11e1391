"""A data set: images with labels, some to train on and some to test on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equivalence.errors import EquivalenceError
from equivalence.inputs import Array


@dataclass(frozen=True)
class Images:
    """Images and what they show.

    Args:
        pixels: ``n c h w``, float32, from 0 to 1.
        labels: ``n``, int64, from 0 to the number of classes less one.
    """

    pixels: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Images to train on, others to test on, and the names of the classes in the order of the labels."""

    name: str
    train: Images
    test: Images
    classes: tuple[str, ...]


def images(pixels: Array, labels: Array, *, white: int) -> Images:
    """Whole numbers from 0 to ``white`` as images.

    Pixels become float32, which tells all of them apart in half the memory that float64 needs.
    """
    return Images(np.asarray(pixels, np.float32) / np.float32(white), np.asarray(labels, np.int64))


def require_labels(source: str, labels: Array, classes: int) -> None:
    """Refuse labels that no class has.

    Raises:
        EquivalenceError: naming the first of them.
    """
    wrong = np.flatnonzero(labels >= classes)
    if len(wrong):
        raise EquivalenceError(
            f"the label of image {wrong[0]} in {source}",
            expected=f"0 to {classes - 1}",
            got=int(labels[wrong[0]]),
            fix="The file is damaged or of another format.",
        )

"""Handwritten digits that come with scikit-learn: 1797 images of 8 x 8 pixels, from 0 to 16."""

from __future__ import annotations

from equivalence.datasets.labelled import Dataset, images
from equivalence.errors import EquivalenceError

_TESTED = 0.2
_WHITE = 16


def load_digits(seed: int = 0) -> Dataset:
    """The digits, a fifth of each class to test on.

    Args:
        seed: decides which.

    Raises:
        EquivalenceError: if scikit-learn is not installed.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html, a copy of the test set
    of https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits.
    """
    try:
        from sklearn.datasets import load_digits as loaded  # noqa: PLC0415 - optional, and slow to import
        from sklearn.model_selection import train_test_split  # noqa: PLC0415
    except ImportError as error:
        install = "Run: pip install 'layer-equivalence[train]'"
        raise EquivalenceError("the digits come with scikit-learn, which is not installed", fix=install) from error
    digits = loaded()
    split = train_test_split(
        digits.images[:, None], digits.target, test_size=_TESTED, stratify=digits.target, random_state=seed
    )
    train_pixels, test_pixels, train_labels, test_labels = split
    train, test = images(train_pixels, train_labels, white=_WHITE), images(test_pixels, test_labels, white=_WHITE)
    return Dataset("digits", train, test, tuple(str(name) for name in digits.target_names))

"""MNIST in its IDX files, plain or compressed by gzip.

An IDX file begins with four bytes: two zeros, the type of the numbers (8 for a byte) and the number of axes; then the
size of each axis, four bytes with the largest first; then the numbers, row by row.

Source: http://yann.lecun.com/exdb/mnist/, sections on the files and their format. That page has no checksums; those
below are of the uncompressed files, and several projects that distribute MNIST publish them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from equivalence.datasets.files import read_gzip, read_plain, require_folder, require_md5
from equivalence.datasets.labelled import Dataset, Images, images, require_labels
from equivalence.errors import EquivalenceError, UsageError
from equivalence.inputs import Array

_DIGITS = 10
_SIDE = 28


@dataclass(frozen=True)
class Part:
    """A pair of files, with what is published about them.

    Args:
        stem: how their names begin.
        number: of images.
        images_md5: the checksum of the uncompressed images.
        labels_md5: that of the uncompressed labels.
    """

    stem: str
    number: int
    images_md5: str
    labels_md5: str


TRAIN = Part("train", 60_000, "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624")
TEST = Part("t10k", 10_000, "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637")


def load_mnist(folder: Path, *, subset: bool = False) -> Dataset:
    """MNIST: 60,000 images to train on and 10,000 to test on, of 10 digits.

    Args:
        folder: with ``train-images-idx3-ubyte`` and the three others, each with ``.gz`` or without.
        subset: the files hold other images than the published ones, so numbers and checksums are not compared.

    Raises:
        UsageError: if a file is not there.
        EquivalenceError: if one is truncated, damaged or of another format.
    """
    return read(folder, TRAIN, TEST, subset=subset)


def read(folder: Path, train: Part, test: Part, *, subset: bool = False) -> Dataset:
    """Read two pairs of files; the rest is as in :func:`load_mnist`."""
    require_folder(folder)
    first, second = (_part(folder, part, subset=subset) for part in (train, test))
    return Dataset("mnist", first, second, tuple(map(str, range(_DIGITS))))


def _part(folder: Path, part: Part, *, subset: bool) -> Images:
    pixels_path, labels_path = _find(folder, f"{part.stem}-images", 3), _find(folder, f"{part.stem}-labels", 1)
    pixels = _array(pixels_path, (part.number, _SIDE, _SIDE), "" if subset else part.images_md5)
    labels = _array(labels_path, (part.number,), "" if subset else part.labels_md5)
    require_labels(str(labels_path), labels, _DIGITS)
    if len(labels) != len(pixels):
        raise EquivalenceError(f"{labels_path}", expected=f"{len(pixels)} labels, as many as images", got=len(labels))
    return images(pixels[:, None], labels, white=255)


def _find(folder: Path, stem: str, axes: int) -> Path:
    """A file under either of its names: the page writes a hyphen, the files of one archive have a dot."""
    names = [f"{stem}{mark}idx{axes}-ubyte{ending}" for mark in "-." for ending in ("", ".gz")]
    found = next((folder / name for name in names if (folder / name).exists()), None)
    if found is None:
        raise UsageError(f"{folder}", expected=f"{names[0]} or {names[1]}", got="neither")
    return found


def _array(path: Path, largest: tuple[int, ...], md5: str) -> Array:
    header = 4 + 4 * len(largest)
    content = (read_gzip if path.suffix == ".gz" else read_plain)(path, header + int(np.prod(largest)))
    expected = (0, 0, 8, len(largest))
    if tuple(content[:4]) != expected:
        kind = "It is compressed: name it .gz." if content[:2] == b"\x1f\x8b" else "It is no such IDX file."
        raise EquivalenceError(
            f"the first bytes of {path}", expected=expected, got=tuple(content[:4]) or "none", fix=kind
        )
    if len(content) < header:
        raise EquivalenceError(f"{path}", expected=f"{header} bytes of header", got=len(content), fix="It is cut off.")
    shape = struct.unpack_from(f">{len(largest)}I", content, 4)
    if shape[1:] != largest[1:] or not shape[0] or (md5 and shape != largest):
        raise EquivalenceError(f"{path}", expected=f"an array {largest}", got=shape, fix="It holds something else.")
    if len(content) - header != int(np.prod(shape)):
        what = f"{int(np.prod(shape))} bytes after the header, which says {shape}"
        got = f"{len(content) - header}"
        raise EquivalenceError(f"{path}", expected=what, got=got, fix="It is cut off or damaged.")
    if md5:
        require_md5(f"the content of {path}", content, md5)
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)

"""CIFAR-10 and CIFAR-100 in their binary version.

A file is a row of images without a header. Each is its labels, one byte in CIFAR-10 and two in CIFAR-100 (the coarse
class, then the fine one), and 3072 bytes of pixels: 32 rows of 32 red ones, then green, then blue. Text files beside
them have the names of the classes, a line each.

Source: https://www.cs.toronto.edu/~kriz/cifar.html, which also has the checksums of the archives, the length of a file
and that each class has equally many images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from equivalence.datasets.files import read_archive, read_plain, require_file_md5, require_folder
from equivalence.datasets.labelled import Dataset, Images, images, require_labels
from equivalence.errors import EquivalenceError, UsageError
from equivalence.inputs import Array

_PIXELS = (3, 32, 32)
_PICKLE = b"\x80"
"""The first byte of what Python's pickle writes since its second protocol."""


@dataclass(frozen=True)
class Version:
    """A data set's binary version.

    Args:
        name: of the data set.
        archive: what is distributed, with its published ``md5``.
        folder: in the archive, which holds the files.
        train: the files to train on, ``per_train`` images each.
        test: the file to test on, with ``per_test`` images.
        labels: the file of names, and the number of classes, for each byte of label before an image.
        pickled: what the folder and the archive of the Python version are called.
        matlab: the same of the Matlab version.
    """

    name: str
    archive: str
    md5: str
    folder: str
    train: tuple[str, ...]
    per_train: int
    test: str
    per_test: int
    labels: tuple[tuple[str, int], ...]
    pickled: tuple[str, ...]
    matlab: tuple[str, ...]

    @property
    def record(self) -> int:
        """Bytes of an image with its labels."""
        return len(self.labels) + int(np.prod(_PIXELS))

    def files(self, names: str) -> tuple[str, ...]:
        """Everything that is read."""
        return (*self.train, self.test, names)


CIFAR10 = Version(
    name="cifar10",
    archive="cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    folder="cifar-10-batches-bin",
    train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    per_train=10_000,
    test="test_batch.bin",
    per_test=10_000,
    labels=(("batches.meta.txt", 10),),
    pickled=("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1"),
    matlab=("cifar-10-batches-mat", "cifar-10-matlab.tar.gz", "data_batch_1.mat"),
)
CIFAR100 = Version(
    name="cifar100",
    archive="cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
    folder="cifar-100-binary",
    train=("train.bin",),
    per_train=50_000,
    test="test.bin",
    per_test=10_000,
    labels=(("coarse_label_names.txt", 20), ("fine_label_names.txt", 100)),
    pickled=("cifar-100-python", "cifar-100-python.tar.gz", "train"),
    matlab=("cifar-100-matlab", "cifar-100-matlab.tar.gz", "train.mat"),
)


def load_cifar10(folder: Path, *, subset: bool = False) -> Dataset:
    """CIFAR-10: 50,000 images to train on and 10,000 to test on, of 10 classes.

    Args:
        folder: with the ``.bin`` files, with the folder that holds them, or with the archive that holds that.
        subset: the files hold fewer images than the published ones, so numbers and checksums are not compared.

    Raises:
        UsageError: if a file is not there.
        EquivalenceError: if one is truncated, damaged, or of another format such as the pickled version.
    """
    return read(CIFAR10, folder, subset=subset)


def load_cifar100(folder: Path, *, coarse: bool = False, subset: bool = False) -> Dataset:
    """CIFAR-100: 50,000 images to train on and 10,000 to test on.

    Args:
        folder: as in :func:`load_cifar10`.
        coarse: the 20 coarse classes in place of the 100 fine ones.
        subset: as in :func:`load_cifar10`.

    Raises:
        UsageError: if a file is not there.
        EquivalenceError: if one is truncated, damaged, or of another format such as the pickled version.
    """
    return read(CIFAR100, folder, label=0 if coarse else 1, subset=subset)


def read(version: Version, folder: Path, *, label: int = 0, subset: bool = False) -> Dataset:
    """Read a binary version.

    Args:
        version: which, with what is published about it.
        folder: as in :func:`load_cifar10`.
        label: which byte of label to use.
        subset: as in :func:`load_cifar10`.
    """
    names_file, _ = version.labels[label]
    place, contents = _opened(version, folder, version.files(names_file), subset=subset)
    numbers = None if subset else (version.per_train, version.per_test)
    train = [
        _records(version, f"{name} in {place}", contents(name), numbers and numbers[0], label) for name in version.train
    ]
    test = _records(version, f"{version.test} in {place}", contents(version.test), numbers and numbers[1], label)
    classes = _names(version, f"{names_file} in {place}", contents(names_file), label)
    joined = Images(np.concatenate([part.pixels for part in train]), np.concatenate([part.labels for part in train]))
    if not subset:
        _require_equal_classes(f"the training images of {place}", joined.labels, len(classes))
        _require_equal_classes(f"{version.test} in {place}", test.labels, len(classes))
    return Dataset(version.name, joined, test, classes)


def _opened(
    version: Version, folder: Path, names: tuple[str, ...], *, subset: bool
) -> tuple[Path, Callable[[str], bytes]]:
    """Where the files are, and a function that gives the content of each."""
    require_folder(folder)
    limit = max(version.per_train, version.per_test) * version.record
    for place in (folder, folder / version.folder):
        if any((place / name).exists() for name in names):
            return place, lambda name, place=place: read_plain(place / name, limit)
    archive = folder / version.archive
    if not archive.exists():
        raise _absent(version, folder)
    if not subset:
        require_file_md5(archive, version.md5)
    found = read_archive(archive, version.folder, names, limit)
    if missing := [name for name in names if name not in found]:
        raise UsageError(f"{archive}", expected=f"{version.folder}/{missing[0]} in it", got="no such file")
    return archive, found.__getitem__


def _absent(version: Version, folder: Path) -> EquivalenceError:
    binary = f"Take the binary version, {version.archive}, from https://www.cs.toronto.edu/~kriz/cifar.html."
    others = {
        "the Python version, which is pickled: unpickling runs whatever code is in a file": version.pickled,
        "the Matlab version": version.matlab,
    }
    for what, names in others.items():
        if found := [name for name in names if (folder / name).exists()]:
            return EquivalenceError(f"{folder}", expected=version.archive, got=f"{found[0]} of {what}", fix=binary)
    expected = f"{version.train[0]} and the others, {version.folder} or {version.archive}"
    return UsageError(f"{folder}", expected=expected, got="none of them", fix=binary)


def _records(version: Version, source: str, content: bytes, number: int | None, label: int) -> Images:
    whole, rest = divmod(len(content), version.record)
    if number is not None:
        expected = f"{number} images, {number * version.record} bytes"
    else:
        expected = f"a multiple of {version.record} bytes"
    if rest or not whole or number not in (None, whole):
        kind = "pickled" if content.startswith(_PICKLE) else "cut off, damaged or of another format"
        raise EquivalenceError(source, expected=expected, got=f"{len(content)} bytes", fix=f"It is {kind}.")
    rows = np.frombuffer(content, np.uint8).reshape(whole, version.record)
    for column, (_, classes) in enumerate(version.labels):
        require_labels(source, rows[:, column], classes)
    return images(rows[:, len(version.labels) :].reshape(whole, *_PIXELS), rows[:, label], white=255)


def _names(version: Version, source: str, content: bytes, label: int) -> tuple[str, ...]:
    names = tuple(line for line in content.decode("utf-8", "replace").split("\n") if line.strip())
    expected = version.labels[label][1]
    if len(names) != expected or len(set(names)) != expected:
        raise EquivalenceError(source, expected=f"{expected} names, a line each", got=f"{len(set(names))} names")
    return tuple(name.strip() for name in names)


def _require_equal_classes(source: str, labels: Array, classes: int) -> None:
    counts = np.bincount(labels, minlength=classes)
    if counts.min() != counts.max():
        odd = int(np.argmax(counts != len(labels) // classes))
        expected = f"{len(labels) // classes} of each class"
        raise EquivalenceError(source, expected=expected, got=f"{counts[odd]} of class {odd}", fix="It is damaged.")

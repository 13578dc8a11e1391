"""Loaders of data sets, on small files made here in the formats that are distributed."""

import gzip
import hashlib
import io
import os
import pickle
import struct
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from equivalence import datasets
from equivalence.datasets import cifar, mnist
from equivalence.datasets.labelled import Images, require_labels
from equivalence.errors import EquivalenceError, UsageError

RNG = np.random.default_rng(2)


def image_bytes(number):
    return RNG.integers(256, size=(number, 3, 32, 32), dtype=np.uint8)


class Small:
    """A data set in CIFAR's binary format, small, and what was written into it."""

    def __init__(self, version, per_file):
        self.version, self.per_file = version, per_file
        self.files, self.pixels, self.labels = {}, [], []
        self.names = {}
        for name in (*version.train, version.test):
            pixels = image_bytes(per_file)
            columns = [np.arange(per_file) % classes for _, classes in version.labels]
            rows = np.concatenate([np.stack(columns, 1).astype(np.uint8), pixels.reshape(per_file, -1)], 1)
            self.files[name] = rows.tobytes()
            self.pixels.append(pixels)
            self.labels.append(columns)
        for name, classes in version.labels:
            self.names[name] = tuple(f"{name[0]}_{index}" for index in range(classes))
            self.files[name] = ("\n".join(self.names[name]) + "\n").encode()

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder

    def archive(self, folder, members=None):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.version.archive
        with tarfile.open(path, "w:gz") as archive:
            for name, content in (members or self.files).items():
                info = tarfile.TarInfo(f"{self.version.folder}/{name}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return folder


@pytest.fixture(scope="module", params=[(cifar.CIFAR10, 10), (cifar.CIFAR100, 100)], ids=["cifar10", "cifar100"])
def small(request):
    return Small(*request.param)


def check(small, found):
    train = np.concatenate(small.pixels[:-1])
    assert found.name == small.version.name
    assert found.train.pixels.shape == train.shape
    assert found.train.pixels.dtype == np.float32
    np.testing.assert_array_equal(found.train.pixels, train.astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(found.test.pixels, small.pixels[-1].astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(found.train.labels, np.concatenate([labels[-1] for labels in small.labels[:-1]]))
    np.testing.assert_array_equal(found.test.labels, small.labels[-1][-1])
    assert found.train.labels.dtype == np.int64
    assert found.classes == small.names[small.version.labels[-1][0]]


@pytest.mark.parametrize("where", ["", "folder"])
def test_cifar_from_files_and_from_the_folder_that_holds_them(small, where, tmp_path):
    small.write(tmp_path / (small.version.folder if where else "."))
    check(small, datasets.load(small.version.name, tmp_path, subset=True))


def test_cifar_from_the_archive(small, tmp_path):
    check(small, datasets.load(small.version.name, small.archive(tmp_path), subset=True))


def test_pixels_are_where_the_format_says(tmp_path):
    """Byte 1 is the first red pixel, byte 2 the next of its row, byte 1025 the first green one."""
    folder = Small(cifar.CIFAR10, 1).write(tmp_path)
    record = bytearray(3073)
    record[0], record[1], record[2], record[33], record[1025], record[3072] = 7, 255, 51, 102, 153, 204
    (folder / "test_batch.bin").write_bytes(record)
    test = datasets.load("cifar10", folder, subset=True).test
    assert test.labels.tolist() == [7]
    places = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (2, 31, 31)]
    assert [test.pixels[0][place] for place in places] == pytest.approx([1.0, 0.2, 0.4, 0.6, 0.8])
    assert np.count_nonzero(test.pixels) == len(places)


def test_cifar100_coarse_labels(tmp_path):
    small = Small(cifar.CIFAR100, 100)
    found = cifar.load_cifar100(small.write(tmp_path), coarse=True, subset=True)
    np.testing.assert_array_equal(found.test.labels, np.arange(100) % 20)
    assert found.classes == small.names["coarse_label_names.txt"]


def published(small, tmp_path):
    """The version as if the small files were the published ones."""
    archive = small.archive(tmp_path) / small.version.archive
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    return replace(small.version, md5=md5, per_train=small.per_file, per_test=small.per_file)


def test_cifar_as_published(small, tmp_path):
    version = published(small, tmp_path / "archive")
    label = len(version.labels) - 1
    check(small, cifar.read(version, tmp_path / "archive", label=label))
    check(small, cifar.read(version, small.write(tmp_path / "files"), label=label))


def test_another_checksum_is_refused(small, tmp_path):
    version = replace(published(small, tmp_path), md5="0" * 32)
    with pytest.raises(EquivalenceError, match=f"the MD5 of .*{version.archive}: expected 0{{32}}, got "):
        cifar.read(version, tmp_path)


def test_fewer_images_than_published_are_refused(small, tmp_path):
    small.write(tmp_path)
    with pytest.raises(EquivalenceError, match=rf"{small.version.train[0]} in .*expected \d+0000 images"):
        datasets.load(small.version.name, tmp_path)


def test_unequal_classes_are_refused_where_the_published_ones_are_equal(tmp_path):
    small = Small(cifar.CIFAR10, 10)
    version = published(small, tmp_path / "archive")
    content = bytearray(small.files["test_batch.bin"])
    content[3073] = 5
    small.files["test_batch.bin"] = bytes(content)
    with pytest.raises(EquivalenceError, match=r"test_batch.bin in .*: expected 1 of each class, got 0 of class 1"):
        cifar.read(version, small.write(tmp_path / "files"))


def message(tmp_path, name, *, error=EquivalenceError):
    with pytest.raises(error) as caught:
        datasets.load(name, tmp_path, subset=True)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("archived", [False, True], ids=["files", "archive"])
@pytest.mark.parametrize("file", ["data_batch_3.bin", "test_batch.bin", "batches.meta.txt"])
def test_a_missing_file_is_named(file, archived, tmp_path):
    small = Small(cifar.CIFAR10, 2)
    del small.files[file]
    (small.archive if archived else small.write)(tmp_path)
    assert file in message(tmp_path, "cifar10", error=UsageError)


@pytest.mark.parametrize("archived", [False, True], ids=["files", "archive"])
def test_a_truncated_file_is_named(archived, tmp_path):
    small = Small(cifar.CIFAR10, 2)
    small.files["data_batch_2.bin"] = small.files["data_batch_2.bin"][:-1]
    (small.archive if archived else small.write)(tmp_path)
    said = message(tmp_path, "cifar10")
    assert "data_batch_2.bin" in said
    assert "expected a multiple of 3073 bytes, got 6145 bytes" in said


def test_an_empty_file_is_refused(tmp_path):
    small = Small(cifar.CIFAR10, 2)
    small.files["test_batch.bin"] = b""
    assert "test_batch.bin" in message(small.write(tmp_path), "cifar10")


def test_a_label_that_no_class_has_is_refused(small, tmp_path):
    for column, (_, classes) in enumerate(small.version.labels):
        content = bytearray(small.files[small.version.test])
        content[small.version.record + column] = classes
        (small.write(tmp_path) / small.version.test).write_bytes(content)
        said = message(tmp_path, small.version.name)
        assert f"the label of image 1 in {small.version.test}" in said
        assert f"expected 0 to {classes - 1}, got {classes}" in said


def test_one_name_too_few_is_refused(small, tmp_path):
    name, classes = small.version.labels[-1]
    (small.write(tmp_path) / name).write_text("\n".join(map(str, range(classes - 1))))
    assert f"expected {classes} names" in message(tmp_path, small.version.name)


class Tripwire:
    """Leaves a file behind if it is ever unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_1.bin"])
def test_the_pickled_version_is_refused_and_not_unpickled(name, tmp_path):
    folder = tmp_path / "data"
    if name.endswith(".bin"):
        Small(cifar.CIFAR10, 2).write(folder)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(pickle.dumps(Tripwire(tmp_path / "ran")))
    said = message(folder, "cifar10")
    assert "pickled" in said
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("version", "words"),
    [
        *(
            (cifar.CIFAR10, words)
            for words in ((cifar.CIFAR10.pickled[0], "pickled"), (cifar.CIFAR10.matlab[1], "Matlab"))
        ),
        *(
            (cifar.CIFAR100, words)
            for words in ((cifar.CIFAR100.pickled[1], "pickled"), (cifar.CIFAR100.matlab[0], "Matlab"))
        ),
    ],
    ids=str,
)
def test_another_version_is_told(version, words, tmp_path):
    (tmp_path / words[0]).mkdir()
    said = message(tmp_path, version.name)
    assert words[0] in said
    assert words[1] in said
    assert version.archive in said


@pytest.mark.parametrize("damage", ["cut off", "changed", "no archive"])
def test_a_damaged_archive_is_refused(damage, tmp_path):
    small = Small(cifar.CIFAR10, 2)
    path = small.archive(tmp_path) / small.version.archive
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    if damage == "changed":
        content[middle : middle + 400] = bytes(400)
    path.write_bytes({"cut off": content[:middle], "changed": content, "no archive": b"hello"}[damage])
    assert "cannot be read as .tar.gz" in message(tmp_path, "cifar10")


def test_links_in_an_archive_are_not_followed(tmp_path):
    small = Small(cifar.CIFAR10, 2)
    secret = tmp_path / "secret"
    secret.write_bytes(small.files["test_batch.bin"])
    path = tmp_path / small.version.archive
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo(f"{small.version.folder}/test_batch.bin")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
    assert "expected a regular file, got a link" in message(tmp_path, "cifar10")


def test_nothing_is_extracted_and_a_second_file_of_a_name_is_refused(tmp_path):
    small = Small(cifar.CIFAR10, 2)
    small.archive(tmp_path, small.files | {"../../outside.bin": b"x", f"./../{small.version.folder}/again": b"y"})
    check(small, datasets.load("cifar10", tmp_path, subset=True)) if small.per_file >= 10 else datasets.load(
        "cifar10", tmp_path, subset=True
    )
    assert [path.name for path in tmp_path.iterdir()] == [small.version.archive]
    path = tmp_path / small.version.archive
    with tarfile.open(path, "w:gz") as archive:
        for _ in range(2):
            info = tarfile.TarInfo(f"{small.version.folder}/test_batch.bin")
            info.size = 4
            archive.addfile(info, io.BytesIO(b"abcd"))
    assert "got a second" in message(tmp_path, "cifar10")


def test_a_file_that_is_too_long_is_not_read(small, tmp_path):
    version = replace(small.version, per_train=1, per_test=1)
    small.write(tmp_path)
    with pytest.raises(EquivalenceError, match=f"at most {version.record} bytes, got more"):
        cifar.read(version, tmp_path, subset=True)


PIXELS = {
    stem: RNG.integers(256, size=(number, 28, 28), dtype=np.uint8) for stem, number in (("train", 12), ("t10k", 5))
}
LABELS = {stem: (np.arange(len(pixels)) % 10).astype(np.uint8) for stem, pixels in PIXELS.items()}


def idx(array, *, kind=8, shape=None):
    shape = array.shape if shape is None else shape
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


def write_mnist(folder, *, compressed=False, mark="-", **changed):
    files = {f"{stem}-images": idx(pixels) for stem, pixels in PIXELS.items()}
    files |= {f"{stem}-labels": idx(labels) for stem, labels in LABELS.items()}
    for name, content in (files | {k.replace("_", "-"): v for k, v in changed.items()}).items():
        path = folder / f"{name}{mark}idx{3 if name.endswith('images') else 1}-ubyte"
        if compressed:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))
        else:
            path.write_bytes(content)
    return folder


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("mark", ["-", "."])
def test_mnist(compressed, mark, tmp_path):
    found = datasets.load("mnist", write_mnist(tmp_path, compressed=compressed, mark=mark), subset=True)
    for part, stem in ((found.train, "train"), (found.test, "t10k")):
        np.testing.assert_array_equal(part.pixels, PIXELS[stem][:, None].astype(np.float32) / np.float32(255))
        np.testing.assert_array_equal(part.labels, LABELS[stem])
    assert found.classes == tuple("0123456789")


def as_published(stem):
    md5s = [hashlib.md5(idx(array[stem])).hexdigest() for array in (PIXELS, LABELS)]
    return mnist.Part(stem, len(PIXELS[stem]), *md5s)


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
def test_mnist_as_published_and_changed_in_one_pixel(compressed, tmp_path):
    parts = as_published("train"), as_published("t10k")
    assert len(mnist.read(write_mnist(tmp_path, compressed=compressed), *parts).test) == 5
    changed = PIXELS["t10k"].copy()
    changed[3, 14, 14] ^= 1
    write_mnist(tmp_path, compressed=compressed, t10k_images=idx(changed))
    with pytest.raises(EquivalenceError, match=r"the MD5 of the content of .*t10k-images"):
        mnist.read(tmp_path, *parts)


def test_less_than_mnist_is_refused(tmp_path):
    with pytest.raises(
        EquivalenceError, match=r"train-images.*expected an array \(60000, 28, 28\), got \(12, 28, 28\)"
    ):
        datasets.load("mnist", write_mnist(tmp_path))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"train_images": idx(PIXELS["train"])[:-1]}, "train-images-idx3-ubyte: expected 9408 bytes after the header"),
        ({"train_images": idx(PIXELS["train"]) + b"x"}, "got 9409"),
        ({"train_images": idx(PIXELS["train"])[:9]}, "expected 16 bytes of header, got 9"),
        ({"t10k_labels": b""}, "t10k-labels-idx1-ubyte: expected (0, 0, 8, 1), got none"),
        ({"t10k_labels": idx(LABELS["t10k"], kind=9)}, "expected (0, 0, 8, 1), got (0, 0, 9, 1)"),
        ({"t10k_labels": idx(PIXELS["t10k"])}, "expected (0, 0, 8, 1), got (0, 0, 8, 3)"),
        ({"t10k_labels": gzip.compress(idx(LABELS["t10k"]))}, "It is compressed: name it .gz"),
        ({"t10k_labels": idx(LABELS["t10k"][:-1])}, "expected 5 labels, as many as images, got 4"),
        ({"t10k_labels": idx(LABELS["t10k"] + 7)}, "the label of image 3"),
        ({"t10k_images": idx(PIXELS["t10k"], shape=(5, 56, 14))}, "expected an array (10000, 28, 28), got (5, 56, 14)"),
        ({"t10k_images": idx(PIXELS["t10k"], shape=(2**32 - 1, 28, 28))}, "which says (4294967295, 28, 28)"),
        ({"t10k_images": idx(PIXELS["t10k"][:0])}, "got (0, 28, 28)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-",
)
def test_wrong_mnist_files_are_told(changed, words, tmp_path):
    assert words in message(write_mnist(tmp_path, **changed), "mnist")


def test_a_missing_mnist_file_is_named(tmp_path):
    (write_mnist(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    assert "expected t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz" in message(
        tmp_path, "mnist", error=UsageError
    )


@pytest.mark.parametrize("damage", ["cut off", "changed", "not gzip"])
def test_a_damaged_gz_file_is_refused(damage, tmp_path):
    path = write_mnist(tmp_path, compressed=True) / "train-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes({"cut off": content[:-900], "changed": content, "not gzip": b"no gzip at all"}[damage])
    assert "cannot be read as gzip" in message(tmp_path, "mnist")


def test_a_gz_file_that_goes_on_and_on_is_not_read_to_its_end(tmp_path):
    path = write_mnist(tmp_path, compressed=True) / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(idx(LABELS["t10k"]) + bytes(50_000_000)))
    assert "expected at most 10008 bytes, got more" in message(tmp_path, "mnist")


def test_digits_are_split_by_the_seed():
    first, again, other = (
        datasets.load("digits", seed=1),
        datasets.load("digits", seed=1),
        datasets.load("digits", seed=2),
    )
    assert first.train.pixels.shape == (1437, 1, 8, 8)
    assert len(first.test) == 360
    np.testing.assert_array_equal(first.test.pixels, again.test.pixels)
    np.testing.assert_array_equal(first.train.labels, again.train.labels)
    assert not np.array_equal(first.test.pixels, other.test.pixels)
    assert first.train.pixels.min() == 0
    assert first.train.pixels.max() == 1
    assert set(np.unique(first.train.pixels * 16)) == set(range(17))
    assert np.bincount(first.test.labels).min() >= 34
    assert first.classes == tuple("0123456789")


def test_no_image_is_in_both_parts_of_the_digits():
    found = datasets.load("digits", seed=3)
    rows = [
        np.concatenate([part.pixels.reshape(len(part), -1), part.labels[:, None]], 1)
        for part in (found.train, found.test)
    ]
    from sklearn.datasets import load_digits

    whole = load_digits()
    expected = np.concatenate([whole.data / 16, whole.target[:, None]], 1)
    np.testing.assert_array_equal(np.unique(np.concatenate(rows), axis=0), np.unique(expected, axis=0))
    assert len(rows[0]) + len(rows[1]) == len(expected)


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(EquivalenceError, match=r"pip install 'layer-equivalence\[train\]'"):
        datasets.load("digits")


def test_names_and_folders_that_are_wrong(tmp_path):
    with pytest.raises(UsageError, match="expected digits or cifar10 or cifar100 or mnist"):
        datasets.load("imagenet", tmp_path)
    with pytest.raises(UsageError, match="--data FOLDER"):
        datasets.load("mnist")
    with pytest.raises(UsageError, match="expected none"):
        datasets.load("digits", tmp_path)
    for name in ("mnist", "cifar10"):
        with pytest.raises(UsageError, match="expected a folder, got nothing there"):
            datasets.load(name, tmp_path / "nowhere")
        with pytest.raises(UsageError):
            datasets.load(name, tmp_path)


def test_a_label_below_the_number_of_classes_is_fine():
    require_labels("here", np.array([0, 9]), 10)
    assert len(Images(np.zeros((2, 1, 1, 1)), np.array([0, 1]))) == 2

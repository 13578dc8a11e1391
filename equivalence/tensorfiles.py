"""Named arrays in ``.npz`` and ``.safetensors`` files: nothing is unpickled, and files are written whole."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from equivalence.errors import EquivalenceError, UsageError
from equivalence.inputs import Array
from equivalence.runfile import atomic

Item = TypeVar("Item")

_NUMBERS = "fiubc"
_EXPECTED = "numbers of a format that NumPy has"
_WIDER = "Save bfloat16 and smaller formats as float32, which loses nothing: in PyTorch with .float()."
_DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, OverflowError),
    *(struct.error, zlib.error, zipfile.BadZipFile, SafetensorError),
)
"""What the readers raise for files that are none of theirs; ``RuntimeError`` is an archive that says it is locked."""


def read(path: Path) -> dict[str, Array]:
    """The arrays of a file, by name.

    Raises:
        UsageError: if the file is not there, or its name ends otherwise.
        EquivalenceError: if it holds Python objects, is cut off, or is no such file.
    """
    reader = _by_suffix(path, {".npz": _read_npz, ".safetensors": _read_safetensors})
    try:
        arrays = reader(path)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist") from error
    except _DAMAGE as error:
        what = f"{path} cannot be read as {path.suffix}"
        raise EquivalenceError(f"{what}: {error}", fix="It is cut off, damaged or another kind of file.") from error
    for name, array in arrays.items():
        if array.dtype.kind not in _NUMBERS:
            raise EquivalenceError(f"{name} in {path}", expected=_EXPECTED, got=array.dtype, fix=_WIDER)
    return arrays


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays by name, in the format that the file's name says.

    Raises:
        UsageError: if the name ends otherwise.
        EquivalenceError: if an array cannot be written in that format.
    """
    writer = _by_suffix(path, {".npz": _write_npz, ".safetensors": _write_safetensors})
    try:
        writer(path, arrays)
    except OSError as error:
        raise EquivalenceError(f"{path} cannot be written: {error}") from error


def checked(path: Path) -> Path:
    """The path, if its name says a format that is known.

    Raises:
        UsageError: if it does not.
    """
    return _by_suffix(path, {".npz": path, ".safetensors": path})


def _by_suffix(path: Path, items: Mapping[str, Item]) -> Item:
    if path.suffix not in items:
        raise UsageError(
            str(path), expected=f"a name that ends in {' or '.join(items)}", got=path.suffix or "no ending"
        )
    return items[path.suffix]


def _read_npz(path: Path) -> dict[str, Array]:
    with path.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise ValueError("it is no archive of arrays, as numpy.savez makes one")
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as archive:
            return {name: _member(path, name, partial(archive.__getitem__, name)) for name in archive.files}


def _member(path: Path, name: str, load: Callable[[], Array]) -> Array:
    try:
        array = load()
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise EquivalenceError(
            f"{name} in {path} holds Python objects, which are not loaded: unpickling runs whatever code is in them",
            fix="Save each array under a name of its own: numpy.savez(path, kernel=array, ...).",
        ) from error
    if not isinstance(array, np.ndarray):
        raise EquivalenceError(f"{name} in {path}", expected="an array", got="another kind of file in the archive")
    return array


def _read_safetensors(path: Path) -> dict[str, Array]:
    try:
        return dict(load_file(path))
    except TypeError as error:
        raise EquivalenceError(str(path), expected=_EXPECTED, got=f"others ({error})", fix=_WIDER) from error


def _write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    # numpy.savez takes the names as keywords, and "file" is one of its own.
    with atomic(path) as text, zipfile.ZipFile(text.buffer, "w", allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def _write_safetensors(path: Path, arrays: Mapping[str, Array]) -> None:
    # Not ascontiguousarray, which gives a scalar an axis.
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    try:
        content = save(contiguous)
    except (SafetensorError, ValueError) as error:
        raise EquivalenceError(f"{path} cannot be written: {error}", fix="Write an .npz file.") from error
    with atomic(path) as text:
        text.buffer.write(content)

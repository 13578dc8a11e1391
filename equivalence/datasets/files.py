"""Reading the files of a data set: plain or from an archive, never more of them than they should hold."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from equivalence.errors import EquivalenceError, UsageError

_CHUNK = 1 << 20
_DAMAGED = "It is cut off or damaged: fetch it again."


def require_folder(folder: Path) -> None:
    """Refuse what is no folder.

    Raises:
        UsageError: if it is none.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}", expected="a folder", got="a file" if folder.exists() else "nothing there")


def require_md5(source: str, content: bytes, md5: str) -> None:
    """Compare with the published checksum, which finds damage and does not prove who made the file.

    Raises:
        EquivalenceError: if it is another.
    """
    _compare_md5(source, hashlib.md5(content, usedforsecurity=False).hexdigest(), md5)


def require_file_md5(path: Path, md5: str) -> None:
    """The same for a file that is too long to be kept in memory."""
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise EquivalenceError(f"{path} cannot be read: {error}") from error
    _compare_md5(str(path), found, md5)


def _compare_md5(source: str, found: str, published: str) -> None:
    if found != published:
        raise EquivalenceError(f"the MD5 of {source}", expected=published, got=found, fix=_DAMAGED)


def read_plain(path: Path, limit: int) -> bytes:
    """A file's content.

    Raises:
        UsageError: if it is not there.
        EquivalenceError: if it cannot be read or is longer than ``limit`` bytes.
    """
    try:
        with path.open("rb") as stream:
            return _limited(str(path), stream.read(limit + 1), limit)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist") from error
    except OSError as error:
        raise EquivalenceError(f"{path} cannot be read: {error}") from error


def read_gzip(path: Path, limit: int) -> bytes:
    """The content of a file that is compressed by gzip, whose own checksum is compared at its end.

    Raises:
        UsageError: if it is not there.
        EquivalenceError: if it is cut off, damaged, of another format, or holds more than ``limit`` bytes.
    """
    try:
        with gzip.open(path, "rb") as stream:
            return _limited(str(path), stream.read(limit + 1), limit)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist") from error
    except (OSError, EOFError, zlib.error) as error:
        raise EquivalenceError(f"{path} cannot be read as gzip: {error}", fix=_DAMAGED) from error


def read_archive(path: Path, folder: str, names: Iterable[str], limit: int) -> dict[str, bytes]:
    """Some regular files of a ``.tar.gz``, read into memory: nothing is extracted, so no path in it is followed.

    Args:
        path: the archive.
        folder: the folder in it that holds the files.
        names: of the files; those that are not there are left out.
        limit: of bytes in a file.

    Raises:
        EquivalenceError: if it is cut off, damaged or of another format, or a file is longer, there twice or a link.
    """
    wanted = {f"{folder}/{name}": name for name in names}
    found: dict[str, bytes] = {}
    try:
        with gzip.open(path, "rb") as content, tarfile.open(fileobj=content, mode="r|") as archive:
            for member in archive:
                name = wanted.get(member.name.removeprefix("./"))
                if name is None:
                    continue
                source = f"{member.name} in {path}"
                if name in found:
                    raise EquivalenceError(source, expected="one file of that name", got="a second")
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is None:
                    raise EquivalenceError(source, expected="a regular file", got="a link, a folder or a device")
                found[name] = _limited(source, stream.read(limit + 1), limit)
            # To tarfile a damaged header is the end of the archive; gzip's own checksum comes after the last byte.
            while content.read(_CHUNK):
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise EquivalenceError(f"{path} cannot be read as .tar.gz: {error}", fix=_DAMAGED) from error
    return found


def _limited(source: str, content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise EquivalenceError(source, expected=f"at most {limit} bytes", got="more", fix="It is another kind of file.")
    return content

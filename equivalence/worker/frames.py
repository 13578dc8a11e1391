"""Messages between the suite and a worker: a JSON header and raw arrays. Nothing is pickled in either direction."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from equivalence.inputs import Array

_KINDS = "biufc"
_DTYPE = re.compile(rf"[<>|][{_KINDS}]\d+")


class FrameError(ValueError):
    """A message is not of the protocol's form."""


def send(connection: Connection, header: Mapping[str, Any], arrays: Sequence[Array] = ()) -> None:
    """Send a header and arrays.

    Raises:
        FrameError: if something is not an array of numbers or booleans, or the header not JSON; nothing is sent then.
    """
    for array in arrays:
        if array.dtype.kind not in _KINDS:
            raise FrameError(f"an array of {array.dtype}: expected numbers or booleans")
    contiguous = [np.ascontiguousarray(array) for array in arrays]
    described = [{"dtype": array.dtype.str, "shape": array.shape} for array in arrays]
    try:
        message = json.dumps({"header": header, "arrays": described}).encode()
    except (TypeError, ValueError) as error:
        raise FrameError(f"parameters that cannot be sent: {error}") from error
    connection.send_bytes(message)
    for array in contiguous:
        connection.send_bytes(array.tobytes())


def receive(connection: Connection) -> tuple[dict[str, Any], list[Array]]:
    """Receive a header and arrays.

    Raises:
        FrameError: if what came is no message, or an array's bytes do not fit its dtype and shape.
        EOFError: if the other side is gone.
    """
    try:
        message = json.loads(connection.recv_bytes())
        header, described = dict(message["header"]), list(message["arrays"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FrameError(f"not a message: {error}") from error
    return header, [_array(item, connection.recv_bytes()) for item in described]


def _array(described: Any, content: bytes) -> Array:
    try:
        name, shape = described["dtype"], list(described["shape"])
        if not _DTYPE.fullmatch(name) or not all(type(size) is int and size >= 0 for size in shape):
            raise FrameError(f"not an array of numbers or booleans: {described}")
        dtype = np.dtype(name)
    except (KeyError, TypeError) as error:
        raise FrameError(f"not an array: {described}") from error
    if dtype.itemsize * math.prod(shape) != len(content):
        raise FrameError(f"{len(content)} bytes for shape {shape} of {dtype}")
    return np.frombuffer(content, dtype).reshape(shape)


def tuples(value: Any) -> Any:
    """JSON has lists only; parameters are tuples."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return value

"""The worker's loop: receive a call, run it with the framework's driver, send what came out."""

from __future__ import annotations

import importlib
import json
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from equivalence.binding import Binding
from equivalence.driver import Call, Driver
from equivalence.inputs import Array
from equivalence.worker.frames import receive, send, tuples

_OWN = str(Path(__file__).parent.parent)


def serve(connection: Connection, driver_path: str) -> None:
    """Answer calls until the other side hangs up."""
    try:
        driver: Driver = look_up(driver_path)()
        send(connection, {"versions": driver.versions()})
    except Exception as error:  # noqa: BLE001 - whatever an import raises is the caller's to see
        send(connection, {"error": describe(error)})
        return
    while True:
        try:
            header, arrays = receive(connection)
        except EOFError:
            return
        try:
            send(connection, *_answer(driver, header, arrays))
        except Exception as error:  # noqa: BLE001 - whatever a layer raises is an outcome
            send(connection, {"error": describe(error)})


def _answer(driver: Driver, header: Mapping[str, Any], arrays: Sequence[Array]) -> tuple[dict[str, Any], list[Array]]:
    split = len(header["arguments"])
    function, parameters = _function(header["target"], tuples(header["parameters"]))
    call = Call(
        key=json.dumps([header["key"], parameters], sort_keys=True),
        function=function,
        arrays=dict(zip(header["arguments"], arrays[:split], strict=True)),
        keywords=header["keywords"],
        parameters=parameters,
        outputs=tuple(header["outputs"]),
        wrt=tuple(header["wrt"]),
        cotangents=dict(zip(header["cotangents"], arrays[split:], strict=True)),
        dtype=header["dtype"],
    )
    result = driver.run(call)
    names = {"outputs": list(result.outputs), "gradients": list(result.gradients)}
    return names, [*result.outputs.values(), *result.gradients.values()]


def _function(target: Mapping[str, Any], parameters: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What to call, and the keyword arguments it accepts: a port's function takes those it knows, others take all."""
    if "file" in target:
        from equivalence.portfile import accepted, layer_function  # noqa: PLC0415 - only ports need it

        function = layer_function(target)
        return function, accepted(function, parameters)
    found = look_up(target["object"])
    return (found.call if isinstance(found, Binding) else found), parameters


def look_up(path: str) -> Any:
    """The object at ``module:attribute``."""
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def describe(error: BaseException) -> dict[str, str]:
    """An exception as data: type, message, the traceback without the suite's own frames, and the user's line.

    The user's line is the innermost that is not inside an installed package.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_OWN)]
    users = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_list(frames)) + "".join(traceback.format_exception_only(error)),
        "line": f"{users[-1].filename}:{users[-1].lineno}" if users else "",
    }

"""The worker's loop: receive a call, run it with the framework's driver, send what came out."""

from __future__ import annotations

import importlib
import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from equivalence.binding import Binding
from equivalence.driver import Call, Driver, Result
from equivalence.errors import PortError
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
    try:
        if header["target"].get("part", {}).get("anatomy"):
            return {"effects": _anatomy(driver, header["target"], arrays)}, []
        if header["target"].get("part", {}).get("weights"):
            held = _weights(driver, header["target"])
            return {"outputs": list(held)}, list(held.values())
        call = _call(driver, header, arrays)
        result = driver.run(call)
        effects = {**_dtypes(result), **({} if not call.effects else _side_effects(driver, call, result))}
    except PortError as error:
        if "where" not in header["target"]:
            raise
        raise PortError(
            f"{header['target']['where']}: {error.what}", expected=error.expected, got=error.got, fix=error.fix
        ) from error
    names = {
        "outputs": list(result.outputs),
        "gradients": list(result.gradients),
        "effects": {"state": [], **effects, **result.effects},
    }
    return names, [*result.outputs.values(), *result.gradients.values()]


def _call(driver: Driver, header: Mapping[str, Any], arrays: Sequence[Array]) -> Call:
    remaining = iter(arrays)
    given = {name: next(remaining) for name in header["arguments"]}
    cotangents = {name: next(remaining) for name in header["cotangents"]}
    earlier = tuple({name: next(remaining) for name in batch} for batch in header.get("earlier", ()))
    drawn = tuple(header.get("drawn", ()))
    inputs = [header["keywords"].get(name, name) for name in given if name not in drawn]
    objects = getattr(driver, "objects", {})
    if "part" in header["target"]:
        from equivalence.worker import parts  # noqa: PLC0415 - only models need it

        function = parts.take(driver, _model(header["target"]), header["target"]["part"])
        parameters: dict[str, Any] = {}
    else:
        function, parameters = _function(header["target"], tuples(header["parameters"]), inputs, objects)
    call = Call(
        key=json.dumps([header["key"], parameters], sort_keys=True),
        function=function,
        arrays=given,
        keywords=header["keywords"],
        parameters=parameters,
        outputs=tuple(header["outputs"]),
        wrt=tuple(header["wrt"]),
        cotangents=cotangents,
        dtype=header["dtype"],
        own_outputs=header.get("own_outputs", {}),
        drawn=drawn,
        training=header.get("training", False),
        earlier=earlier,
        effects=header.get("effects", False),
        port="file" in header["target"],
    )
    return call if isinstance(function, tuple(objects)) else _after_earlier(driver, _as_function(call))


def _model(target: Mapping[str, Any]) -> Any:
    from equivalence.portfile import layer_function  # noqa: PLC0415 - only ports need it

    part = target["part"]
    return layer_function(target, part["inputs"], {"sizes": part["sizes"]})


def _anatomy(driver: Driver, target: Mapping[str, Any], arrays: Sequence[Array]) -> dict[str, Any]:
    from equivalence.worker import parts  # noqa: PLC0415 - only models need it

    return parts.anatomy(driver, _model(target), target["part"], arrays)


def _weights(driver: Driver, target: Mapping[str, Any]) -> dict[str, Array]:
    from equivalence.worker import parts  # noqa: PLC0415 - only models need it

    return parts.weights(driver, _model(target), target["part"])


def _as_function(call: Call) -> Call:
    """A function has nothing but its arguments.

    Raises:
        PortError: if the call asks for what only an object has.
    """
    for asked, what in ((call.drawn, f"parameters={list(call.drawn)}"), (call.training, "training=True")):
        if asked:
            raise PortError(
                what,
                expected="an object of the framework's that holds its parameters",
                got=f"{type(call.function).__name__} {getattr(call.function, '__name__', '')}".strip(),
                fix="A function has none: list everything it takes in inputs=.",
            )
    return call


def _after_earlier(driver: Driver, call: Call) -> Call:
    """Make a function's earlier calls; what has the name of an output then holds what the last of them gave."""
    kept = {name: call.arrays[name] for name in call.arrays if name in call.outputs}
    for batch in call.earlier:
        outputs = driver.run(_plain(replace(call, arrays={**call.arrays, **batch, **kept}))).outputs
        kept = {name: outputs[name].astype(array.dtype) for name, array in kept.items()}
    return replace(call, arrays={**call.arrays, **kept}, earlier=())


def _plain(call: Call) -> Call:
    return replace(call, wrt=(), cotangents={}, effects=False)


def _dtypes(result: Result) -> dict[str, Any]:
    return {"dtypes": {name: array.dtype.name for name, array in result.outputs.items()}}


def _side_effects(driver: Driver, call: Call, result: Result) -> dict[str, Any]:
    plain = _plain(call)
    # With gradients, a framework may take another path, which rounds otherwise.
    first = driver.run(plain) if call.cotangents else result
    again = driver.run(plain)
    changing = [name for name, array in first.outputs.items() if again.outputs[name].tobytes() != array.tobytes()]
    return {"mutated": [], "unrepeatable": changing, "degenerate": []}


def _function(
    target: Mapping[str, Any], parameters: dict[str, Any], inputs: Sequence[str], objects: Mapping[type, str]
) -> tuple[Any, dict[str, Any]]:
    """What to call, and the keyword arguments it accepts: a port's layer takes those it knows, others take all."""
    if "file" in target:
        from equivalence.portfile import accepted, layer_function  # noqa: PLC0415 - only ports need it

        function = layer_function(target, inputs, parameters)
        method = next((name for kind, name in objects.items() if isinstance(function, kind)), "")
        return function, accepted(getattr(function, method) if method else function, parameters, named=bool(method))
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

"""Port files: ordinary Python that declares ports. Loaded by the suite, and again in each layer's worker."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from equivalence.errors import PortError
from equivalence.model import ModelPort, Segment
from equivalence.port import Layer, Port


@cache
def load_file(path: Path) -> ModuleType:
    """Execute a Python file as a module of its own; its folder is importable, as when it is run.

    Raises:
        PortError: if it cannot be executed.
    """
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    # Files of one name in two folders are two modules.
    name = f"equivalence_file_{path.stem}_{zlib.crc32(str(path).encode()):08x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PortError(f"{path}", expected="a Python file", got=path.suffix or "no ending")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except PortError:
        raise
    except Exception as error:
        raise PortError(
            f"{path} cannot be loaded: {type(error).__name__}: {error}",
            fix="Import frameworks inside the functions, or name a layer that only its own stack can import as "
            "'file.py:function'.",
        ) from error
    return module


def ports(path: Path) -> dict[str, Port]:
    """The ports of a file by name.

    Raises:
        PortError: if there is none, or two share a name.
    """
    found = {name: value for name, value in declared(path).items() if isinstance(value, Port)}
    if not found:
        raise _nothing(path)
    return found


def declared(path: Path) -> dict[str, Port | ModelPort]:
    """The ports of a file, of layers and of whole models, by name, in order.

    Raises:
        PortError: if there is none, or two share a name.
    """
    found: dict[str, Port | ModelPort] = {}
    for variable, value in vars(load_file(path.resolve())).items():
        if not isinstance(value, (Port, ModelPort)):
            continue
        name = value.name or variable
        if name in found and found[name] is not value:
            raise PortError(value.say("Port"), expected="a name no other port has", got=repr(name))
        found.setdefault(name, value)
    if not found:
        raise _nothing(path)
    return found


def _nothing(path: Path) -> PortError:
    return PortError(
        f"{path} declares no port", fix="Declare one: my_layer = Port(original=Layer(...), ported=Layer(...))."
    )


def variable(port: Port | ModelPort) -> str:
    """The name of the variable that holds a port, in whatever module does; for a port in none, that of its original."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == port.where[0]:
            for name, value in vars(module).items():
                if value is port:
                    return name
    if isinstance(port, ModelPort):
        return "model"
    found: str = target(port, "original")["function"]
    return found


def target(port: Port, side: str) -> dict[str, Any]:
    """How a worker finds a layer's function or object: by the port's variable, or by its own name, in its file.

    Raises:
        PortError: if it is local, so that no other process can find it.
    """
    layer: Layer = getattr(port, side)
    where: dict[str, Any] = {"where": layer.say(f"{side} layer")}
    whole: Port | ModelPort = port
    if isinstance(layer, Segment):
        where["part"], whole = dict(layer.part), layer.whole
    if isinstance(layer.function, str):
        file, _, name = layer.function.rpartition(":")
        path = (Path(port.where[0]).parent / file).resolve()
        if not path.is_file():
            raise PortError(
                port.say(f"{side} layer"), expected=f"a file {path.name} beside the port file", got=layer.function
            )
        return {"file": str(path), "function": name, **where}
    homes = [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == port.where[0]]
    variables = [item for home in homes for item in vars(home).items()]
    for variable, value in variables:
        if value is whole:
            return {"file": port.where[0], "port": variable, "side": side, **where}
    for variable, value in variables:
        if value is layer.function:
            return {"file": port.where[0], "function": variable, **where}
    unwrapped = inspect.unwrap(layer.function)
    name = getattr(unwrapped, "__qualname__", "")
    source = inspect.getsourcefile(unwrapped) if inspect.isfunction(unwrapped) else None
    if source is None or "<" in name or "." in name:
        raise PortError(
            port.say(f"{side} layer"),
            expected="a function, an object or a port at the top level of a file, which its own process can load",
            got=name or type(layer.function).__name__,
            fix="Move the function, or the Port, to the top level.",
        )
    return {"file": source, "function": name, **where}


def layer_function(
    found: Mapping[str, Any], inputs: Sequence[str] = (), offered: Mapping[str, Any] | None = None
) -> Any:
    """The function or object that :func:`target` described, in a worker.

    A function that takes none of the layer's inputs makes the object: it is called once for each set of what it accepts
    of ``offered``.

    Args:
        found: what :func:`target` gave.
        inputs: the layer's own names of its inputs.
        offered: the sizes and the port's parameters.
    """
    path = Path(found["file"])
    module = load_file(path)
    if "function" not in found:
        function = getattr(getattr(module, found["port"]), found["side"]).function
    elif hasattr(module, found["function"]):
        function = getattr(module, found["function"])
    else:
        raise PortError(
            f"{path.name}", expected=f"a function or an object {found['function']!r} at the top level", got="none"
        )
    if not inputs or not _makes_an_object(function, inputs, offered or {}):
        return function
    made = _made(function, accepted(function, offered or {}))
    if not callable(made) and not isinstance(made, (list, tuple)):
        raise PortError(
            getattr(function, "__name__", "function"),
            expected=f"the inputs {', '.join(inputs)} as arguments, or none and a layer as result",
            got=type(made).__name__,
        )
    return made


def _makes_an_object(function: Any, inputs: Sequence[str], offered: Mapping[str, Any]) -> bool:
    parameters = _signature(function)
    return parameters is not None and all(
        p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
        and p.name not in inputs
        and (p.name in offered or p.default is not p.empty)
        for p in parameters
    )


_OBJECTS: OrderedDict[tuple[Any, str], Any] = OrderedDict()
"""What functions have made, by function and arguments, the last used last."""

_OBJECTS_KEPT = 16


def _made(function: Any, keywords: Mapping[str, Any]) -> Any:
    key = (function, json.dumps(keywords, sort_keys=True))
    if key not in _OBJECTS:
        _OBJECTS[key] = function(**keywords)
    _OBJECTS.move_to_end(key)
    while len(_OBJECTS) > _OBJECTS_KEPT:
        _OBJECTS.popitem(last=False)
    return _OBJECTS[key]


def accepted(function: Any, offered: Mapping[str, Any], *, named: bool = False) -> dict[str, Any]:
    """Those of the offered keyword arguments that a function accepts.

    Args:
        function: what is called; one that does not say what it accepts gets none.
        offered: the arguments.
        named: only those it names, not those that ``**keywords`` would take.
    """
    parameters = _signature(function) or []
    if not named and any(p.kind is p.VAR_KEYWORD for p in parameters):
        return dict(offered)
    known = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return {name: value for name, value in offered.items() if name in known}


def _signature(function: Any) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        # Compiled functions, such as torch.relu, do not say.
        return None

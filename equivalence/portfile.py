"""Port files: ordinary Python that declares ports. Loaded by the suite, and again in each layer's worker."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from equivalence.errors import PortError
from equivalence.port import Layer, Port


@cache
def load_file(path: Path) -> ModuleType:
    """Execute a Python file as a module of its own; its folder is importable, as when it is run.

    Raises:
        PortError: if it cannot be executed.
    """
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(f"equivalence_file_{path.stem}", path)
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
    found: dict[str, Port] = {}
    for variable, value in vars(load_file(path.resolve())).items():
        if not isinstance(value, Port):
            continue
        name = value.name or variable
        if name in found and found[name] is not value:
            raise PortError(value.say("Port"), expected="a name no other port has", got=repr(name))
        found.setdefault(name, value)
    if not found:
        raise PortError(
            f"{path} declares no port", fix="Declare one: my_layer = Port(original=Layer(...), ported=Layer(...))."
        )
    return found


def target(port: Port, side: str) -> dict[str, str]:
    """How a worker finds a layer's function: by the port's variable, or by the function's name, in its file.

    Raises:
        PortError: if the function is local, so that no other process can find it.
    """
    layer: Layer = getattr(port, side)
    if isinstance(layer.function, str):
        file, _, name = layer.function.rpartition(":")
        path = (Path(port.where[0]).parent / file).resolve()
        if not path.is_file():
            raise PortError(
                port.say(f"{side} layer"), expected=f"a file {path.name} beside the port file", got=layer.function
            )
        return {"file": str(path), "function": name}
    homes = [module for module in list(sys.modules.values()) if getattr(module, "__file__", None) == port.where[0]]
    for variable, value in (item for home in homes for item in vars(home).items()):
        if value is port:
            return {"file": port.where[0], "port": variable, "side": side}
    unwrapped = inspect.unwrap(layer.function)
    name = getattr(unwrapped, "__qualname__", "")
    source = inspect.getsourcefile(unwrapped) if inspect.isfunction(unwrapped) else None
    if source is None or "<" in name or "." in name:
        raise PortError(
            port.say(f"{side} layer"),
            expected="a function or a port at the top level of a file, which the layer's own process can load",
            got=name or type(layer.function).__name__,
            fix="Move the function, or the Port, to the top level.",
        )
    return {"file": source, "function": name}


def layer_function(found: Mapping[str, Any]) -> Any:
    """The function that :func:`target` described, in a worker."""
    path = Path(found["file"])
    module = load_file(path)
    if "function" in found:
        if not hasattr(module, found["function"]):
            raise PortError(f"{path.name}", expected=f"a function {found['function']!r} at the top level", got="none")
        return getattr(module, found["function"])
    return getattr(getattr(module, found["port"]), found["side"]).function


def accepted(function: Any, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the offered keyword arguments that a function accepts."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return dict(offered)
    known = {p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY}
    return {name: value for name, value in offered.items() if name in known}

"""A result as a JSON file: written whole or not at all, and read back only if it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from equivalence.errors import UsageError
from equivalence.power.results import SCHEMA, How, Mutant, Power, Status
from equivalence.runfile import atomic

_WRITE = "Write one with: equivalence power --json POWER.json"

_DERIVED = ("score", "killed", "all", "refused", "equivalent", "operations")
"""What follows from the mutants. A file that says otherwise was changed, or put together from two."""


def write_power(path: Path, power: Power) -> None:
    """Write a result; the file appears whole or not at all."""
    with atomic(path) as stream:
        json.dump(power.to_json(), stream, indent=1)


def read_power(path: Path) -> Power:
    """Read a result.

    Raises:
        UsageError: if the file is not a result, is cut off, or contradicts itself.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a power result: {error}", fix=_WRITE) from error
    if not isinstance(data, Mapping):
        raise UsageError(f"{path} is not a power result", expected="an object", got=type(data).__name__, fix=_WRITE)
    frame = data.get("kind"), data.get("schema")
    if frame != ("power", SCHEMA):
        raise UsageError(f"{path} is not a power result", expected=("power", SCHEMA), got=frame, fix=_WRITE)
    try:
        power = _power(data)
        stated = {name: data[name] for name in _DERIVED}
    except KeyError as error:
        raise UsageError(f"{path} is not a whole power result: there is no {error}", fix=_WRITE) from error
    except TypeError as error:
        raise UsageError(f"{path} is not a power result: {error}", fix=_WRITE) from error
    derived = power.to_json()
    for name, value in stated.items():
        if value != derived[name]:
            what = f"{path} contradicts itself: {name} does not follow from its mutants"
            raise UsageError(what, expected=derived[name], got=value, fix=_WRITE)
    return power


def _power(data: Mapping[str, Any]) -> Power:
    commit = data["commit"]
    return Power(
        tuple(_mutant(line) for line in _typed(data, "mutants", list)),
        {name: _typed(data["absent"], name, str) for name in _typed(data, "absent", dict)},
        seed=_typed(data, "seed", int),
        version=_typed(data, "version", str),
        commit=commit if commit is None else _typed(data, "commit", str),
        created=_typed(data, "created", str),
    )


def _mutant(line: Any) -> Mutant:
    if not isinstance(line, Mapping):
        raise TypeError(f"a mutant is {line!r}")
    others: dict[str, type] = {"of": list, "attempts": int}
    words = Mutant.__dataclass_fields__.keys() - {"status", "how", *others}
    values = {name: _typed(line, name, kind) for name, kind in {**dict.fromkeys(words, str), **others}.items()}
    for name, allowed in (("status", get_args(Status)), ("how", (*get_args(How), None))):
        if (value := line[name]) not in allowed:
            raise TypeError(f"{name} is {value!r}, expected one of {allowed}")
        values[name] = value
    if not all(isinstance(item, str) for item in values["of"]):
        raise TypeError(f"of is {values['of']!r}, expected strings")
    return Mutant(**{**values, "of": tuple(values["of"])})


def _typed(data: Mapping[str, Any], name: str, kind: type) -> Any:
    value = data[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, expected {kind.__name__}")
    return value

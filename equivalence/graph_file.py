"""The JSON file of ``equivalence networks``: written whole or not at all, and read back only if it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from equivalence.comparison import jsonable
from equivalence.errors import UsageError
from equivalence.graph_judging import Compared
from equivalence.runfile import atomic

SCHEMA = 1
"""The version of the format."""

_WRITE = "Write one with: equivalence networks --json NETWORKS.json"


def document(header: Mapping[str, Any], compared: Sequence[Compared], *, complete: bool = True) -> dict[str, Any]:
    """What the file holds, as ``networks.schema.json`` has it.

    Args:
        header: as :func:`equivalence.session.header` makes it.
        compared: each network's cases.
        complete: whether all that was asked for is there.
    """
    kept = {name: header[name] for name in ("seed", "commit", "created", "versions", "absent")}
    found: dict[str, Any] = jsonable(kept)
    networks = [one.to_json() for one in compared]
    return {"kind": "networks", "schema": SCHEMA, **found, "complete": complete, "networks": networks}


def write_networks(path: Path, given: Mapping[str, Any]) -> None:
    """Write a :func:`document`; the file appears whole or not at all."""
    with atomic(path) as stream:
        json.dump(given, stream)


def read_networks(path: Path) -> dict[str, Any]:
    """Read a document.

    Raises:
        UsageError: if the file is not one, or is cut off.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a result of networks: {error}", fix=_WRITE) from error
    frame = (data.get("kind"), data.get("schema")) if isinstance(data, Mapping) else type(data).__name__
    if frame != ("networks", SCHEMA):
        raise UsageError(f"{path} is not a result of networks", expected=("networks", SCHEMA), got=frame, fix=_WRITE)
    return dict(data)

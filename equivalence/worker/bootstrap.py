"""The script a worker's interpreter runs: makes the suite's sources importable, then serves.

A stack holds a framework and nothing of ours. The named top-level packages, and no others, are found where the suite
runs them from, so both sides always run the same sources, and the stack never sees the suite's other packages.
"""

from __future__ import annotations

import json
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from multiprocessing.connection import Connection
from typing import Any


class _Sources(MetaPathFinder):
    def __init__(self, folders: dict[str, str]) -> None:
        self._folders = folders

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if path is None and name in self._folders:
            return PathFinder.find_spec(name, [self._folders[name]], target)
        return None


def main() -> None:
    """Take the connection's file descriptor, the driver and the packages' folders from the command line."""
    settings = json.loads(sys.argv[1])
    sys.argv[1:] = []
    sys.meta_path.insert(0, _Sources(settings["packages"]))
    from equivalence.worker.serve import serve  # noqa: PLC0415 - the finder above makes it importable

    serve(Connection(settings["descriptor"]), settings["driver"])


if __name__ == "__main__":
    main()

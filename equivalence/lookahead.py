"""Evaluating cells a little ahead of who asks for them, so that no worker waits for another's comparison."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from equivalence.engine import Engine
    from equivalence.matrix import Cell
    from equivalence.outcome import Outcome

_AHEAD = 4
_KEPT = 16

Key = tuple[str, ...]


def identity(cell: Cell) -> Key:
    """What tells a cell from every other: two tests may compare other participants on the same case."""
    return *cell.key, *(participant.name for participant in cell.participants)


class Lookahead:
    """Outcomes of cells, asked for in about the order given.

    Args:
        engine: what evaluates them.
        order: the cells in the order in which they will be asked for, as far as that is known.
        ahead: how many cells beyond the one asked for are started.
    """

    def __init__(self, engine: Engine, order: Sequence[Cell], ahead: int = _AHEAD) -> None:
        self._engine, self._order, self._ahead = engine, order, ahead
        self._position = {identity(cell): index for index, cell in enumerate(order)}
        self._threads = ThreadPoolExecutor(ahead + 1, "cells")
        self._started: dict[Key, Future[list[Outcome]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.close(kill=kind is not None)

    def outcomes(self, cell: Cell) -> list[Outcome]:
        """Every comparison of a cell; waits for it, and starts those after it."""
        index = self._position.get(identity(cell))
        following = [] if index is None else self._order[index : index + 1 + self._ahead]
        for item in [cell, *following]:
            if identity(item) not in self._started:
                self._started[identity(item)] = self._threads.submit(self._engine.outcomes, item)
        result = self._started[identity(cell)].result()
        while len(self._started) > _KEPT + self._ahead:
            del self._started[next(iter(self._started))]
        return result

    def close(self, *, kill: bool = False) -> None:
        """Drop what was not asked for; with ``kill``, stop the workers in the middle of a call."""
        if kill:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._engine.pool.close(kill=True)
        self._threads.shutdown(wait=True, cancel_futures=True)

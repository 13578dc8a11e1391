"""Cells are evaluated ahead of who asks, each once, and in no other order than is asked for."""

import threading
import time
from dataclasses import replace

import pytest

from equivalence import registry
from equivalence.lookahead import Lookahead
from equivalence.matrix import plan


class Recording:
    """What an engine is to a lookahead: it notes which cells are evaluated, by how many threads, and may be held."""

    def __init__(self):
        self.evaluated, self.closed, self.gate = [], [], threading.Event()
        self.gate.set()
        self.pool = self
        self._lock, self._running, self.most = threading.Lock(), 0, 0

    def outcomes(self, cell):
        with self._lock:
            self.evaluated.append(cell.key)
            self._running += 1
            self.most = max(self.most, self._running)
        assert self.gate.wait(30)
        with self._lock:
            self._running -= 1
        if cell.case.id == "one_axis":
            raise ValueError(cell.key)
        return [(*cell.key, *(participant.name for participant in cell.participants))]

    def close(self, *, kill):
        self.closed.append(kill)
        self.gate.set()


@pytest.fixture
def engine():
    return Recording()


@pytest.fixture(scope="module")
def cells():
    found = plan(registry.load(), operations=["conv2d", "dense"], frameworks=["numpy", "torch"]).cells
    assert len(found) > 30
    return found


def names(cell):
    return [(*cell.key, *(participant.name for participant in cell.participants))]


def until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)
    return condition()


def test_outcomes_come_in_order_and_every_cell_is_evaluated_once(engine, cells):
    with Lookahead(engine, cells) as ahead:
        assert [ahead.outcomes(cell) for cell in cells] == [names(cell) for cell in cells]
    assert sorted(engine.evaluated) == sorted(cell.key for cell in cells)


def test_cells_beyond_the_one_asked_for_are_started(engine, cells):
    with Lookahead(engine, cells, ahead=3) as ahead:
        ahead.outcomes(cells[0])
        assert until(lambda: len(engine.evaluated) == 4)
        ahead.outcomes(cells[1])
        assert until(lambda: len(engine.evaluated) == 5)
    assert set(engine.evaluated) == {cell.key for cell in cells[:5]}


def test_several_are_evaluated_at_the_same_time(engine, cells):
    engine.gate.clear()
    with Lookahead(engine, cells, ahead=3) as ahead:
        asking = threading.Thread(target=ahead.outcomes, args=(cells[0],))
        asking.start()
        assert until(lambda: engine.most == 4)
        engine.gate.set()
        asking.join(10)


def test_without_lookahead_only_what_is_asked_for_is_evaluated(engine, cells):
    with Lookahead(engine, cells, ahead=0) as ahead:
        for cell in cells[4::7]:
            ahead.outcomes(cell)
    assert engine.evaluated == [cell.key for cell in cells[4::7]]


def test_asking_again_soon_evaluates_nothing_again(engine, cells):
    with Lookahead(engine, cells[:6]) as ahead:
        for cell in [*cells[:6], *cells[:6]]:
            assert ahead.outcomes(cell) == names(cell)
    assert len(engine.evaluated) == 6


def test_asking_again_for_what_is_long_gone_evaluates_again(engine, cells):
    with Lookahead(engine, cells, ahead=0) as ahead:
        for cell in cells:
            ahead.outcomes(cell)
        assert ahead.outcomes(cells[0]) == names(cells[0])
        assert len(ahead._started) < len(cells)
    assert engine.evaluated.count(cells[0].key) == 2


def test_a_cell_that_nobody_announced_is_evaluated_too(engine, cells):
    with Lookahead(engine, cells[:2]) as ahead:
        assert ahead.outcomes(cells[10]) == names(cells[10])
    assert engine.evaluated == [cells[10].key]


def test_the_same_case_with_other_participants_is_another_cell(engine, cells):
    swapped = replace(cells[0], participants=cells[0].participants[::-1])
    for order in [cells, [cells[0], swapped]]:
        with Lookahead(engine, order) as ahead:
            assert ahead.outcomes(cells[0]) == names(cells[0])
            assert ahead.outcomes(swapped) == names(swapped) != names(cells[0])


def test_what_is_raised_is_raised_to_who_asks_for_that_cell(engine):
    nin = plan(registry.load(), operations=["nin"], cases=["no_axes", "one_axis", "three_axes"]).cells
    with Lookahead(engine, nin) as ahead:
        for cell in nin:
            if cell.case.id == "one_axis":
                with pytest.raises(ValueError, match="one_axis"):
                    ahead.outcomes(cell)
            else:
                assert ahead.outcomes(cell) == names(cell)


def test_closing_drops_what_was_not_asked_for_and_leaves_the_workers(engine, cells):
    with Lookahead(engine, cells):
        pass
    assert engine.evaluated == []
    assert engine.closed == []


def test_an_exception_stops_the_workers_in_the_middle_of_a_call(engine, cells):
    def interrupted():
        with Lookahead(engine, cells) as ahead:
            engine.gate.clear()
            ahead._threads.submit(engine.outcomes, cells[0])
            assert until(lambda: engine.evaluated)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert engine.closed == [True]

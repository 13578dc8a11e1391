"""What the suite costs beside what it runs, as ratios against a peer that is timed in the same round.

Run it with the main environment's interpreter: ``make bench``. A ratio says more than a time: the peer is as slow as
the machine is at that moment. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from equivalence import registry
from equivalence.engine import Engine, launch, packages, random_cotangents, request_for
from equivalence.inputs import Array
from equivalence.judging import cast
from equivalence.matrix import Cell
from equivalence.operation import Case, Operation, case
from equivalence.pool import Pool

ROUNDS = 9
DTYPE = "float32"
COMMAND = Path(sys.executable).with_name("equivalence")

Action = Callable[[], object]
Subject = tuple[str, str, Action, Action]
"""What is measured, its peer in words, and the two to be timed."""

SMALL = case("small", {"n": 2, "c": 3, "h": 7, "w": 6, "o": 4, "p": 3, "q": 3})
LARGE = case("large", {"n": 16, "c": 32, "h": 32, "w": 32, "o": 32, "p": 3, "q": 3})


def main() -> None:
    """Measure and print the table."""
    torch.set_num_threads(1)  # as in a worker
    known = registry.load()
    rows = list(map(measured, startups()))
    with Pool(packages(known)) as pool:
        engine = Engine(known, pool)
        rows += [measured(subject) for size in (SMALL, LARGE) for subject in convolutions(engine, size)]
    print_table(rows)


def startups() -> Iterable[Subject]:
    """Starting the command line, and importing the package."""
    numpy = started(sys.executable, "-c", "import numpy")
    yield "equivalence --help", "python -c 'import numpy'", started(str(COMMAND), "--help"), numpy
    bare = started(sys.executable, "-c", "pass")
    yield "import equivalence", "python -c pass", started(sys.executable, "-c", "import equivalence"), bare


def convolutions(engine: Engine, size: Case) -> Iterable[Subject]:
    """One conv2d with its three gradients: the call in PyTorch's worker, and the comparison with the reference."""
    operation = engine.registry.operation("conv2d")
    sides = [p for p in engine.registry.participants(operation) if p.name in {"numpy", "torch"}]
    cell = Cell(operation, size, DTYPE, tuple(sides))
    arrays = {name: cast(array, DTYPE) for name, array in operation.draw(size).items()}
    cotangents = random_cotangents(operation.forward(arrays, operation.settings(size)), DTYPE, 0)
    [ours] = [p for p in sides if p.name == "torch"]
    request = request_for(cell, ours.binding, arrays, cotangents)
    direct = directly(arrays, cotangents["output"])
    words = f"conv2d {shape(operation, size)}"
    peer = "the same in torch, in-process"
    yield f"{words}, call in a worker", peer, lambda: engine.pool.submit(launch(ours.adapter), request).result(), direct
    yield f"{words}, comparison with the reference", peer, lambda: engine.outcomes(cell), direct


def shape(operation: Operation, size: Case) -> str:
    """The sizes in words."""
    return " ".join(f"{letter}={size.sizes[letter]}" for letter in operation.inputs["x"].axes.split())


def directly(arrays: dict[str, Array], cotangent: Array) -> Action:
    """What a person would write: PyTorch's own call, and its gradients."""

    def run() -> object:
        tensors = {name: torch.from_numpy(array).requires_grad_() for name, array in arrays.items()}
        output = torch.nn.functional.conv2d(tensors["x"], tensors["weight"], tensors["bias"])
        return torch.autograd.grad(output, list(tensors.values()), torch.from_numpy(cotangent))

    return run


def started(*command: str) -> Action:
    """Running a command to its end."""
    return lambda: subprocess.run(command, check=True, capture_output=True)


def measured(subject: Subject) -> tuple[str, str, float, float, float]:
    """Medians over the rounds: milliseconds of the subject, of its peer, and their ratio within a round."""
    what, peer, mine, other = subject
    mine(), other()  # the first call imports, compiles and warms up
    pairs = [(timed(mine), timed(other)) for _ in range(ROUNDS)]
    ratio = statistics.median(one / two for one, two in pairs)
    return what, peer, statistics.median(one for one, _ in pairs), statistics.median(two for _, two in pairs), ratio


def timed(action: Action) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - begin)


def print_table(rows: Iterable[tuple[str, str, float, float, float]]) -> None:
    """Print one line for each measurement."""
    print(f"Medians of {ROUNDS} rounds, milliseconds; ratio: median over the rounds of the one over the other.\n")
    print(f"{'measured':58} {'against':30} {'ms':>9} {'peer ms':>9} {'ratio':>7}")
    for what, peer, mine, other, ratio in rows:
        print(f"{what:58} {peer:30} {mine:9.2f} {other:9.2f} {ratio:7.1f}")


if __name__ == "__main__":
    main()

"""Computing claims: each in every framework, all frameworks at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from equivalence.claim import Claim
from equivalence.claims.bench import Bench, UnableError
from equivalence.claims.results import Evidence, Finding, finding, judged
from equivalence.engine import Engine


def compute(engine: Engine, claims: Sequence[Claim]) -> Iterator[Finding]:
    """The findings of these claims, in their order; the frameworks go through the claims at their own pace."""
    benches = [Bench(engine, adapter) for adapter in engine.registry.adapters.values()]
    with ThreadPoolExecutor(max(1, len(benches))) as threads:
        # One framework's claims are queued one after the other, so that each worker is busy and none is crowded.
        turns = [[_turn(bench, declared) for declared in claims] for bench in benches]
        running = [threads.submit(lambda todo: [turn() for turn in todo], row) for row in turns]
        answers = [future.result() for future in running]
    for place, declared in enumerate(claims):
        yield finding(declared, [row[place] for row in answers])


def _turn(bench: Bench, declared: Claim) -> Callable[[], Evidence]:
    def turn() -> Evidence:
        try:
            return judged(bench.name, list(declared.compute(bench)))
        except UnableError as error:
            return Evidence(bench.name, "unable", reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a claim's function or a framework raises is its outcome
            return Evidence(bench.name, "error", reason=f"{type(error).__name__}: {error}")

    return turn

"""``equivalence check``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.text import Text

from equivalence import examplefile, portfile, registry, tensorfiles
from equivalence.answer import SCHEMA, PortOutcome
from equivalence.binding import DTYPES
from equivalence.checking import Checker, Progress
from equivalence.engine import packages
from equivalence.errors import EquivalenceError, UsageError
from equivalence.model import ModelPort
from equivalence.modelling.telling import ModelOutcome
from equivalence.outcome import EXIT_INTERRUPTED, exit_status
from equivalence.pool import CALL_LIMIT, Pool
from equivalence.port import Port
from equivalence.report.annotations import annotation, title, wanted
from equivalence.report.ports import headline, markdown_ports, write_port_report
from equivalence.runfile import atomic

console = Console()
progress_console = Console(stderr=True)
_COLOURS = {"equal": "green", "different": "red", "error": "red", "undecided": "yellow", "skipped": "yellow"}
_STYLES = {
    r"(?m)^  [a-z-]+(\.[a-z-]+)? \(\d+ %\)": "bold",
    r"(?m)^    fix: .*(\n         .*)*": "cyan",
    r"(?m)^  (warning|left out): ": "yellow",
    r"(?m)^  (reproduce|on the smallest failing input alone): .*": "dim",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is written besides what is printed."""

    json_path: Path | None
    report: Path | None
    summary: Path | None
    save: Path | None


def check(
    *,
    file: Path,
    only: Sequence[str],
    seed: int,
    dtypes: Sequence[str],
    timeout: float | None,
    jobs: int | None,
    annotations: bool,
    given: Path | None = None,
    **files: Path | None,
) -> int:
    """Check the ports of a file, print the answers, write what was asked for; return the exit status."""
    chosen = _chosen(portfile.declared(file), only)
    if given is not None and len(chosen) > 1:
        raise UsageError("--input", expected="one port", got=", ".join(chosen), fix="Name it: --only NAME.")
    known = registry.load()
    asked = Wanted(**files)
    outcomes: list[PortOutcome] = []
    interrupted = False
    with Pool(packages(known), limit=timeout or CALL_LIMIT, jobs=jobs) as pool:
        try:
            for outcome in _answers(Checker(known, pool, seed, dtypes or DTYPES), chosen, given):
                outcomes.append(examplefile.save(outcome, asked.save) if asked.save else outcome)
                _print(outcomes[-1])
        except KeyboardInterrupt:
            interrupted = True
            pool.close(kill=True)
        except EquivalenceError:
            # A port that cannot be checked must not take the answers on the others with it.
            _tell(outcomes, chosen, asked, annotations=annotations)
            raise
    _tell(outcomes, chosen, asked, annotations=annotations)
    if interrupted:
        progress_console.print("Interrupted: the finished answers are kept.", style="yellow")
        return EXIT_INTERRUPTED
    return exit_status((outcome.verdict, outcome.verdict == "equal") for outcome in outcomes)


def _chosen(found: Mapping[str, Port | ModelPort], only: Sequence[str]) -> dict[str, Port | ModelPort]:
    for name in only:
        if name not in found:
            raise registry.suggest("port", name, found)
    return {name: port for name, port in found.items() if not only or name in only}


def _answers(checker: Checker, chosen: Mapping[str, Port | ModelPort], given: Path | None) -> Iterator[PortOutcome]:
    """The answers one after another, with a line that says what is being tried."""
    arrays = tensorfiles.read(given) if given else None
    for number, (name, port) in enumerate(chosen.items(), 1):
        place = f"[{number} of {len(chosen)}] " if len(chosen) > 1 else ""
        with progress_console.status(Text(f"{place}{name}: starting")) as status:
            outcome = checker.check(port, name, _saying(status, place), arrays)
        yield replace(outcome, reproduce=outcome.reproduce_on(given)) if given else outcome


def _saying(status: Status, place: str) -> Progress:
    # As text, not as rich's markup: a port's name may hold brackets.
    return lambda words: status.update(Text(place + words))


def _print(outcome: PortOutcome) -> None:
    words = Text(outcome.text())
    words.stylize(f"bold {_COLOURS[outcome.verdict]}", 0, len(outcome.text().partition("\n")[0]))
    for pattern, style in _STYLES.items():
        words.highlight_regex(pattern, style)
    console.print(words, soft_wrap=True)


def _tell(
    outcomes: Sequence[PortOutcome], chosen: Mapping[str, Port | ModelPort], asked: Wanted, *, annotations: bool
) -> None:
    """What is said and written at the end."""
    if len(outcomes) > 1:
        console.print(headline(outcomes), markup=False, highlight=False)
    if asked.save is not None:
        saved = [outcome.smallest.file for outcome in outcomes if outcome.smallest]
        words = f"saved: {', '.join(map(str, saved))}" if saved else "saved nothing: there is no failing input"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    if outcomes:
        _write(outcomes, asked)
    for outcome in outcomes if wanted(annotations) else ():
        if outcome.verdict != "equal":
            line = annotation(chosen[outcome.name].where, title(outcome), outcome.text())
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _write(outcomes: Sequence[PortOutcome], asked: Wanted) -> None:
    if asked.json_path is not None:
        with atomic(asked.json_path) as stream:
            models = [outcome.to_json() for outcome in outcomes if isinstance(outcome, ModelOutcome)]
            ports = [outcome.to_json() for outcome in outcomes if not isinstance(outcome, ModelOutcome)]
            json.dump({"schema": SCHEMA, "ports": ports, "models": models}, stream, indent=1)
    if asked.report is not None:
        write_port_report(asked.report, outcomes)
    if asked.summary is not None:
        with atomic(asked.summary) as stream:
            stream.write(markdown_ports(outcomes))

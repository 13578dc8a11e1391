"""``equivalence check``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from equivalence import portfile, registry
from equivalence.answer import SCHEMA, PortOutcome
from equivalence.binding import DTYPES
from equivalence.checking import Checker
from equivalence.engine import packages
from equivalence.outcome import EXIT_INTERRUPTED, exit_status
from equivalence.pool import CALL_LIMIT, Pool
from equivalence.port import Port
from equivalence.report.ports import markdown_ports, write_port_report
from equivalence.runfile import atomic

console = Console()
progress_console = Console(stderr=True)
_COLOURS = {"equal": "green", "different": "red", "error": "red", "undecided": "yellow", "skipped": "yellow"}


def check(
    *,
    file: Path,
    only: Sequence[str],
    json_path: Path | None,
    report: Path | None,
    summary: Path | None,
    seed: int,
    dtypes: Sequence[str],
    timeout: float | None,
    jobs: int | None,
) -> int:
    """Check the ports of a file, print the answers, write what was asked for; return the exit status."""
    chosen = _chosen(portfile.ports(file), only)
    known = registry.load()
    outcomes: list[PortOutcome] = []
    interrupted = False
    with Pool(packages(known), limit=timeout or CALL_LIMIT, jobs=jobs) as pool:
        checker = Checker(known, pool, seed, dtypes or DTYPES)
        try:
            with progress_console.status("starting") as status:
                for name, port in chosen.items():
                    outcomes.append(checker.check(port, name, status.update))
                    _print(outcomes[-1])
        except KeyboardInterrupt:
            interrupted = True
            pool.close(kill=True)
    _write(outcomes, json_path, report, summary)
    if interrupted:
        progress_console.print("Interrupted: the finished answers are kept.", style="yellow")
        return EXIT_INTERRUPTED
    return exit_status((outcome.verdict, outcome.verdict == "equal") for outcome in outcomes)


def _chosen(found: Mapping[str, Port], only: Sequence[str]) -> dict[str, Port]:
    for name in only:
        if name not in found:
            raise registry.suggest("port", name, found)
    return {name: port for name, port in found.items() if not only or name in only}


def _print(outcome: PortOutcome) -> None:
    first, *rest = outcome.text().splitlines()
    console.print(first, style=f"bold {_COLOURS[outcome.verdict]}", markup=False, highlight=False, soft_wrap=True)
    console.print("\n".join(rest), markup=False, highlight=False, soft_wrap=True)


def _write(outcomes: Sequence[PortOutcome], json_path: Path | None, report: Path | None, summary: Path | None) -> None:
    if json_path is not None:
        with atomic(json_path) as stream:
            json.dump({"schema": SCHEMA, "ports": [outcome.to_json() for outcome in outcomes]}, stream, indent=1)
    if report is not None:
        write_port_report(report, outcomes)
    if summary is not None:
        with atomic(summary) as stream:
            stream.write(markdown_ports(outcomes))

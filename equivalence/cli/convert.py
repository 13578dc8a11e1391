"""``equivalence convert``."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from equivalence import tensorfiles
from equivalence.conversion import Converted, End, convert
from equivalence.errors import UsageError

console = Console()


def run(
    *,
    operation: str,
    source: Path,
    target: Path,
    source_framework: str,
    target_framework: str,
    source_variant: str | None,
    target_variant: str | None,
    parameters: Sequence[str],
    names: Sequence[str],
    target_names: Sequence[str],
    prefix: str,
    target_prefix: str,
    sizes: Sequence[str],
    keep_others: bool,
) -> int:
    """Convert the arrays of one file into another, say which became which; return the exit status."""
    tensorfiles.checked(target)
    ends = (
        End(source_framework, source_variant, _pairs(names, "--name", "weight=conv1.kernel"), prefix),
        End(target_framework, target_variant, _pairs(target_names, "--to-name", "weight=conv1.weight"), target_prefix),
    )
    given = {name: _value(text) for name, text in _pairs(parameters, "--parameter", "stride=2").items()}
    lengths = {letter: _length(text) for letter, text in _pairs(sizes, "--axes", "c=4").items()}
    arrays = tensorfiles.read(source)
    made = convert(arrays, operation, *ends, parameters=given, sizes=lengths, keep_others=keep_others)
    tensorfiles.write(target, made.arrays)
    _print(made, target)
    return 0


def _pairs(given: Sequence[str], option: str, example: str) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign and value) or name in pairs:
            raise UsageError(f"{option} {text}", expected=f"each name once, as in {option} {example}", got=text)
        pairs[name] = value
    return pairs


def _value(text: str) -> Any:
    """A Python literal; what is none is a word."""
    try:
        return {"true": True, "false": False}.get(text) if text in ("true", "false") else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _length(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError("--axes", expected="a size of at least 1, as in --axes c=4", got=text)
    return int(text)


def _print(made: Converted, target: Path) -> None:
    lines = [
        f"from {made.source}: {', '.join(made.read.values())}",
        *([f"not in the file: {', '.join(made.absent)}"] if made.absent else []),
        f"to {made.target}:",
        *(f"  {name} {made.arrays[name].shape} {made.arrays[name].dtype}" for name in made.written.values()),
    ]
    if others := [name for name in made.arrays if name not in made.written.values()]:
        lines.append(f"copied: {', '.join(others)}")
    if made.reminders:
        lines += ["what no array says:", *(f"  {words}" for words in made.reminders)]
    lines.append(f"wrote {target}")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)

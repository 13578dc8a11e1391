"""Findings as a JSON file: written whole or not at all, and read back only if it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from equivalence.claim import Check, Truth
from equivalence.claims.results import SCHEMA, Answer, Claims, Evidence, Finding, judged
from equivalence.errors import UsageError
from equivalence.runfile import atomic

_WRITE = "Write one with: equivalence claims --json CLAIMS.json"


def write_claims(path: Path, claims: Claims) -> None:
    """Write the findings; the file appears whole or not at all."""
    with atomic(path) as stream:
        json.dump(claims.to_json(), stream, indent=1)


def read_claims(path: Path) -> Claims:
    """Read findings.

    Raises:
        UsageError: if the file holds none, is cut off, or contradicts itself.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} holds no claims: {error}", fix=_WRITE) from error
    frame = (data.get("kind"), data.get("schema")) if isinstance(data, Mapping) else type(data).__name__
    if frame != ("claims", SCHEMA):
        raise UsageError(f"{path} holds no claims", expected=("claims", SCHEMA), got=frame, fix=_WRITE)
    try:
        commit = data["commit"]
        found = Claims(
            findings=tuple(_finding(item) for item in _typed(data, "claims", list)),
            absent={name: str(reason) for name, reason in _typed(data, "absent", dict).items()},
            version=_typed(data, "version", str),
            commit=commit if commit is None else _typed(data, "commit", str),
            created=_typed(data, "created", str),
        )
    except KeyError as error:
        raise UsageError(f"{path} is cut off: there is no {error}", fix=_WRITE) from error
    except TypeError as error:
        raise UsageError(f"{path} holds no claims: {error}", fix=_WRITE) from error
    for item, stated in zip(found.findings, data["claims"], strict=True):
        if stated.get("verdict") != item.verdict:
            what = f"{path} contradicts itself: the verdict of {item.name} does not follow from its evidence"
            raise UsageError(what, expected=item.verdict, got=stated.get("verdict"), fix=_WRITE)
    return found


def _finding(item: Any) -> Finding:
    data = _mapping(item, "a claim")
    return Finding(
        **{name: _typed(data, name, str) for name in ("name", "seed", "text", "why")},
        expected=_one_of(data, "expected", get_args(Truth)),
        about=_words(data, "about"),
        replaced={name: str(value) for name, value in _typed(data, "replaced", dict).items()},
        evidence=tuple(_evidence(part) for part in _typed(data, "evidence", list)),
    )


def _evidence(item: Any) -> Evidence:
    data = _mapping(item, "evidence")
    answer = _one_of(data, "answer", get_args(Answer))
    checks = tuple(_check(part) for part in _typed(data, "checks", list))
    found = Evidence(_typed(data, "framework", str), answer, checks, _typed(data, "reason", str))
    if answer in get_args(Truth) and judged(found.framework, checks).answer != answer:
        raise TypeError(f"{found.framework} is {answer}, which its checks do not say")
    return found


def _check(item: Any) -> Check:
    data = _mapping(item, "a check")
    difference = data["difference"]
    if difference in ("NaN", "Infinity", "-Infinity"):
        difference = float(difference)
    if difference is not None and not isinstance(difference, (int, float)):
        raise TypeError(f"difference is {difference!r}, expected a number")
    return Check(
        what=_typed(data, "what", str),
        claimed=data["claimed"],
        computed=data["computed"],
        difference=difference,
        holds=_one_of(data, "holds", (True, False)),
        instead=_one_of(data, "instead", (True, False)),
    )


def _mapping(item: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise TypeError(f"{what} is {item!r}")
    return item


def _words(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = _typed(data, name, list)
    if not all(isinstance(word, str) for word in found):
        raise TypeError(f"{name} is {found!r}, expected strings")
    return tuple(found)


def _one_of(data: Mapping[str, Any], name: str, allowed: tuple[Any, ...]) -> Any:
    value = data[name]
    if not any(value is word or (isinstance(word, str) and value == word) for word in allowed):
        raise TypeError(f"{name} is {value!r}, expected one of {allowed}")
    return value


def _typed(data: Mapping[str, Any], name: str, kind: type) -> Any:
    value = data[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, expected {kind.__name__}")
    return value

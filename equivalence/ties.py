"""Gradients at exact ties, where there is no derivative: frameworks that document another choice are both right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from equivalence.answer import Probe
from equivalence.codes import TIES
from equivalence.deviations import Row, rows
from equivalence.registry import Registry

STRATEGIES = ("ties", "constant", "zeros")
"""Kinds of data with exact ties, among them zeros."""


def known(registry: Registry, frameworks: Mapping[str, str]) -> Row | None:
    """A row that says one of two different frameworks shares the gradient of ties in its own way.

    Of frameworks in a stack of their own alone, which are no longer developed: a port cannot follow them there.
    Elsewhere another call shares the gradient as the original does.
    """
    if len(set(frameworks.values())) == 1:
        return None
    legacy = [adapter for name in frameworks.values() if (adapter := registry.adapter(name)).stack != "main"]
    found = (row for adapter in legacy for row in rows(adapter) if row.kind == "difference")
    return next((row for row in found if row.code == TIES), None)


def excused(probes: Sequence[Probe], data: Mapping[str, Mapping[str, str]], row: Row | None) -> list[Probe]:
    """The probes, those skipped that differ at ties in the gradient alone, if nothing else differs anywhere.

    Args:
        probes: as judged.
        data: by kind of probe, the strategies of its data.
        row: which framework's documented choice that is; none if there is none.
    """
    apart = [probe for probe in probes if probe.verdict == "different"]
    if row is None or not apart or not all(_tied(probe, data.get(probe.kind, {})) for probe in apart):
        return list(probes)
    reason = f"known difference {TIES} of {row.adapter}: {row.reason} ({row.link})"
    return [replace(probe, verdict="skipped", reason=reason) if probe in apart else probe for probe in probes]


def _tied(probe: Probe, data: Mapping[str, str]) -> bool:
    forward = all(found.verdict == "equal" for found in probe.forward.values())
    return forward and bool(probe.gradients) and bool(set(data.values()) & set(STRATEGIES))

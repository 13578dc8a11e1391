"""Checking a port: run the original and the ported layer on the same inputs and say whether they are one function."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equivalence import axes as _axes
from equivalence import portfile, registry
from equivalence.answer import PortOutcome, Probe, worst
from equivalence.binding import DTYPES, HALF
from equivalence.comparison import FINITE_DIFFERENCES, TOLERANCES, Comparison, Verdict, compare
from equivalence.engine import launch, packages, random_cotangents
from equivalence.errors import EquivalenceError, ShapeError, UsageError, WorkerError
from equivalence.inputs import Array
from equivalence.judging import cast, exact
from equivalence.layout import Layout
from equivalence.operation_side import Bound, bind
from equivalence.pool import CALL_LIMIT, Launch, Pool, Reply, Request
from equivalence.port import Layer, Port
from equivalence.probes import Setting, draw, settings
from equivalence.registry import Registry
from equivalence.stacks import find as find_stack

SIDES = ("original", "ported")
_NOT_ITS_FAULT = {"DeclarationError", "PortError"}
"""Exceptions that say the declaration is wrong, not the layer."""

Progress = Callable[[str], None]


def check(port: Port, *, seed: int = 0, dtypes: Sequence[str] = DTYPES, timeout: float | None = None) -> PortOutcome:
    """Say whether a ported layer is the same function as its original.

    Args:
        port: the two layers.
        seed: of all random values.
        dtypes: what to compare in; ``float16`` and ``bfloat16`` only if they are named.
        timeout: seconds a call of a layer may take.

    Raises:
        PortError: if the declaration cannot be used.
        UsageError: for a dtype that one of the frameworks does not compute in.
        StackError: if a layer's stack does not exist.
    """
    known = registry.load()
    with Pool(packages(known), limit=timeout or CALL_LIMIT) as pool:
        return Checker(known, pool, seed, dtypes).check(port)


def assert_equivalent(port: Port, **options: Any) -> None:
    """Raise :class:`AssertionError` with the answer's text unless the layers are equal; options as in :func:`check`."""
    __tracebackhide__ = True
    outcome = check(port, **options)
    if outcome.verdict != "equal":
        raise AssertionError(outcome.text())


@dataclass(frozen=True)
class _Side:
    """A layer ready to be called: where, by which target, with which layouts of inputs and outputs."""

    layer: Layer
    launch: Launch
    target: Mapping[str, str]
    inputs: Mapping[str, Layout]
    outputs: Mapping[str, Layout]


class _Stopped(Exception):  # noqa: N818 - it carries a verdict, which need not be an error
    """A probe that ends before everything could be compared."""

    def __init__(self, verdict: Verdict, reason: str, log: str = "") -> None:
        self.verdict, self.reason, self.log = verdict, reason, log
        super().__init__(reason)


class Checker:
    """Checks ports on a pool of workers."""

    def __init__(self, known: Registry, pool: Pool, seed: int = 0, dtypes: Sequence[str] = DTYPES) -> None:
        self._known, self._pool, self._seed, self._dtypes = known, pool, seed, dtypes or DTYPES

    def check(self, port: Port, name: str | None = None, progress: Progress = lambda _: None) -> PortOutcome:
        """Run every probe and put the answer together."""
        name = name or port.name or _variable(port)
        sides = {side: self._side(port, side) for side in SIDES}
        bound = bind(port, self._known.operation(port.operation)) if port.operation else None
        probes, remarks = [], []
        for setting in settings(port):
            for dtype in self._dtypes:
                progress(f"{name}: {setting.name}, {dtype}")
                probe, remark = self._probe(port, sides, bound, setting, dtype)
                probes.append(probe)
                remarks.append(remark)
        return _answer(port, name, probes, next((remark for remark in remarks if remark), ""), self._seed)

    def _side(self, port: Port, side: str) -> _Side:
        layer: Layer = getattr(port, side)
        adapter = self._known.adapter(layer.framework)
        for dtype in self._dtypes:
            if dtype not in adapter.dtypes:
                raise UsageError(port.say(side), expected=f"one of {', '.join(adapter.dtypes)}", got=dtype)
        python = Path(layer.python) if layer.python else find_stack(layer.stack or adapter.stack).python
        environment = tuple(adapter.environment.items())
        # Two slots, so that the two sides run in different processes even in one framework.
        started = Launch(adapter.name, python, adapter.driver, environment, slot=SIDES.index(side))
        inputs = {n: Layout(port.original.kinds[n].axes, kind.axes) for n, kind in layer.kinds.items()}
        outputs = {n: Layout(port.original.results[n], axes) for n, axes in layer.results.items()}
        return _Side(layer, started, portfile.target(port, side), inputs, outputs)

    def _probe(
        self, port: Port, sides: Mapping[str, _Side], bound: Bound | None, setting: Setting, dtype: str
    ) -> tuple[Probe, str]:
        arrays = {name: cast(array, dtype) for name, array in draw(port, setting, self._seed).items()}
        said: dict[str, Any] = {"name": f"{setting.name}, {dtype}", "dtype": dtype, "sizes": setting.sizes}
        try:
            first = self._call(port, sides, setting, dtype, arrays, {})
            forward = {
                name: _compare(name, [first[side][0][name] for side in SIDES], TOLERANCES[dtype])
                for name in port.original.results
            }
            cotangents = random_cotangents(first["original"][0], dtype, self._seed, setting.name)
            gradients = {}
            if all(compared.verdict == "equal" for compared in forward.values()) and cotangents:
                second = self._call(port, sides, setting, dtype, arrays, cotangents)
                tolerance = FINITE_DIFFERENCES if "numpy" in {s.layer.framework for s in sides.values()} else 0.0
                gradients = {
                    name: _compare(name, [second[side][1][name] for side in SIDES], max(TOLERANCES[dtype], tolerance))
                    for name, kind in port.original.kinds.items()
                    if kind.differentiable
                }
            compared = [*forward.values(), *gradients.values()]
            verdict = worst([item.verdict for item in compared])
            remark = self._remark(port, bound, arrays, first, dtype) if bound else ""
            return Probe(verdict=verdict, forward=forward, gradients=gradients, **said), remark
        except _Stopped as stopped:
            return Probe(verdict=stopped.verdict, reason=stopped.reason, log=stopped.log, **said), ""

    def _call(
        self,
        port: Port,
        sides: Mapping[str, _Side],
        setting: Setting,
        dtype: str,
        arrays: Mapping[str, Array],
        cotangents: Mapping[str, Array],
    ) -> dict[str, tuple[dict[str, Array], dict[str, Array]]]:
        """Both layers at the same time: outputs and gradients in the original's layout, by side."""
        calls: dict[str, Future[Reply]] = {}
        for name, side in sides.items():
            # A finite difference in float32 would be noise: a NumPy layer gets the same numbers in float64.
            given, turned = (
                (exact(arrays), exact(cotangents)) if side.layer.framework == "numpy" else (arrays, cotangents)
            )
            request = Request(
                side.target,
                {key: side.inputs[key].to_native(array) for key, array in given.items()},
                list(side.layer.results),
                {key: key for key in given},
                {**port.parameters, "sizes": dict(setting.sizes)},
                [key for key, kind in port.original.kinds.items() if kind.differentiable] if cotangents else [],
                {key: side.outputs[key].to_native(array) for key, array in turned.items()},
                dtype,
            )
            calls[name] = self._pool.submit(side.launch, request)
        replies, raised = {}, {}
        for name, call in calls.items():
            try:
                replies[name] = call.result()
            except WorkerError as error:
                raised[name] = error
        if raised:
            raise _stopped(raised)
        return {name: _canonical(sides[name], reply, setting) for name, reply in replies.items()}

    def _remark(
        self,
        port: Port,
        bound: Bound,
        arrays: Mapping[str, Array],
        sides: Mapping[str, tuple[Mapping[str, Array], Any]],
        dtype: str,
    ) -> str:
        """Whether each side is the named operation."""
        operation = bound.operation
        request = Request(
            {"object": operation.origin},
            exact(bound.to_operation(port, arrays)),
            list(operation.outputs),
            parameters=bound.settings(port.parameters),
        )
        try:
            outputs = bound.from_operation(
                port, self._pool.submit(launch(self._known.reference), request).result().outputs
            )
        except EquivalenceError as error:
            return f"The operation {operation.name} could not be computed on these inputs: {error}"
        apart = [side for side in SIDES if not _agrees(sides[side][0], outputs, TOLERANCES[dtype])]
        if not apart:
            return ""
        who = "Neither layer is" if len(apart) == len(SIDES) else f"The {apart[0]} layer is not"
        return f"{who} the operation {operation.name}."


def _agrees(outputs: Mapping[str, Array], reference: Mapping[str, Array], tolerance: float) -> bool:
    return all(
        _compare(name, [array, reference[name]], tolerance).verdict == "equal" for name, array in outputs.items()
    )


def _compare(name: str, sides: Sequence[Array], tolerance: float) -> Comparison:
    left, right = sides
    try:
        return compare(left, right, tolerance)
    except ShapeError:
        reason = f"{name} has shape {left.shape} in the original, {right.shape} in the ported layer"
        return Comparison(verdict="different", tolerance=tolerance, reason=reason)


def _canonical(side: _Side, reply: Reply, setting: Setting) -> tuple[dict[str, Array], dict[str, Array]]:
    outputs = {}
    for name, array in reply.outputs.items():
        layout = side.outputs[name]
        sizes = dict(setting.sizes)
        try:
            _axes.measure(layout.native, array.shape, sizes, what=f"{side.launch.name}'s {name}")
        except ShapeError as error:
            raise _Stopped("different", str(error)) from error
        outputs[name] = layout.to_canonical(array)
    return outputs, {name: side.inputs[name].to_canonical(array) for name, array in reply.gradients.items()}


def _stopped(raised: Mapping[str, WorkerError]) -> _Stopped:
    """The verdict on a probe in which a side, or both, gave nothing."""
    side, error = next(iter(raised.items()))
    for name, other in raised.items():
        if other.kind != "raised" or other.raised["type"] in _NOT_ITS_FAULT:
            return _Stopped("error", f"the {name} layer: {other}", other.log)
    if len(raised) == len(SIDES):
        return _Stopped("undecided", f"both layers raise here: {error}", error.log)
    line = f" at {error.raised['line']}" if error.raised["line"] else ""
    return _Stopped(
        "different", f"only the {side} layer raises{line}: {error.raised['type']}: {error.raised['message']}", error.log
    )


def _answer(port: Port, name: str, probes: Sequence[Probe], remark: str, seed: int) -> PortOutcome:
    # A probe on which both layers raise lies outside what they can do: it is shown, and counts only if none is left.
    counted = [probe for probe in probes if probe.verdict != "undecided"] or list(probes)
    verdict = worst([probe.verdict for probe in counted])
    telling = next(probe for probe in counted if probe.verdict == verdict)
    compared = [*telling.forward.values(), *telling.gradients.values()]
    reason = telling.reason or next(item.reason for item in compared if item.verdict == verdict)
    file = Path(port.where[0])
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    words = ["equivalence", "check", str(shown), "--only", name, *(["--seed", str(seed)] if seed else [])]
    words += ["--dtype", telling.dtype] if telling.dtype in HALF else []
    return PortOutcome(
        name=name,
        verdict=verdict,
        forward=telling.forward,
        gradients=telling.gradients,
        probes=list(probes),
        reason=f"{reason} (probe: {telling.name})",
        reproduce=shlex.join(words),
        remark=remark,
    )


def _variable(port: Port) -> str:
    """The name of the variable that holds the port, in whatever module does."""
    target = portfile.target(port, "original")
    return target.get("port") or target["function"]

"""Worker processes from the suite's side: starting, calling, timing out, restarting, and running them together."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from equivalence.errors import WorkerError
from equivalence.inputs import Array
from equivalence.worker import bootstrap
from equivalence.worker.frames import FrameError, receive, send

START_LIMIT = 180.0
"""Seconds a worker may take to import its framework."""

CALL_LIMIT = 180.0
"""Seconds a call may take unless the user says otherwise; Theano compiles C code in its first calls."""

_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_LOG_TAIL = 4000


@dataclass(frozen=True)
class Launch:
    """How to start a worker: two equal launches may share one process.

    Args:
        python: the stack's interpreter.
        driver: ``"module:Class"``.
        environment: variables of the adapter.
        slot: another number, another process.
    """

    name: str
    python: Path
    driver: str
    environment: tuple[tuple[str, str], ...] = ()
    slot: int = 0


@dataclass(frozen=True)
class Request:
    """A call: the header's fields, see :mod:`equivalence.worker.serve`, and the arrays.

    Args:
        target: where the function is: ``{"object": "module:name"}``, or what :func:`equivalence.portfile.target` gives.
        arrays: values by canonical argument, in the layer's layout.
        outputs: canonical names, in the order the layer returns them.
        keywords: the layer's own name by canonical argument, for those that do not go by position.
        parameters: keyword arguments that are no tensors.
        wrt: the canonical arguments whose gradients are wanted.
        cotangents: values by canonical output; empty if no gradient is wanted.
        dtype: see :class:`equivalence.driver.Call`.
        drawn: the canonical arguments that are parameters of the object.
        training: whether the object runs in training mode.
        earlier: arguments of earlier calls, first to last, by canonical name; what is left out is as in ``arrays``. The
            observed call sees the state they leave behind, which begins as ``arrays`` says: an object's buffers, and a
            function's arguments that have the name of an output.
        effects: whether to look for side effects, see :class:`Reply`.
        own_outputs: the layer's own name by canonical output, where it differs.
    """

    target: Mapping[str, Any]
    arrays: Mapping[str, Array]
    outputs: Sequence[str]
    keywords: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    wrt: Sequence[str] = ()
    cotangents: Mapping[str, Array] = field(default_factory=dict)
    dtype: str = ""
    drawn: Sequence[str] = ()
    training: bool = False
    earlier: Sequence[Mapping[str, Array]] = ()
    effects: bool = False
    own_outputs: Mapping[str, str] = field(default_factory=dict)

    def frames(self) -> list[Array]:
        """The arrays, in the order in which the header names them."""
        batches = [array for batch in self.earlier for array in batch.values()]
        return [*self.arrays.values(), *self.cotangents.values(), *batches]

    def header(self) -> dict[str, Any]:
        """What goes before the arrays."""
        function = [self.target, self.keywords, list(self.arrays), self.dtype, list(self.outputs), self.own_outputs]
        return {
            "key": json.dumps(function, sort_keys=True),
            "target": self.target,
            "arguments": list(self.arrays),
            "keywords": self.keywords,
            "parameters": self.parameters,
            "outputs": list(self.outputs),
            "wrt": list(self.wrt),
            "cotangents": list(self.cotangents),
            "dtype": self.dtype,
            "drawn": list(self.drawn),
            "training": self.training,
            "earlier": [list(batch) for batch in self.earlier],
            "effects": self.effects,
            "own_outputs": self.own_outputs,
        }


@dataclass(frozen=True)
class Reply:
    """What a call gave, arrays by canonical name in the framework's layout, and what was seen beside them.

    Attributes:
        effects: ``dtypes``, the dtype's name by output as the framework returned it, and ``state``, the canonical names
            of the drawn arguments and of the outputs that are an object's state, such as running statistics: no
            gradient flows through them. If side effects were asked for, also ``mutated``, the arguments that the call
            wrote into; ``unrepeatable``, the outputs that differ in any bit when the same call is made again; and
            ``degenerate``, the object's own names of those of its parameters that are not drawn and hold a single
            value, so that equality is not proved for others.
    """

    outputs: Mapping[str, Array]
    gradients: Mapping[str, Array]
    effects: Mapping[str, Any] = field(default_factory=dict)


class Worker:
    """One process. Not thread-safe: the pool gives each worker a thread of its own."""

    def __init__(self, launch: Launch, packages: Mapping[str, str]) -> None:
        self.launch, self.versions = launch, dict[str, str]()
        self._packages = packages
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker

    def call(self, request: Request, limit: float) -> Reply:
        """Run one call; a worker that died, or never started, is started first."""
        self._start()
        offset = self._log.seek(0, os.SEEK_END)
        header, results = self._exchange(request.header(), request.frames(), limit, offset)
        names, gradients = list(header.get("outputs", ())), list(header.get("gradients", ()))
        if len(names) + len(gradients) != len(results):
            self.stop()
            raise self._error("sent another number of arrays than it named", "protocol", offset)
        return Reply(
            dict(zip(names, results[: len(names)], strict=True)),
            dict(zip(gradients, results[len(names) :], strict=True)),
            dict(header.get("effects", {})),
        )

    def start(self) -> None:
        """Start the process and wait until its framework is imported."""
        self._start()

    def _start(self) -> None:
        if self._process is not None:
            return
        ours, theirs = Pipe()
        settings = {"descriptor": theirs.fileno(), "driver": self.launch.driver, "packages": dict(self._packages)}
        command = [str(self.launch.python), "-P", bootstrap.__file__, json.dumps(settings)]
        self._log.truncate(0)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[theirs.fileno()],
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerError(f"{self.launch.name} could not be started", kind="died", fix=str(error)) from error
        finally:
            theirs.close()
        self._connection = ours
        header, _ = self._exchange(None, (), START_LIMIT, 0)
        self.versions = dict(header["versions"])

    def _environment(self) -> dict[str, str]:
        # The variables that lead this interpreter to its packages would lead another stack's to the wrong ones.
        foreign = set() if str(self.launch.python) == sys.executable else {"PYTHONHOME", "PYTHONPATH"}
        inherited = {name: value for name, value in os.environ.items() if name not in foreign}
        return {**inherited, **dict.fromkeys(_ONE_THREAD, "1"), **dict(self.launch.environment)}

    def _exchange(
        self, header: Mapping[str, Any] | None, arrays: Sequence[Array], limit: float, offset: int
    ) -> tuple[dict[str, Any], list[Array]]:
        connection = self._connection
        assert connection is not None
        try:
            if header is not None:
                send(connection, header, arrays)
            if not connection.poll(limit):
                self.stop()
                raise self._error(f"gave no answer within {limit:g} s and was stopped", "timeout", offset)
            answer, results = receive(connection)
        except (EOFError, OSError) as error:
            raise self._error(f"died: {self.stop()}", "died", offset) from error
        except FrameError as error:
            self.stop()
            raise self._error(f"broke the protocol: {error}", "protocol", offset) from error
        if "error" in answer:
            raised = answer["error"]
            if header is None:
                self.stop()
            raise self._error(f"raised {raised['type']}: {raised['message']}", "raised", offset, raised)
        return answer, results

    def _error(self, message: str, kind: str, offset: int, raised: Mapping[str, str] | None = None) -> WorkerError:
        self._log.seek(offset)
        log = self._log.read()[-_LOG_TAIL:].decode(errors="replace")
        traceback = raised["traceback"] if raised else ""
        return WorkerError(f"{self.launch.name} {message}", kind=kind, log=f"{log}{traceback}", raised=raised)

    def stop(self) -> str:
        """End the process and its children; say how it ended."""
        process, self._process = self._process, None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if process is None:
            return "not running"
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def close(self) -> None:
        """End the process for good."""
        self.stop()
        self._log.close()

    def kill(self) -> None:
        """End the process from another thread; the call in progress fails."""
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class Pool:
    """The workers of a run: one process per launch, computing at the same time, at most ``jobs`` at once.

    Args:
        packages: folder of each top-level package a worker must be able to import.
        limit: seconds a call may take.
        jobs: how many workers may compute at the same time; the number of cores if not given.
    """

    def __init__(self, packages: Mapping[str, str], *, limit: float = CALL_LIMIT, jobs: int | None = None) -> None:
        self._packages, self._limit = dict(packages), limit
        self._turns = threading.BoundedSemaphore(jobs or max(2, os.cpu_count() or 1))
        self._lock = threading.Lock()
        self._workers: dict[Launch, tuple[Worker, ThreadPoolExecutor]] = {}
        self._broken: dict[Launch, WorkerError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.close(kill=kind is not None)

    def submit(self, launch: Launch, request: Request) -> Future[Reply]:
        """Queue a call; the future raises :class:`~equivalence.errors.WorkerError` if it gives no result."""
        return self._thread(launch).submit(self._call, launch, request)

    def versions(self, launch: Launch) -> dict[str, str]:
        """Versions of a framework and what it stands on; starts the worker."""
        return self._thread(launch).submit(self._started, launch).result()

    def close(self, *, kill: bool = False) -> None:
        """Stop all workers; with ``kill`` in the middle of a call."""
        with self._lock:
            workers, self._workers = dict(self._workers), {}
        for worker, thread in workers.values():
            if kill:
                worker.kill()
            thread.submit(worker.close)
        for _, thread in workers.values():
            thread.shutdown(wait=True, cancel_futures=False)

    def _thread(self, launch: Launch) -> ThreadPoolExecutor:
        with self._lock:
            if launch not in self._workers:
                self._workers[launch] = (Worker(launch, self._packages), ThreadPoolExecutor(1, f"{launch.name}"))
            return self._workers[launch][1]

    def _started(self, launch: Launch) -> dict[str, str]:
        worker = self._workers[launch][0]
        worker.start()
        return worker.versions

    def _call(self, launch: Launch, request: Request) -> Reply:
        if launch in self._broken:
            raise self._broken[launch]
        worker = self._workers[launch][0]
        with self._turns:
            try:
                worker.start()
            except WorkerError as error:
                # A framework that cannot even be imported will not be the next time: say so once per call, at once.
                self._broken[launch] = error
                raise
            return worker.call(request, self._limit)


def source_folders(modules: Sequence[str]) -> dict[str, str]:
    """Where the top-level packages of these modules lie: what a worker's interpreter needs to import them."""
    folders = {}
    for top in {module.partition(".")[0] for module in ("equivalence", *modules)}:
        spec = importlib.util.find_spec(top)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            folders[top] = str(origin.parent.parent if spec.submodule_search_locations else origin.parent)
    return folders

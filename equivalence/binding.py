"""Declaring how one framework performs one operation: a call, plus data that says how its conventions differ."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equivalence.axes import Sizes

DTYPES = ("float32", "float64")
"""The dtypes the matrix compares in unless others are asked for."""

HALF = ("float16", "bfloat16")
"""The half formats: compared when they are asked for, between those who declare them."""

HALF_TOO = (*HALF, *DTYPES)
"""For ``binding(dtypes=...)`` and ``Adapter(dtypes=...)`` that know the half formats as well."""


@dataclass(frozen=True)
class Context:
    """What a recoding may look at: the case's parameters, defaults included, and its sizes by letter."""

    parameters: Mapping[str, Any]
    sizes: Sizes


Recode = Mapping[Any, Any] | Callable[[Context], Any]
"""How a native keyword gets its value: a table from the value of the parameter of that name, or a function."""


@dataclass(frozen=True)
class Flip:
    """Axes along which the framework walks an argument backwards, always or only when parameters have these values."""

    axes: str
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Binding:
    """How one framework performs one operation. Made by :func:`binding`.

    ``module`` and ``attribute`` are filled in when the adapter's modules are read; a worker finds the call by them.
    """

    call: Callable[..., Any]
    layouts: Mapping[str, str]
    rename: Mapping[str, str | None]
    recode: Mapping[str, Recode]
    flip: Mapping[str, Flip]
    blocks: Mapping[str, str]
    only: Mapping[str, Sequence[Any]]
    dtypes: tuple[str, ...]
    docs: str
    operation: str | None
    variant: str | None
    conventions: Mapping[str, str] = field(default_factory=dict)
    module: str = ""
    attribute: str = ""


def binding(
    call: Callable[..., Any],
    *,
    docs: str,
    rename: Mapping[str, str | None] | None = None,
    recode: Mapping[str, Recode] | None = None,
    flip: Mapping[str, str | Flip] | None = None,
    blocks: Mapping[str, str] | None = None,
    only: Mapping[str, Sequence[Any]] | None = None,
    dtypes: Sequence[str] = DTYPES,
    operation: str | None = None,
    variant: str | None = None,
    conventions: Mapping[str, str] | None = None,
    **layouts: str,
) -> Binding:
    """Declare a binding; the engine permutes, flips and re-orders, the call never does.

    Arguments go to the call by position in the operation's order, parameters by keyword; an optional argument that is
    left out is not passed.

    Args:
        call: the framework's own function, or a few lines around it.
        docs: the address of the framework's documentation page that shows its conventions.
        rename: native keyword by canonical name, of arguments and parameters; ``None`` drops a parameter, because
            the data of the binding, or another keyword, says it.
        recode: native keyword by name: a table of the values of the parameter of that name, or a function of
            :class:`Context`.
        flip: per argument, the axes the framework walks backwards.
        blocks: the framework's order of the blocks on a packed axis, by its letter.
        only: parameter values the call can do; other cases are left to the operation's other bindings.
        dtypes: the dtypes the call can do, forward and gradient; :data:`HALF_TOO` if the half formats as well.
        operation: the operation's name, when the attribute's name is another.
        variant: what sets this binding apart from another of the same operation and adapter.
        conventions: what a porter must know and the data above cannot say, by a name that every binding of the
            operation uses: ``{"default epsilon": "1e-3"}``. A row of the operation's documentation page.
        layouts: per argument or output, the framework's order of its axes, in the operation's letters.
    """
    flips = {name: item if isinstance(item, Flip) else Flip(item) for name, item in (flip or {}).items()}
    return Binding(
        call,
        layouts,
        rename or {},
        recode or {},
        flips,
        blocks or {},
        only or {},
        tuple(dtypes),
        docs,
        operation,
        variant,
        dict(conventions or {}),
    )


@dataclass(frozen=True)
class Adapter:
    """A framework: its driver, its bindings and the stack it runs in. One per folder, exposed as an entry point.

    Args:
        name: as the command line knows it.
        title: as people write it.
        driver: ``"module:Class"`` of its :class:`equivalence.driver.Driver`, imported in workers only.
        bindings: the package whose modules hold the bindings; none if the driver performs the references.
        requires: requirements of the framework, such as ``"torch>=2.13"``; the first names the framework.
        stack: the name of the stack it runs in; ``main`` is the running interpreter.
        recipe: for a stack of its own, the constraints file beside the adapter's module that makes it.
        environment: variables set before the worker imports anything.
        dtypes: what its driver can compute in; a port of it is checked in no other.
        library: whose arithmetic it runs on, if another adapter's: the two are no independent evidence.
    """

    name: str
    title: str
    driver: str
    bindings: str
    requires: tuple[str, ...]
    stack: str = "main"
    recipe: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    dtypes: tuple[str, ...] = DTYPES
    library: str = ""


def resource(adapter: Adapter, name: str) -> Path | None:
    """The path of a file beside an adapter's bindings, whether it exists or not; none if it has no bindings."""
    spec = importlib.util.find_spec(adapter.bindings) if adapter.bindings else None
    return (
        Path(next(iter(spec.submodule_search_locations))) / name if spec and spec.submodule_search_locations else None
    )

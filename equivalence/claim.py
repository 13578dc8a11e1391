"""Declaring a claim: a statement of somebody's document that can be computed, and the function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from equivalence.errors import DeclarationError
from equivalence.graph import Graph
from equivalence.inputs import Array

Truth = Literal["confirmed", "refuted"]

_SHOWN = 24
"""Arrays of more elements than this are told by their shape and the largest difference."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing a claim says, beside what was computed. Made by :func:`check`, :func:`agree` and :func:`instead`.

    Attributes:
        what: what is computed, a few words.
        claimed: what the claim says, as JSON can hold it.
        computed: what came out.
        difference: the largest absolute difference, where both are numbers of one shape.
        holds: whether the two are the same.
        instead: whether this is no part of the claim, but shows what is right in its place.
    """

    what: str
    claimed: Any
    computed: Any
    difference: float | None
    holds: bool
    instead: bool = False

    def __bool__(self) -> bool:
        """Refuse: a check that nobody returns has decided nothing."""
        raise DeclarationError("a check has no truth value", fix="Yield it, or look at its holds.")


Own = tuple[str, Mapping[str, Any]]
"""A function of a framework's own, ``module:name``, and keywords that it is called with."""


class Framework(Protocol):
    """One framework, as a claim's function sees it: it performs the catalogue's operations, in canonical axes."""

    name: str

    @property
    def reference(self) -> Framework:
        """The references in this one's place, in float64."""

    def __call__(
        self, operation: str, /, *arrays: Any, own: Mapping[str, Own] | None = None, **parameters: Any
    ) -> Array:
        """The first output of an operation.

        Args:
            operation: its name.
            arrays: its arguments in order; None leaves an optional one out.
            own: by framework that has no binding of it, its own function ``module:name`` with its keywords, which is
                called with the arrays as they are.
            parameters: of the operation; ``dtype`` and ``variant`` choose the precision and the binding.
        """

    def gradients(self, operation: str, cotangent: Any, /, *arrays: Any, **parameters: Any) -> dict[str, Array]:
        """The vector-Jacobian product for each real argument, by name."""

    def call(self, path: str, /, *arrays: Any, **parameters: Any) -> Array:
        """A function of the framework's own, ``module:name``, on arrays as they are."""

    def graph(self, graph: Graph, arrays: Mapping[str, Array], /) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Outputs and gradients of a graph, by name; the cotangents are drawn at random, the same for everyone."""

    def fails(self, call: Callable[[], object], /) -> bool:
        """Whether a call of this framework raises an exception."""


Compute = Callable[[Framework], Iterator[Check]]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement and how it is computed. Made by :func:`claim`.

    Attributes:
        name: the function's.
        seed: which document says it.
        text: what it says, in our words.
        expected: the verdict that must come out.
        why: one sentence on why it does.
        about: the frameworks the statement speaks of, if not of all.
        replaced: calls that today's framework no longer has, and what takes their place.
    """

    name: str
    seed: str
    text: str
    expected: Truth
    why: str
    compute: Compute
    origin: str
    about: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)


def claim(
    *,
    seed: str,
    text: str,
    expected: Truth,
    why: str,
    about: Sequence[str] = (),
    replaced: Mapping[str, str] | None = None,
) -> Callable[[Compute], Claim]:
    """Declare a claim on the function that computes it.

    The function is called once for each framework, with a :class:`Framework`, and yields a :class:`Check` for each
    thing that the claim says. In that framework the claim is confirmed if all of them hold, and else refuted.

    Args:
        seed: the document, by the number that its file begins with.
        text: what it says, in words of our own.
        expected: the verdict; another one fails the tests.
        why: one sentence on the reason for the verdict.
        about: the frameworks that the statement is about. Theirs is the verdict; it is computed in the others as well,
            which may differ. Without it, the claim is confirmed if it holds in every framework.
        replaced: calls of the document that are gone, with what replaced them.
    """

    def declare(function: Compute) -> Claim:
        for what, words in (("text", text), ("why", why), ("seed", seed)):
            if not words.strip():
                raise DeclarationError(f"claim {function.__name__}", expected=f"a {what}", got=repr(words))
        return Claim(
            name=function.__name__,
            seed=seed,
            text=text,
            expected=expected,
            why=why,
            compute=function,
            origin=f"{function.__module__}:{function.__qualname__}",
            about=tuple(about),
            replaced=dict(replaced or {}),
        )

    return declare


def check(what: str, claimed: Any, computed: Any, *, within: float = 0.0) -> Check:
    """Compare what is claimed with what was computed.

    Args:
        what: what is computed, a few words.
        claimed: numbers, words, or an array.
        computed: the same of the computation; another shape is a difference.
        within: how far apart numbers may be: half a unit of the last digit printed, or rounding.
    """
    left, right = np.asarray(claimed), np.asarray(computed)
    if left.dtype.kind in "US" or right.dtype.kind in "US" or left.shape != right.shape:
        told = _told(left), _told(right)
        same = left.shape == right.shape and bool(np.array_equal(left, right))
        return Check(what=what, claimed=told[0], computed=told[1], difference=None, holds=same)
    difference = float(np.max(np.abs(left.astype(np.float64) - right.astype(np.float64)), initial=0.0))
    holds = left.size > 0 and difference <= within
    return Check(what=what, claimed=_told(left), computed=_told(right), difference=difference, holds=holds)


def agree(what: str, left: Any, right: Any, *, within: float = 1e-9) -> Check:
    """Compare two ways to compute the same: the claim is that they agree to rounding, beside the larger numbers."""
    scale = max(1.0, float(np.max(np.abs(np.asarray(left, np.float64)), initial=0.0)))
    return check(what, left, right, within=within * scale)


def instead(found: Check) -> Check:
    """What is right in the place of what the claim says; it must hold, whatever the claim's verdict."""
    return Check(**{**found.__dict__, "instead": True})


def _told(array: Array) -> Any:
    """An array as JSON: its numbers, or only its shape if there are many."""
    if array.size > _SHOWN:
        return {"shape": list(array.shape)}
    return array.tolist()

"""Kinds of input: what an argument of an operation or of a layer may hold, and how values for it are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from equivalence.axes import Sizes, evaluate
from equivalence.errors import DeclarationError

Array = np.ndarray[Any, np.dtype[Any]]
Strategy = Callable[[np.random.Generator, tuple[int, ...]], Array]


def _cancelling(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Large numbers whose signs alternate, beside small ones: where two arrays meet, the large ones cancel."""
    signs = 1 - 2 * (np.arange(int(np.prod(shape))) // rng.choice([1, 2, 4]) % 2)
    return np.asarray(1e4 * signs.reshape(shape) + rng.standard_normal(shape))


def _denormal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A third below float32's smallest normal number, some of them below float64's."""
    tiny = 10.0 ** np.where(
        rng.integers(10, size=shape) == 0, rng.uniform(-320, -306, shape), rng.uniform(-46, -37, shape)
    )
    return np.asarray(rng.standard_normal(shape) * np.where(rng.integers(3, size=shape) == 0, tiny, 1.0))


def _nonfinite(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """About one in thirty is NaN or an infinity."""
    special = rng.choice([np.nan, np.inf, -np.inf], shape)
    return np.where(rng.integers(30, size=shape) == 0, special, rng.standard_normal(shape))


def _nan(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """One in four is NaN, so that a window has none, one or several."""
    return np.where(rng.integers(4, size=shape) == 0, np.nan, rng.standard_normal(shape))


STRATEGIES: Mapping[str, Strategy] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "ties": lambda rng, shape: rng.integers(-1, 2, shape).astype(np.float64),
    "zeros": lambda rng, shape: rng.standard_normal(shape) * rng.integers(0, 2, shape),
    "negative": lambda rng, shape: -1.0 - np.abs(rng.standard_normal(shape)),
    "large": lambda rng, shape: rng.standard_normal(shape) * 1e4,
    "tiny": lambda rng, shape: rng.standard_normal(shape) * 1e-20,
    "offset": lambda rng, shape: 2000.0 + rng.standard_normal(shape),
    "scaled": lambda rng, shape: rng.standard_normal(shape) * 10.0 ** rng.uniform(-20, 20),
    "mixed": lambda rng, shape: rng.standard_normal(shape) * 10.0 ** rng.uniform(-18, 18, shape),
    "cancelling": _cancelling,
    "denormal": _denormal,
    "nonfinite": _nonfinite,
    "nan": _nan,
}
"""Data strategies by name: how the values of a real input are drawn."""


@dataclass(frozen=True)
class Input:
    """An argument with axes. Use one of the subclasses."""

    axes: str

    @property
    def differentiable(self) -> bool:
        """Whether a gradient with respect to this input is compared."""
        return False

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:
        """Draw values of this kind."""
        del rng, shape, sizes, strategy
        raise DeclarationError("input", expected="Real, Positive, Integers, Mask or Lengths", got=type(self).__name__)


@dataclass(frozen=True)
class Real(Input):
    """Real numbers; between ``low`` and ``high`` if these are given, else by the case's data strategy."""

    low: float | None = None
    high: float | None = None
    gradient: bool = True

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise DeclarationError(
                f"Real({self.axes!r})", expected="both low and high, or neither", got=(self.low, self.high)
            )

    @property
    def differentiable(self) -> bool:
        """Whether a gradient with respect to this input is compared."""
        return self.gradient

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:  # noqa: ARG002
        """Draw float64 values."""
        if self.low is not None and self.high is not None:
            return rng.uniform(self.low, self.high, shape)
        return STRATEGIES[strategy](rng, shape)


@dataclass(frozen=True)
class Positive(Input):
    """Positive real numbers, such as variances: from 0.1 to 2.1, never all 1."""

    gradient: bool = True

    @property
    def differentiable(self) -> bool:
        """Whether a gradient with respect to this input is compared."""
        return self.gradient

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:  # noqa: ARG002
        """Draw float64 values."""
        return 0.1 + 2.0 * rng.random(shape)


@dataclass(frozen=True)
class Integers(Input):
    """Whole numbers from ``low`` up to and without ``below``, a number or a size expression over the letters."""

    below: int | str = 2
    low: int = 0

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:  # noqa: ARG002
        """Draw int64 values."""
        return rng.integers(self.low, evaluate(self.below, sizes), shape)


@dataclass(frozen=True)
class Mask(Input):
    """Booleans; along the last axis never all false, unless ``empty``."""

    empty: bool = False

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:  # noqa: ARG002
        """Draw booleans, of which about two thirds are true."""
        mask = rng.random(shape) < 2 / 3
        if not self.empty and shape and shape[-1]:
            mask[..., 0] |= ~mask.any(axis=-1)
        return mask


@dataclass(frozen=True)
class Lengths(Input):
    """Lengths of sequences: from ``low`` up to and with the size of the axis ``of``; one of them the full length."""

    of: str = "t"
    low: int = 1

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:  # noqa: ARG002
        """Draw int64 values."""
        longest = sizes[self.of]
        lengths = rng.integers(self.low, longest + 1, shape)
        if lengths.size:
            lengths.flat[rng.integers(lengths.size)] = longest
        return lengths


def as_input(declared: str | Input) -> Input:
    """An axes string is a real input with a gradient."""
    return Real(declared) if isinstance(declared, str) else declared

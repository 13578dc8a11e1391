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


def _constant(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """The same value at every place of an example, another for each example; the first example is all zeros."""
    values = rng.permutation(np.arange(1, shape[0] + 1 if shape else 2)) * rng.choice([-1.0, 1.0])
    if shape and shape[0] > 1:
        values[0] = 0.0
    return np.asarray(np.broadcast_to(values.reshape([*shape[:1], *[1] * (len(shape) - 1)]), shape).copy())


_LANDMARKS = (92.0, 7.0, 2.0, 25.0, 3.3, 0.7, 2.7, 50.0, 1.3, 5.3)
"""Around these, and their negatives, functions bend, saturate, switch to another formula or overflow float32."""


def _saturation(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Near the landmarks in turn, on both sides of zero; where there is room for more, also from -100 to 100."""
    count = int(np.prod(shape))
    near = np.outer(_LANDMARKS, [1.0, -1.0]).ravel()
    values = np.concatenate([near, rng.uniform(-100, 100, max(0, count - near.size))])[:count]
    return np.asarray(rng.permutation(values * rng.uniform(0.97, 1.03, count)).reshape(shape))


PROBING: Mapping[str, Strategy] = {
    "small": lambda rng, shape: rng.standard_normal(shape) * 1e-3,
    "constant": _constant,
    "saturation": _saturation,
    "positive": lambda rng, shape: 0.1 + 2.0 * rng.random(shape),
}
"""More strategies, for probes of ports alone."""

_EXPONENTS = {"positive-small": (-6.0, -2.0), "positive-tiny": (-22.0, -18.0), "positive-large": (2.0, 5.0)}
"""Powers of ten between which positive numbers are drawn."""


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
            inside = rng.uniform(self.low, self.high, shape)
            return _at_limits(rng, inside, self.low, self.high) if strategy == "limits" else inside
        return {**STRATEGIES, **PROBING}[strategy](rng, shape)


@dataclass(frozen=True)
class Positive(Input):
    """Positive real numbers, such as variances: from 0.1 to 2.1, never all 1; or small, tiny or large by strategy."""

    gradient: bool = True

    @property
    def differentiable(self) -> bool:
        """Whether a gradient with respect to this input is compared."""
        return self.gradient

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:  # noqa: ARG002
        """Draw float64 values."""
        if strategy in _EXPONENTS:
            return np.asarray(10.0 ** rng.uniform(*_EXPONENTS[strategy], shape))
        return 0.1 + 2.0 * rng.random(shape)


@dataclass(frozen=True)
class Integers(Input):
    """Whole numbers from ``low`` up to and without ``below``, a number or a size expression over the letters.

    Probes also draw the ``ends`` of the range alone, or one number ``repeated``.
    """

    below: int | str = 2
    low: int = 0

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:
        """Draw int64 values."""
        below = evaluate(self.below, sizes)
        if strategy == "ends":
            return _turns(rng, np.array([below - 1, self.low]), shape)
        if strategy == "repeated":
            return np.full(shape, rng.integers(self.low, below))
        return rng.integers(self.low, below, shape)


@dataclass(frozen=True)
class Mask(Input):
    """Booleans; along the last axis never all false, unless ``empty``.

    Probes also draw ``all`` true or ``none``, false from a place on to the ``end``, false from the ``start`` up to a
    place, and a ``single`` true in each row.
    """

    empty: bool = False

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:  # noqa: ARG002
        """Draw booleans, of which about two thirds are true."""
        if shape and shape[-1] and strategy in _MASKS:
            return _MASKS[strategy](np.arange(shape[-1]), _turning(rng, shape[:-1], shape[-1])[..., None])
        mask = rng.random(shape) < 2 / 3
        if not self.empty and shape and shape[-1]:
            mask[..., 0] |= ~mask.any(axis=-1)
        return mask


@dataclass(frozen=True)
class Lengths(Input):
    """Lengths of sequences: from ``low`` up to and with the size of the axis ``of``; one of them the full length.

    Probes also draw all ``full``, all at their least (``low``), and ``rising`` from the least to the full length.
    """

    of: str = "t"
    low: int = 1

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], sizes: Sizes, strategy: str) -> Array:
        """Draw int64 values."""
        longest = sizes[self.of]
        if strategy == "full":
            return np.full(shape, longest)
        if strategy == "low":
            return np.full(shape, self.low)
        if strategy == "rising":
            return np.linspace(self.low, longest, int(np.prod(shape))).astype(np.int64).reshape(shape)
        lengths = rng.integers(self.low, longest + 1, shape)
        if lengths.size:
            lengths.flat[rng.integers(lengths.size)] = longest
        return lengths


def _at_limits(rng: np.random.Generator, inside: Array, low: float, high: float) -> Array:
    """Some numbers at the limits, some so near that a clip of 1e-7 shows, the others inside."""
    near = 1e-9 * (high - low)
    choices = [np.full(inside.shape, edge) for edge in (low, high, low + near, high - near)]
    return np.choose(_turns(rng, np.arange(5), inside.shape), [*choices, inside])


def _turns(rng: np.random.Generator, values: Array, shape: tuple[int, ...]) -> Array:
    """The values in turn, shuffled, so that each occurs if there is room."""
    return rng.permutation(np.resize(values, int(np.prod(shape)))).reshape(shape)


def _turning(rng: np.random.Generator, shape: tuple[int, ...], count: int) -> Array:
    """For each row a place, beginning with the middle, so that no two rows need be alike."""
    first = np.roll(np.arange(count), -(count // 2))
    return _turns(rng, first[: max(1, int(np.prod(shape)))], shape)


_MASKS: Mapping[str, Callable[[Array, Array], Array]] = {
    "all": lambda place, turn: np.ones(np.broadcast_shapes(place.shape, turn.shape), bool),
    "none": lambda place, turn: np.zeros(np.broadcast_shapes(place.shape, turn.shape), bool),
    "end": lambda place, turn: place <= turn,
    "start": lambda place, turn: place >= turn,
    "single": lambda place, turn: place == turn,
}


def as_input(declared: str | Input) -> Input:
    """An axes string is a real input with a gradient."""
    return Real(declared) if isinstance(declared, str) else declared

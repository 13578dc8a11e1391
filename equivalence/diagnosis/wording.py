"""How a fix is written in the ported layer's framework: transposed, flipped, reshaped, blocks in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Dialect = Literal["torch", "tensorflow", "theano", "numpy"]
Step = tuple[Literal["transpose", "reshape"], tuple[int, ...] | tuple[str, ...]]


def dialect(framework: str) -> Dialect:
    """In whose functions a fix for a framework is told; NumPy's for one that is not known."""
    known: dict[str, Dialect] = {
        "torch": "torch",
        "tensorflow": "tensorflow",
        "keras": "tensorflow",
        "theano": "theano",
    }
    return known.get(framework, "numpy")


def transposed(framework: str, name: str, order: Sequence[int]) -> str:
    """An array whose axis ``k`` is the axis ``order[k]`` of another."""
    moved = [k for k, axis in enumerate(order) if k != axis]
    listed = _listed(order)
    match dialect(framework):
        case "torch":
            return f"{name}.transpose({_listed(moved)})" if len(moved) == 2 else f"{name}.permute({listed})"  # noqa: PLR2004
        case "tensorflow":
            return f"tf.transpose({name}, [{listed}])"
        case "theano":
            return f"{name}.dimshuffle({listed})"
    return f"{name}.transpose({listed})"


def flipped(framework: str, name: str, axes: Sequence[int], count: int) -> str:
    """An array of ``count`` axes, some of them backwards."""
    listed = _listed(sorted(axes))
    match dialect(framework):
        case "torch":
            return f"{name}.flip({listed})"
        case "tensorflow":
            return f"tf.reverse({name}, axis=[{listed}])"
        case "theano":
            return f"{name}[{', '.join('::-1' if k in axes else ':' for k in range(count))}]"
    return f"np.flip({name}, axis=({listed}{',' if len(axes) == 1 else ''}))"


def taken(framework: str, name: str, axis: int, order: Sequence[int]) -> str:
    """An array whose entries along an axis stand in another order."""
    listed = f"[{_listed(order)}]"
    if dialect(framework) == "tensorflow":
        return f"tf.gather({name}, {listed}, axis={axis})"
    return f"{name}[{':, ' * axis}{listed}]"


def blocks(framework: str, name: str, axis: int, order: Sequence[int]) -> str:
    """An array whose blocks along an axis stand in another order."""
    count, listed = len(order), _listed(order)
    match dialect(framework):
        case "torch":
            parts, joined = f"{name}.chunk({count}, dim={axis})", f"torch.cat([{{}}], dim={axis})"
        case "tensorflow":
            parts, joined = f"tf.split({name}, {count}, axis={axis})", f"tf.concat([{{}}], axis={axis})"
        case "theano":
            parts, joined = (
                f"tt.split({name}, [{name}.shape[{axis}] // {count}] * {count}, {count}, axis={axis})",
                f"tt.concatenate([{{}}], axis={axis})",
            )
        case _:
            parts, joined = f"np.split({name}, {count}, axis={axis})", f"np.concatenate([{{}}], axis={axis})"
    return joined.format(f"{parts}[k] for k in ({listed})")


def rolled(framework: str, name: str, axis: int, by: int) -> str:
    """An array rolled along an axis."""
    match dialect(framework):
        case "torch":
            return f"torch.roll({name}, {by}, dims={axis})"
        case "tensorflow":
            return f"tf.roll({name}, {by}, axis={axis})"
        case "theano":
            return f"tt.roll({name}, {by}, axis={axis})"
    return f"np.roll({name}, {by}, axis={axis})"


def chained(framework: str, name: str, steps: Sequence[Step]) -> str:
    """An array transposed and reshaped one after the other; steps that do nothing, or that are one, are drawn together.

    Args:
        framework: the ported layer's.
        name: what the array is called there.
        steps: ``("transpose", order)`` and ``("reshape", sizes)``, sizes as they are to be written.
    """
    text = name
    for kind, given in simplified(steps):
        if kind == "transpose":
            text = transposed(framework, text, [int(axis) for axis in given])
        elif dialect(framework) == "tensorflow":
            text = f"tf.reshape({text}, [{_listed(given)}])"
        elif dialect(framework) == "theano":
            text = f"{text}.reshape(({_listed(given)}))"
        else:
            text = f"{text}.reshape({_listed(given)})"
    return text


def simplified(steps: Sequence[Step]) -> list[Step]:
    """The same change in as few steps."""
    found: list[Step] = []
    for kind, given in steps:
        if kind == "transpose" and found and found[-1][0] == "transpose":
            before = found.pop()[1]
            given = tuple(int(before[int(axis)]) for axis in given)  # noqa: PLW2901 - the two are one
        elif kind == "reshape" and found and found[-1][0] == "reshape":
            found.pop()
        if kind == "reshape" or list(given) != list(range(len(given))):
            found.append((kind, given))
    return found


def listed(words: Sequence[str]) -> str:
    """Words with commas, and ``and`` before the last."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _listed(numbers: Sequence[object]) -> str:
    return ", ".join(map(str, numbers))

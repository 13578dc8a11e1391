"""A convolution is linear in its images and in its filters: the map itself, and its adjoint in each of the two.

``maps`` are what a convolution returns, ``n o i j``; filters are ``o c/groups p q``, images ``n c h w``, or with one
spatial axis or three alike. For any maps ``m``, ``<correlate(x, w), m> = <x, paint(m, w)> = <w, match(x, m)>``, and
that is what makes them the gradients.
"""

from __future__ import annotations

import numpy as np

from equivalence.inputs import Array
from equivalence_reference._windows import Windows


def correlate(windows: Windows, images: Array, filters: Array, groups: int) -> Array:
    """Weight and sum what each window sees: from images ``n c h w`` to maps ``n o i j``."""
    i, p = _letters(windows)
    seen = _by_group(windows.gather(images), 1, groups)
    maps = np.einsum(f"ngc{i}{p},goc{p}->ngo{i}", seen, _by_group(filters, 0, groups), optimize=True)
    result: Array = maps.reshape(images.shape[0], filters.shape[0], *windows.output)
    return result


def paint(windows: Windows, maps: Array, filters: Array, groups: int) -> Array:
    """The adjoint of :func:`correlate` in the images: from maps ``n o i j`` to images ``n c h w``."""
    i, p = _letters(windows)
    by_group = _by_group(maps, 1, groups), _by_group(filters, 0, groups)
    painted = np.einsum(f"ngo{i},goc{p}->ngc{i}{p}", *by_group, optimize=True)
    return windows.scatter(painted.reshape(maps.shape[0], -1, *painted.shape[3:]))


def match(windows: Windows, images: Array, maps: Array, groups: int) -> Array:
    """The adjoint of :func:`correlate` in the filters: from images and maps to filters ``o c/groups p q``."""
    i, p = _letters(windows)
    seen = _by_group(windows.gather(images), 1, groups)
    matched = np.einsum(f"ngc{i}{p},ngo{i}->goc{p}", seen, _by_group(maps, 1, groups), optimize=True)
    result: Array = matched.reshape(-1, *matched.shape[2:])
    return result


def oriented(filters: Array, flip_kernel: bool) -> Array:  # noqa: FBT001
    """Filters as they are, or walked backwards along their spatial axes."""
    return np.flip(filters, axis=tuple(range(2, filters.ndim))) if flip_kernel else filters


def with_bias(maps: Array, bias: Array | None) -> Array:
    """Add a number to each map; a bias that is left out is zero."""
    return maps if bias is None else maps + bias.reshape(-1, *(1 for _ in maps.shape[2:]))


def _letters(windows: Windows) -> tuple[str, str]:
    """The letters of the output's spatial axes and of the kernel's."""
    axes = len(windows.kernel)
    return "kij"[-axes:], "rpq"[-axes:]


def _by_group(array: Array, axis: int, groups: int) -> Array:
    """Cut one axis into ``groups`` consecutive blocks: from ``c`` to ``g c``."""
    blocks = groups, array.shape[axis] // groups
    return array.reshape(*array.shape[:axis], *blocks, *array.shape[axis + 1 :])

"""A network's parameters in a file, and back: the same numbers under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from equivalence import tensorfiles
from equivalence.errors import EquivalenceError
from equivalence.inputs import Array


def save(path: Path, parameters: Mapping[str, Array]) -> None:
    """Write parameters by name as ``.npz`` or ``.safetensors``; the file appears whole or not at all.

    Raises:
        UsageError: if the name ends otherwise.
        EquivalenceError: if the file cannot be written.
    """
    tensorfiles.write(path, parameters)


def load(path: Path, like: Mapping[str, Array]) -> dict[str, Array]:
    """Read the parameters of a network.

    Args:
        path: a ``.npz`` or ``.safetensors`` file.
        like: the network's parameters: the file must hold exactly these names, each with this shape.

    Returns:
        The parameters in the order and the dtypes of ``like``.

    Raises:
        UsageError: if the file is not there, or its name ends otherwise.
        EquivalenceError: if it is damaged, or one message with every name that is missing, too many, of another shape,
            or of a dtype that would lose digits.
    """
    found = tensorfiles.read(path)
    problems = [f"{name} is missing" for name in like if name not in found]
    problems += [f"{name} is none of its parameters" for name in found if name not in like]
    for name, own in like.items():
        if name in found and found[name].shape != own.shape:
            problems.append(f"{name} has the shape {found[name].shape} in place of {own.shape}")
        elif name in found and not np.can_cast(found[name].dtype, own.dtype, "safe"):
            problems.append(f"{name} is {found[name].dtype}, which {own.dtype} cannot hold")
    if problems:
        raise EquivalenceError(f"{path} does not hold the parameters of this network", fix="; ".join(problems))
    return {name: found[name].astype(own.dtype) for name, own in like.items()}

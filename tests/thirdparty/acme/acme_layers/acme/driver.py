"""Acme's driver: NumPy functions, and gradients by complex steps, which are exact to rounding."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import numpy as np

from equivalence.driver import Call, Result
from equivalence.inputs import Array

_STEP = 1e-30


class AcmeDriver:
    """Performs functions of arrays that also accept complex numbers."""

    def versions(self) -> dict[str, str]:
        """Acme's version, and NumPy's."""
        return {"acme-layers": version("acme-layers"), "numpy": np.__version__}

    def run(self, call: Call) -> Result:
        """Evaluate a function and its vector-Jacobian product."""
        outputs = {name: np.asarray(value) for name, value in call.invoke(call.arrays).items()}
        if not call.cotangents or any(outputs[name].shape != t.shape for name, t in call.cotangents.items()):
            return Result(outputs, {})
        return Result(outputs, {name: _gradient(call, name) for name in call.wrt})


def _gradient(call: Call, name: str) -> Array:
    exact = {key: array.astype(np.complex128) for key, array in call.arrays.items()}
    gradient = np.zeros(call.arrays[name].shape)
    for index in np.ndindex(gradient.shape):
        moved = exact[name].copy()
        moved[index] += 1j * _STEP
        outputs = replace(call, arrays={}).invoke({**exact, name: moved})
        gradient[index] = sum(np.sum(t * outputs[key].imag) for key, t in call.cotangents.items()) / _STEP
    return gradient.astype(call.arrays[name].dtype)

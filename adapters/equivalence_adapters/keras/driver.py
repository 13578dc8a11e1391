"""The Keras driver: TensorFlow's, because Keras computes with TensorFlow."""

from __future__ import annotations

from equivalence_adapters.tensorflow.driver import TensorflowDriver


class KerasDriver(TensorflowDriver):
    """Performs functions that call Keras's layers and operations on TensorFlow's tensors."""

    def versions(self) -> dict[str, str]:
        """Keras's version first, then its backend's."""
        found = super().versions()
        return {"keras": found["keras"], **found}

"""Keras: its layers, where they differ from ``tf.nn``, on the TensorFlow backend."""

from dataclasses import replace

from equivalence_adapters.tensorflow import adapter as tensorflow

# Keras computes with TensorFlow here: that the two agree is no evidence for either.
adapter = replace(
    tensorflow,
    name="keras",
    title="Keras",
    driver="equivalence_adapters.keras.driver:KerasDriver",
    bindings="equivalence_adapters.keras",
    requires=("keras>=3.15", "tensorflow>=2.21"),
    library="tensorflow",
)

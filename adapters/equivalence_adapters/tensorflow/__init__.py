"""TensorFlow: its driver, and a binding of each operation under the references' family names."""

from equivalence.binding import HALF_TOO, Adapter

adapter = Adapter(
    name="tensorflow",
    title="TensorFlow",
    driver="equivalence_adapters.tensorflow.driver:TensorflowDriver",
    bindings="equivalence_adapters.tensorflow",
    requires=("tensorflow>=2.21", "keras>=3.15"),
    environment={
        # Errors only: what is worth knowing reaches the suite as an exception.
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # One thread, as every worker: thread pools would add in another order each time. TensorFlow reads these two
        # when it first computes, so they cannot wait for the driver.
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        # Without oneDNN, TensorFlow has no gradient of grouped convolutions on a CPU, in float32 either; whether it is
        # on by default depends on the processor.
        "TF_ENABLE_ONEDNN_OPTS": "1",
        # A user's choice of another backend for Keras is not meant for this worker.
        "KERAS_BACKEND": "tensorflow",
        # TensorFlow would move every operation to a graphics card by itself, and to its faster, coarser arithmetic.
        "CUDA_VISIBLE_DEVICES": "",
    },
    dtypes=HALF_TOO,
)

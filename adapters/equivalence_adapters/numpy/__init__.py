"""NumPy: performs the references themselves, and users' functions of arrays."""

from equivalence.binding import HALF_TOO, Adapter

adapter = Adapter(
    name="numpy",
    title="NumPy reference",
    driver="equivalence_adapters.numpy.driver:NumpyDriver",
    bindings="",
    requires=("numpy>=1.23",),
    dtypes=HALF_TOO,
)

"""PyTorch: its driver, and a binding of each operation under the references' family names."""

from equivalence.binding import HALF_TOO, Adapter

adapter = Adapter(
    name="torch",
    title="PyTorch",
    driver="equivalence_adapters.torch.driver:TorchDriver",
    bindings="equivalence_adapters.torch",
    requires=("torch>=2.13",),
    dtypes=HALF_TOO,
)

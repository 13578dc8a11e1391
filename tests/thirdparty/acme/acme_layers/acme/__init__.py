"""Acme's own framework."""

from equivalence.binding import Adapter

adapter = Adapter(
    name="acme",
    title="Acme",
    driver="acme_layers.acme.driver:AcmeDriver",
    bindings="acme_layers.acme",
    requires=("acme-layers>=0.1", "numpy>=1.23"),
)

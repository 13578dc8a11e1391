"""Activations of Theano."""

from equivalence.binding import binding
from equivalence.lazy import Lazy

nnet = Lazy("theano.tensor.nnet")

relu = binding(
    # Computed as (x + |x|) / 2, whose gradient at exactly 0 is one half.
    nnet.relu,
    x="...",
    output="...",
    docs="https://theano-pymc.readthedocs.io/en/latest/library/tensor/nnet/nnet.html#theano.tensor.nnet.relu",
)

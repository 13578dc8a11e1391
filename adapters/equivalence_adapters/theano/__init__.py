"""Theano, with the conventions of Lasagne's layers written on it: the package Lasagne 0.1 itself no longer imports.

No binding declares a half format: "On the CPU we do not support float16", its convolutions say, and what relu gives for
float16 is float32. It has no bfloat16.
"""

from equivalence.binding import Adapter

adapter = Adapter(
    name="theano",
    title="Theano / Lasagne",
    driver="equivalence_adapters.theano.driver:TheanoDriver",
    bindings="equivalence_adapters.theano",
    requires=("theano-pymc==1.1.2", "numpy==1.23.5", "scipy==1.11.4"),
    stack="theano",
    recipe="constraints.txt",
)

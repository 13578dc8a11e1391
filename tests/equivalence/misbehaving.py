"""Bindings of ``doubled`` that misbehave on cases of two rows, each in its own way. Loaded by real workers."""

import os
import signal
import sys
import time

import numpy as np

from equivalence.binding import binding
from equivalence.operation import case, operation


@operation(
    inputs={"x": "n c"},
    output="n c",
    rounding=None,  # gradients here are differences
    cases=[
        case("before", {"n": 3, "c": 4}),
        case("bad", {"n": 2, "c": 4}),
        case("after", {"n": 4, "c": 4}),
    ],
)
def doubled(x):
    return 2 * x


@doubled.vjp
def doubled_vjp(cotangent, x):
    del x
    return {"x": 2 * cotangent}


def when_bad(misbehave):
    def layer(x):
        return misbehave(x) if len(x) == 2 else 2 * x

    return binding(layer, docs="tests", operation="doubled", variant=misbehave.__name__)


def _said(text):
    print(text, file=sys.stderr)
    print(text, flush=True)


@when_bad
def raises(x):
    _said("about to raise")
    raise ValueError("this layer does not work")


@when_bad
def prints(x):
    _said("chatter " * 10_000)
    return 2 * x


@when_bad
def exits(x):
    _said("about to exit")
    os._exit(3)


@when_bad
def leaves(x):
    _said("about to leave")
    sys.exit("gone")


@when_bad
def is_killed(x):
    _said("about to be killed")
    os.kill(os.getpid(), signal.SIGKILL)


@when_bad
def hangs(x):
    _said("about to hang")
    time.sleep(600)


@when_bad
def two_outputs(x):
    _said("about to return two")
    return 2 * x, x


@when_bad
def no_output(x):
    _said("about to return nothing")


@when_bad
def wrong_shape(x):
    _said("about to return another shape")
    return 2 * x[:, :2]


@when_bad
def transposed(x):
    _said("about to return a transpose")
    return (2 * x).T


@when_bad
def objects(x):
    _said("about to return objects")
    return np.array([[object()] * x.shape[1]] * x.shape[0])

"""Bindings that go wrong in half precision alone, for tests: in float32 and float64 they are right."""

from equivalence.binding import HALF_TOO, binding
from equivalence.lazy import Lazy

torch, functional = Lazy("torch"), Lazy("torch.nn.functional")


def _half(x):
    return x.dtype in (torch.float16, torch.bfloat16)


def right(x):
    return functional.relu(x)


def off_by_a_tenth(x):
    return functional.relu(x) * (1.1 if _half(x) else 1)


def fewer_bits(x):
    y = functional.relu(x)
    return y.to(torch.float8_e5m2).to(x.dtype) if _half(x) else y


def off_everywhere(x, weight, bias=None, *, activation):
    y = functional.linear(x, weight, bias)
    return 1.1 * (y if activation == "linear" else getattr(torch, activation)(y))


def shifted_softmax(x, *, axis):
    return functional.softmax(x, axis) + (0.1 if _half(x) else 0)


_DECLARED = {"docs": "tests", "dtypes": HALF_TOO}
relu = binding(right, **_DECLARED)
tenth = binding(off_by_a_tenth, operation="relu", variant="tenth", **_DECLARED)
coarse = binding(fewer_bits, operation="relu", variant="coarse", **_DECLARED)
dense = binding(off_everywhere, **_DECLARED)
softmax = binding(shifted_softmax, **_DECLARED)

import subprocess
import sys

import pytest

FAMILIES = ("linear", "convolution", "pooling", "activation")


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_bindings_are_read_without_importing_the_framework(framework):
    modules = ", ".join(f"equivalence_adapters.{framework}.{family}" for family in FAMILIES)
    script = f"import sys, {modules}; print({framework!r} in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

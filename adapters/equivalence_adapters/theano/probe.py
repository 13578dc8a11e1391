"""Run by a new Theano stack's interpreter: compiles a small function to C and checks what it computes."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile

_PARTS = "a C++ compiler and Python's header files (on Debian: apt install g++ python3.11-dev)"


def main() -> None:
    """Exit with a reason if Theano cannot be imported, compiles no C code, or computes something else."""
    folder = tempfile.mkdtemp()
    # Registered before Theano is imported, so it runs after what Theano still does in that folder when it leaves.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    given = os.environ.get("THEANO_FLAGS", "")
    os.environ["THEANO_FLAGS"] = f"blas__ldflags=,{given},base_compiledir={folder}"
    logging.getLogger("theano.tensor.blas").setLevel(logging.ERROR)
    import theano  # noqa: PLC0415 - only once its flags are set

    if not theano.config.cxx:
        sys.exit(f"Theano found no g++. It needs {_PARTS}.")
    x = theano.tensor.dvector("x")
    try:
        doubled = theano.function([x], 2 * x, mode=theano.compile.Mode(linker="c", optimizer=None))
    except Exception as error:  # noqa: BLE001 - whatever a compiler's failure is wrapped in
        sys.exit(f"{error}\nTheano's C code did not compile. It needs {_PARTS}.")
    if list(doubled([1.0, -2.5])) != [2.0, -5.0]:
        sys.exit("Theano computes 2 x wrongly.")


if __name__ == "__main__":
    main()

"""Compiling once the headers that every module of Theano's C code begins with: most of a cold run is spent on them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

_HEADERS = """\
#include <Python.h>
#include <iostream>
#include "theano_mod_helper.h"
#include <math.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
"""


def precompile(theano: Any, folder: Path) -> str:
    """The compiler flag that brings in the compiled headers, which are made first if need be.

    The compiler takes them only where its version and options are those they were made with, and reads the headers
    themselves otherwise, so nothing but time depends on them. Without GCC, or if it fails, there is no flag.
    """
    from theano.link.c import cmodule  # noqa: PLC0415 - only a worker has Theano

    compiler = theano.config.cxx
    if not compiler or "Free Software Foundation" not in _output([compiler, "--version"]):
        return ""
    options = ["-fno-math-errno", *cmodule.GCC_compiler.compile_args()]
    options += [f"-I{path}" for path in cmodule.std_include_dirs()]
    command = [compiler, "-g", *options, "-x", "c++-header"]
    made = hashlib.sha256(" ".join([*command, _HEADERS]).encode()).hexdigest()[:16]
    source = folder / f"headers-{made}.h"
    compiled = Path(f"{source}.gch")
    if not compiled.exists():
        folder.mkdir(parents=True, exist_ok=True)
        source.write_text(_HEADERS, encoding="utf-8")
        # Another worker may do the same: each writes a file of its own, and one takes the other's place.
        partial = Path(f"{compiled}.{os.getpid()}")
        _output([*command, str(source), "-o", str(partial)])
        if not partial.exists():
            return ""
        partial.replace(compiled)
    return f"-include {source}"


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout

"""What every test may use."""

import signal
from pathlib import Path

from hypothesis import settings

pytest_plugins = ["pytester"]

# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background jobs so, and what the tests start would inherit it: nothing could be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--run-slow", action="store_true", help="run also what is too long for every run")


LONGEST_FIRST = ("test_matrix.py", "ports/", "models/", "networks/")
"""What takes minutes: begun first, so that no process is left alone with it at the end."""


def pytest_collection_modifyitems(config, items):
    here = Path(__file__).parent
    items.sort(key=lambda item: _rank(item.path.relative_to(here).as_posix() if here in item.path.parents else ""))
    if config.getoption("--run-slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if not item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)


def _rank(path):
    return next((rank for rank, start in enumerate(LONGEST_FIRST) if path.startswith(start)), len(LONGEST_FIRST))

"""Synthetic runs with every verdict, and a browser for the tests marked so."""

from __future__ import annotations

import os
import random
import shutil
from itertools import combinations

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from equivalence.answer import Diagnosis, Example, PortOutcome, Probe
from equivalence.comparison import Comparison, compare
from equivalence.outcome import Outcome, reproduce_command
from equivalence.report import write_report
from equivalence.runfile import Run

BROWSER = ("chromium", "chromedriver")
FIX = "apt-get install chromium chromium-driver"


def _without_browser() -> list[str]:
    return [name for name in BROWSER if shutil.which(name) is None]


def pytest_collection_modifyitems(config, items):
    """Leave browser tests out where there is none; under CI they stay in, and fail."""
    if not _without_browser() or os.environ.get("CI"):
        return
    out = [item for item in items if item.get_closest_marker("browser")]
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=out)


def pytest_terminal_summary(terminalreporter):
    if (missing := _without_browser()) and not os.environ.get("CI"):
        line = f"browser tests of the report were left out: no {', '.join(missing)} on PATH; {FIX}"
        terminalreporter.write_line(line, yellow=True)


HEADER = {
    "kind": "header",
    "schema": 1,
    "seed": 0,
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "created": "2026-01-02T03:04:05+00:00",
    "versions": {
        "layer-equivalence": "0.1.0",
        "python": "3.12.1",
        "platform": "Linux-6.1-x86_64",
        "numpy": {"numpy": "2.4.0"},
        "tensorflow": {"tensorflow": "2.21.0", "keras": "3.15.0", "numpy": "2.4.0"},
        "torch": {"torch": "2.13.0", "numpy": "2.4.0"},
        "theano": {"theano": "1.1.2", "numpy": "1.23.5"},
    },
    "absent": {},
}


REASONS = {
    "equal": "a tolerance of 2.5e-07 is needed, within the allowed 1e-05",
    "different": "a tolerance of 0.5 is needed, beyond the allowed 1e-05",
}
MEASURED = set(Comparison.__dataclass_fields__) - {"left", "right", "verdict"}


def make_outcome(verdict="equal", **changes):
    """One outcome: fields of the outcome and of its comparison by name, with ``left_value`` and ``right_value``."""
    compared = {"verdict": verdict, "tolerance": 1e-5, "reason": REASONS.get(verdict, f"{verdict} for a reason")}
    if verdict in REASONS:
        needed = 2.5e-7 if verdict == "equal" else 0.5
        compared |= {"required_tolerance": needed, "max_abs": needed, "max_rel": needed, "worst_index": (0, 1, 2)}
        compared |= {"left": 1.0, "right": 1.0 - needed, "count": 60}
    compared |= {name: changes.pop(name) for name in MEASURED & set(changes)}
    compared |= {name: changes.pop(f"{name}_value") for name in ("left", "right") if f"{name}_value" in changes}
    own = {"operation": "conv2d", "family": "convolution", "case": "valid", "left": "numpy", "right": "torch"}
    own |= {"dtype": "float32", "quantity": "forward"} | changes
    names = [name for name in (own["left"], own["right"]) if name]
    own.setdefault("reproduce", reproduce_command(own["operation"], own["case"], own["dtype"], names, 0))
    return Outcome(comparison=Comparison(**compared), **own)


def make_error(**changes):
    """What is left of a participant that gave nothing."""
    return make_outcome("error", **({"right": "", "quantity": "call", "tolerance": None, "log": "Killed\n"} | changes))


def make_run(outcomes, *, complete=True, **header):
    """A run of these outcomes."""
    return Run(HEADER | header, list(outcomes), complete)


FAMILIES = ("linear", "convolution", "pooling", "activation", "normalization")
LOG = "Traceback (most recent call last):\n  ...\nRuntimeError: out of memory\n"


def synthetic(operations=20, cases=7, seed=0, participants=("numpy", "tensorflow", "torch", "theano")):
    """A run as large as wanted, mostly equal, with every verdict in it if it is large enough."""
    generator = random.Random(seed)
    outcomes = []
    for place in range(operations):
        common = {"operation": f"operation{place}", "family": FAMILIES[place * len(FAMILIES) // operations]}
        for case in range(cases):
            for dtype in ("float32", "float64"):
                common |= {"case": f"case{case}-stride{case}x{case + 1}", "dtype": dtype}
                for left, right in combinations(participants, 2):
                    outcomes += _quantities(generator, common | {"left": left, "right": right}, place)
        if place % 7 == 5:
            outcomes.append(make_error(**common | {"left": participants[2], "log": LOG}))
    return make_run(outcomes)


def _quantities(generator, common, place):
    tolerance = 1e-5 if common["dtype"] == "float32" else 1e-10
    for quantity in ("forward", "gradient-x", "gradient-weight"):
        verdict = (
            "equal" if generator.random() > 0.002 else generator.choice(["different", "error", "undecided", "skipped"])
        )
        known = place % 5 == 3 and quantity == "gradient-x" and common["right"] == "theano"
        fields = common | {"quantity": quantity, "tolerance": tolerance}
        if known:
            verdict = "different"
            fields |= {"known_difference": "gradient.ties", "link": "https://example.org/ties"}
        if verdict in {"equal", "different"}:
            fields |= _numbers(generator, tolerance, verdict)
        yield make_outcome(verdict, **fields)


def _numbers(generator, tolerance, verdict):
    needed = tolerance * generator.random() ** 3 if verdict == "equal" else generator.random()
    sign = "within" if verdict == "equal" else "beyond"
    value = generator.gauss(0, 1)
    return {
        "required_tolerance": needed,
        "max_abs": needed * 1.3,
        "max_rel": needed * 1.7,
        "worst_index": tuple(generator.randint(0, 9) for _ in range(4)),
        "left_value": value,
        "right_value": value + needed,
        "count": generator.randint(8, 4000),
        "reason": f"a tolerance of {needed:.2g} is needed, {sign} the allowed {tolerance:.2g}",
    }


@pytest.fixture
def outcome():
    return make_outcome


@pytest.fixture
def error():
    return make_error


@pytest.fixture
def run_of():
    return make_run


@pytest.fixture
def synthetic_run():
    return synthetic


@pytest.fixture
def run():
    """Two operations, every verdict, numbers of every kind."""
    relu = {"operation": "relu", "family": "activation"}
    known = {"known_difference": "gradient.ties", "link": "https://example.org/ties"}
    return make_run(
        [
            make_error(left="theano", log="line one\nKilled"),
            make_outcome(quantity="forward"),
            make_outcome("different", quantity="gradient-x", left_value=float("nan"), right_value=-float("inf")),
            make_outcome("undecided", quantity="gradient-weight", case="same"),
            make_outcome("skipped", case="same", dtype="float64"),
            make_outcome(right="tensorflow", bound_ratio=0.125),
            make_outcome("different", quantity="gradient-x", **relu, **known),
            make_outcome(case="plain", **relu),
        ]
    )


def make_diagnosis(**changes):
    """Two layers of which one flips its kernel."""
    own = {
        "code": "kernel.flipped",
        "confidence": 0.996,
        "message": "The ported layer correlates where the original convolves.",
        "fix": 'weight = weight[::-1, ::-1]\nreturn tf.nn.conv2d(x, weight, strides=1, padding="VALID")',
        "error_before": 0.83,
        "error_after": 1.2e-15,
        "probe": "distinct sizes, float64",
    }
    return Diagnosis(**own | changes)


def make_example(count=4, **changes):
    """A failing input of so many numbers."""
    x = np.arange(count, dtype=np.float64).reshape(1, 1, 2, count // 2) / 3
    original = {"output": np.array([[1.0, np.nan]])}
    own = {"arrays": {"x": x, "mask": np.array([True, False])}, "sizes": {"n": 1, "w": count // 2}, "dtype": "float64"}
    own |= {"probe": "distinct sizes", "original": original, "ported": {"output": np.array([[1.0, -np.inf]])}}
    return Example(**own | changes)


KINDS_OF_PROBE = ("distinct sizes", "equal sizes", "n of size 1", "large values", "ties", "offset data", "all negative")


def make_probe(kind="distinct sizes", dtype="float64", verdict="equal", **changes):
    """A probe of this kind, with a comparison."""
    compared = {} if verdict in {"error", "undecided"} else {"output": compare_numbers(verdict)}
    own = {"name": f"{kind}, {dtype}", "verdict": verdict, "dtype": dtype, "sizes": {"n": 2, "c": 3}}
    return Probe(**own | {"forward": compared} | changes)


def compare_numbers(verdict):
    right = np.array([[1.0, 2.0]]) if verdict == "equal" else np.array([[1.0, 2.5]])
    return compare(np.array([[1.0, 2.0]]), right, 1e-10)


def make_port_outcome(verdict="different", **changes):
    """The answer on one port; one that differs is explained."""
    both = ("float32", "float64")
    probes = [make_probe(kind, dtype, verdict) for kind in KINDS_OF_PROBE[:2] for dtype in both]
    probes += [make_probe(kind, dtype) for kind in KINDS_OF_PROBE[2:] for dtype in both]
    compared = verdict in {"equal", "different"}
    own = {
        "name": "nin",
        "verdict": verdict,
        "forward": {"output": compare_numbers(verdict)} if compared else {},
        "gradients": {"x": compare_numbers("equal")} if compared else {},
        "probes": probes,
        "reason": f"{verdict} for a reason (probe: distinct sizes, float32)",
        "reproduce": "equivalence check nin_port.py --only nin",
    }
    if verdict == "different":
        own |= {"diagnoses": [make_diagnosis()], "smallest": make_example()}
    return PortOutcome(**own | changes)


@pytest.fixture
def diagnosis():
    return make_diagnosis


@pytest.fixture
def example():
    return make_example


@pytest.fixture
def probe():
    return make_probe


@pytest.fixture
def port_outcome():
    return make_port_outcome


@pytest.fixture
def port_outcomes():
    """An answer of every verdict, with everything an answer may have."""
    hint = "the layer has no bias of its own: equality was not proved for one"
    second = make_diagnosis(
        code="unknown", confidence=0.25, message="Nothing explains the rest.", fix="", error_after=None
    )
    return [
        make_port_outcome(
            diagnoses=[make_diagnosis(), second], warnings=[hint], left_out=["half precision: not asked"]
        ),
        make_port_outcome(
            name="large", smallest=make_example(200, file="failing/large.npz"), diagnoses=[], remark="Neither is."
        ),
        make_port_outcome("equal", name="another name", warnings=[hint]),
        make_port_outcome("undecided", name="hard", probes=[make_probe(verdict="undecided", reason="both raise")]),
        make_port_outcome("error", name="dies", probes=[make_probe(verdict="error", reason="died", log=LOG)]),
    ]


OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    if missing := _without_browser():
        pytest.fail(f"no {' and no '.join(missing)} on PATH; {FIX}")
    binary, driver = map(shutil.which, BROWSER)
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(driver))
    yield found
    found.quit()


@pytest.fixture
def browser(chromium):
    """The browser; whatever a test does, the page must have complained about nothing."""
    chromium.get_log("browser")
    yield chromium
    for override in ("Emulation.clearDeviceMetricsOverride", "Emulation.setEmulatedMedia"):
        chromium.execute_cdp_cmd(override, {})
    assert chromium.get_log("browser") == []


CONTRAST = """
const channels = (text) => text.match(/[\\d.]+/g).map(Number);
const background = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const [red, green, blue, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
    if (alpha > 0) return [red, green, blue];
  }
};
const luminance = (rgb) => {
  const [red, green, blue] = rgb.slice(0, 3).map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
return [...document.querySelectorAll(arguments[0])].filter((node) => node.checkVisibility()).map((node) => {
  const both = [luminance(channels(getComputedStyle(node).color)), luminance(background(node))];
  const [low, high] = both.sort((one, other) => one - other);
  return [node.className + " " + node.textContent.trim(), (high + 0.05) / (low + 0.05)];
});
"""


@pytest.fixture
def contrasts():
    """The contrast of every visible element that a selector finds, by its class and text."""
    return lambda browser, selector: browser.execute_script(CONTRAST, selector)


@pytest.fixture
def show(browser, tmp_path):
    def show_run(run, power=None):
        write_report(tmp_path / "report.html", run, power)
        browser.get("about:blank")
        browser.get((tmp_path / "report.html").as_uri())
        return browser

    return show_run

"""The section on the suite's power in a browser: width, contrast, and no section of comparisons in it."""

from itertools import product

import pytest
from selenium.webdriver.common.by import By

from equivalence.power.results import Mutant, Power

pytestmark = pytest.mark.browser

READABLE = 4.5  # the ratio that WCAG 2.2 asks for, success criterion 1.4.3
LONG = "x" * 200


@pytest.fixture
def power():
    own = {"operation": f"conv2d_{LONG}", "participant": "torch/composed", "kind": "flip", "name": f"flip-{LONG}"}
    kill = {"how": "different", "case": "large", "reason": "beyond"}
    mutants = [
        Mutant(**own, **kill, status="killed"),
        Mutant(**own, status="survived", revealing=f"case('{LONG}')"),
        Mutant(**own, status="equivalent", reason=LONG),
        Mutant(**own, status="error", reason=LONG),
    ]
    return Power(tuple(mutants), {}, commit="0" * 40, created="2026-01-02T03:04:05+00:00")


def opened(browser):
    found = browser.find_element(By.CSS_SELECTOR, "details.equivalents")
    found.find_element(By.TAG_NAME, "summary").click()
    return found


def test_the_equivalents_open_and_hold_no_comparisons(show, run, power):
    found = opened(show(run, power))
    assert found.find_element(By.TAG_NAME, "dd").is_displayed()
    assert found.find_elements(By.TAG_NAME, "form") == []


def test_the_score_at_the_top_leads_to_the_section(show, run, power):
    browser = show(run, power)
    browser.find_element(By.CSS_SELECTOR, "a[href='#power']").click()
    assert browser.current_url.endswith("#power")


@pytest.mark.parametrize(("width", "scheme"), list(product([390, 1400], ["light", "dark"])))
def test_it_fits_and_is_readable(show, run, power, contrasts, width, scheme):
    browser = show(run, power)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    opened(browser)
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.execute_script(wide) <= 0
    first = browser.find_element(By.CSS_SELECTOR, ".power tbody .first")
    assert first.rect["width"] < 0.6 * width
    found = contrasts(browser, "[aria-labelledby=power] :is(.pill, p, pre, dt, dd, th, td, small, summary, .id)")
    assert len(found) > 20
    assert {name: contrast for name, contrast in found if contrast < READABLE} == {}

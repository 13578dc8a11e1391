"""The page on ports in a browser: width, contrast, links, nothing run that should not be."""

from itertools import product

import pytest
from selenium.webdriver.common.by import By

from equivalence.report.ports import write_port_report

pytestmark = pytest.mark.browser

READABLE = 4.5  # the ratio that WCAG 2.2 asks for, success criterion 1.4.3
SIDEWAYS = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
TEXT = ".pill, .headline, p, dt, dd, th, td, a, small, button, summary, code, pre, li, h3, h4, .confidence"
EVIL = "<img src=x onerror=\"document.title='evil'\">"


@pytest.fixture
def show_ports(browser, tmp_path):
    def shown(outcomes):
        write_port_report(tmp_path / "ports.html", outcomes)
        browser.get("about:blank")
        browser.get((tmp_path / "ports.html").as_uri())
        return browser

    return shown


@pytest.mark.parametrize(("width", "scheme"), list(product((360, 1400), ("light", "dark"))))
def test_it_fits_and_is_readable(show_ports, port_outcomes, port_outcome, diagnosis, example, contrasts, width, scheme):
    long = "a" * 300
    found = [diagnosis(message=long, fix=long)]
    hard = port_outcome(name=long, reason=long, diagnoses=found, warnings=[long], smallest=example(60))
    browser = show_ports([*port_outcomes, hard])
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert browser.execute_script(SIDEWAYS) <= 0
    found = contrasts(browser, TEXT)
    assert len(found) > 100
    assert [entry for entry in found if entry[1] < READABLE] == []


def test_the_bar_is_as_long_as_the_confidence(show_ports, port_outcomes):
    browser = show_ports(port_outcomes)
    bars = browser.find_elements(By.CSS_SELECTOR, ".diagnosis meter")
    assert [float(bar.get_attribute("value")) for bar in bars] == [0.996, 0.25]
    assert all(bar.is_displayed() for bar in bars)


def test_the_list_at_the_top_leads_to_each_port(show_ports, port_outcomes):
    browser = show_ports(port_outcomes)
    links = browser.find_elements(By.CSS_SELECTOR, ".contents a")
    assert [link.text for link in links] == [port.name for port in port_outcomes]
    links[3].click()
    target = browser.find_element(By.CSS_SELECTOR, ":target")
    assert "hard" in target.text


def test_many_probes_are_folded_until_they_are_asked_for(show_ports, port_outcome, probe):
    browser = show_ports([port_outcome(probes=[probe(f"kind {number}") for number in range(30)])])
    table = browser.find_element(By.CSS_SELECTOR, ".probes table")
    assert not table.is_displayed()
    browser.find_element(By.CSS_SELECTOR, ".probes summary").click()
    assert table.is_displayed()


def test_the_command_can_be_copied(show_ports, port_outcome):
    browser = show_ports([port_outcome()])
    button = browser.find_element(By.CSS_SELECTOR, "button.copy")
    button.click()
    assert (
        browser.execute_async_script(
            "setTimeout(() => arguments[0](document.querySelector('button').textContent), 300)"
        )
        == "Copied"
    )


def test_what_a_port_says_is_shown_and_not_run(show_ports, port_outcome, diagnosis):
    nasty = port_outcome(name=EVIL, reason=EVIL, diagnoses=[diagnosis(message=EVIL, fix=EVIL)], warnings=[EVIL])
    browser = show_ports([nasty, nasty])
    assert browser.title != "evil"
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert EVIL in browser.find_element(By.CSS_SELECTOR, ".diagnosis pre").text

"""The page in a browser: sections, filters, copying, links, width and contrast."""

from __future__ import annotations

from itertools import product

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.browser

EVIL = "</script><img src=x onerror=\"document.title='evil'\">"
READABLE = 4.5  # the ratio that WCAG 2.2 asks for, success criterion 1.4.3

ROWS = """
const rows = [...arguments[0].querySelectorAll("tbody tr:not(.case)")];
return rows.map((row) => [...row.cells].map((cell) => cell.innerText));
"""
SIDEWAYS = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
TEXT = ".pill, .mark, .headline, p, dt, dd, th, td, a, small, button, label, summary, .family, code"


def section(browser, operation):
    return browser.find_element(By.ID, f"operation-{operation}")


def opened(browser, operation):
    found = section(browser, operation)
    found.find_element(By.TAG_NAME, "summary").click()
    WebDriverWait(browser, 5).until(lambda _: found.find_elements(By.TAG_NAME, "form"))
    return found


def shown(found):
    """The rows as lists of texts, without those that head a case."""
    return found.parent.execute_script(ROWS, found)


def choose(found, name, text):
    Select(found.find_element(By.NAME, name)).select_by_visible_text(text)


def test_opening_a_section_shows_its_rows(show, run):
    browser = show(run)
    assert shown(section(browser, "conv2d")) == []
    rows = shown(opened(browser, "conv2d"))
    assert len(rows) == 6
    assert rows[1][:5] == ["forward\nnumpy + torch", "= equal", "2.5e-7", "1e-5", "0.025"]
    assert rows[1][5:11] == ["2.5e-7", "2.5e-7", "[0, 1, 2]", "1", "0.99999975", "60"]
    assert rows[1][11] == run.outcomes[1].comparison.reason
    assert rows[1][12].endswith(run.outcomes[1].reproduce)
    assert rows[2][1] == "≠ different"
    assert rows[2][8:10] == ["NaN", "-Infinity"]
    assert rows[5][11].endswith("(0.125 of the rounding bound)")
    assert not section(browser, "relu").find_elements(By.TAG_NAME, "form"), "a closed section costs nothing"


def test_cases_head_their_rows(show, run):
    found = opened(show(run), "conv2d")
    heads = [head.text for head in found.find_elements(By.CSS_SELECTOR, "tr.case")]
    assert heads == ["valid · float32", "same · float32", "same · float64", "valid · float32"]


def test_an_error_shows_its_log(show, run):
    found = opened(show(run), "conv2d")
    found.find_element(By.CSS_SELECTOR, "details.log summary").click()
    assert found.find_element(By.CSS_SELECTOR, "details.log pre").text == "line one\nKilled"


def test_a_known_difference_links_to_its_page(show, run):
    found = opened(show(run), "relu")
    link = found.find_element(By.CSS_SELECTOR, "td.reason a")
    assert link.get_attribute("href") == "https://example.org/ties"
    assert "gradient.ties" in shown(found)[0][11]
    assert shown(found)[0][1] == "† known difference"


def test_filters(show, run):
    found = opened(show(run), "conv2d")
    words = found.find_element(By.NAME, "words")
    words.send_keys("GRADIENT same")
    assert [row[1] for row in shown(found)] == ["? undecided"]
    assert found.find_element(By.TAG_NAME, "output").text == "1 of 6"
    words.clear()
    words.send_keys("nothing like that")
    assert shown(found) == []
    words.clear()
    words.send_keys(Keys.SPACE)
    choose(found, "status", "≠ different")
    assert [row[0] for row in shown(found)] == ["gradient-x\nnumpy + torch"]
    choose(found, "status", "all")
    choose(found, "pair", "numpy + tensorflow")
    assert [row[0] for row in shown(found)] == ["forward\nnumpy + tensorflow"]
    choose(found, "pair", "numpy + theano")
    assert [row[0] for row in shown(found)] == ["call\ntheano"]
    choose(found, "pair", "all")
    choose(found, "kind", "gradient")
    assert [row[0].split("\n")[0] for row in shown(found)] == ["call", "gradient-x", "gradient-weight"]


def test_a_mark_stands_for_all_variants(show, run_of, outcome):
    others = ["tensorflow", "tensorflow/native", "torch"]
    between = outcome(left="tensorflow", right="tensorflow/native")
    browser = show(run_of([*(outcome(right=name) for name in others), between]))
    for pair, expected in (("numpy and tensorflow", 2), ("tensorflow and its variants", 1), ("numpy and torch", 1)):
        browser.find_element(By.CSS_SELECTOR, f"a.mark[aria-label^='conv2d, {pair}, forward']").click()
        assert len(shown(section(browser, "conv2d"))) == expected


def test_verdicts_to_choose_are_those_that_occur(show, run):
    options = Select(opened(show(run), "relu").find_element(By.NAME, "status")).options
    assert [option.text for option in options] == ["all", "† known difference", "= equal"]


def test_the_copied_command_is_the_outcomes(show, run):
    browser = show(run)
    found = opened(browser, "conv2d")
    box = found.find_element(By.NAME, "words")
    button = found.find_elements(By.CSS_SELECTOR, "button.copy")[2]
    browser.execute_script("arguments[0].scrollIntoView({inline: 'center', block: 'center'})", button)
    button.click()
    WebDriverWait(browser, 5).until(lambda _: button.text == "Copied")
    box.send_keys(Keys.CONTROL, "v")
    assert box.get_attribute("value") == run.outcomes[2].reproduce


def test_the_copied_command_of_a_failure_is_the_outcomes(show, run):
    browser = show(run)
    article = browser.find_elements(By.TAG_NAME, "article")[1]
    box = opened(browser, "relu").find_element(By.NAME, "words")
    button = article.find_element(By.CSS_SELECTOR, "button.copy")
    button.click()
    WebDriverWait(browser, 5).until(lambda _: button.text == "Copied")
    box.send_keys(Keys.CONTROL, "v")
    assert box.get_attribute("value") == run.outcomes[2].reproduce


def test_a_page_without_a_clipboard_copies_too(show, run):
    browser = show(run)
    browser.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    box = opened(browser, "relu").find_element(By.NAME, "words")
    button = browser.find_element(By.CSS_SELECTOR, "article:last-of-type button.copy")
    button.click()
    WebDriverWait(browser, 5).until(lambda _: button.text == "Copied")
    box.send_keys(Keys.CONTROL, "v")
    assert box.get_attribute("value") == run.outcomes[3].reproduce


def test_a_mark_leads_to_the_rows_it_stands_for(show, run):
    browser = show(run)
    label = "conv2d, numpy and torch, gradient"
    browser.find_element(By.CSS_SELECTOR, f"a.mark[aria-label^='{label}']").click()
    found = section(browser, "conv2d")
    assert found.get_attribute("open")
    assert [row[0].split("\n")[0] for row in shown(found)] == ["gradient-x", "gradient-weight"]
    assert (
        0 <= found.rect["y"] - browser.execute_script("return scrollY") < browser.execute_script("return innerHeight")
    )
    assert browser.current_url.endswith("#operation-conv2d")
    browser.find_element(By.CSS_SELECTOR, "a.mark[aria-label^='conv2d, numpy and theano, forward']").click()
    assert [row[0] for row in shown(found)] == ["call\ntheano"]
    browser.find_element(By.CSS_SELECTOR, "th a[href='#operation-conv2d']").click()
    assert len(shown(found)) == 6


def test_an_address_with_a_fragment_opens_its_section(show, run):
    browser = show(run)
    address = browser.current_url
    browser.get("about:blank")
    browser.get(address + "#operation-relu")
    assert len(shown(section(browser, "relu"))) == 2


def test_many_rows_come_in_batches(show, run_of, outcome):
    found = opened(show(run_of(outcome(case=f"case{k}") for k in range(450))), "conv2d")
    assert len(shown(found)) == 200
    assert found.find_element(By.TAG_NAME, "output").text == "450 of 450, the first 200 shown"
    for expected in (400, 450):
        found.parent.execute_script("arguments[0].click()", found.find_element(By.CSS_SELECTOR, ".more button"))
        assert len(shown(found)) == expected
    assert not found.find_element(By.CSS_SELECTOR, ".more").is_displayed()


def test_markup_in_a_run_is_shown_as_text(show, run_of, outcome):
    fields = dict.fromkeys(("case", "left", "right", "log", "reproduce", "reason", "family"), EVIL)
    wrong = outcome(
        "different", quantity=f"forward-{EVIL}", known_difference=EVIL, link="javascript:alert(1)", **fields
    )
    browser = show(run_of([wrong, outcome("different", **fields)], absent={EVIL: EVIL}))
    found = opened(browser, "conv2d")
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert browser.title == "1 different \N{EN DASH} equivalence report"
    row = shown(found)[0]
    assert row[0] == f"forward-{EVIL}\n{EVIL} + {EVIL}"
    assert row[11].startswith(EVIL)
    assert found.find_elements(By.CSS_SELECTOR, "a[href^='javascript']") == []


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_does_not_scroll_sideways(show, synthetic_run, width):
    participants = ("numpy", "tensorflow", "tensorflow/keras", "torch", "torch/functional", "theano")
    run = synthetic_run(12, 2, participants=participants)
    browser = show(type(run)(run.header | {"absent": {"theano/unflipped": "x" * 300}}, run.outcomes, complete=False))
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for operation in ("operation0", "operation5"):
        browser.execute_script("arguments[0].open = true", section(browser, operation))
    WebDriverWait(browser, 5).until(lambda _: len(browser.find_elements(By.CSS_SELECTOR, ".comparisons")) == 2)
    assert browser.execute_script("return innerWidth") == width
    assert (
        browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        <= 0
    )
    for box in browser.find_elements(By.CSS_SELECTOR, ".box"):
        first = box.find_element(By.CSS_SELECTOR, "tbody th.first")
        assert browser.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", box)
        before = first.rect["x"]
        browser.execute_script("arguments[0].scrollLeft = 300", box)
        assert first.rect["x"] == pytest.approx(before, abs=2), "the first column stays"
        assert first.rect["width"] < 0.6 * width


@pytest.mark.parametrize(("scheme", "place"), list(product(["light", "dark"], ["top", "section"])))
def test_text_is_readable_in_both_schemes(show, run, run_of, contrasts, scheme, place):
    browser = show(run_of(run.outcomes, complete=False, absent={"torch/x": "no stack"}))
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    assert browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    if place == "section":
        opened(browser, "conv2d")
        opened(browser, "relu")
    found = contrasts(browser, TEXT)
    for verdict in ("different", "error", "undecided", "known", "equal", "skipped"):
        assert any(verdict in name.split() for name, _ in found), f"{verdict} is on the page"
    assert {name: contrast for name, contrast in found if contrast < READABLE} == {}


def test_colours_of_the_schemes_differ(show, run):
    browser = show(run)
    pages = set()
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        pages.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert len(pages) == 2


def test_without_script_the_matrix_and_failures_are_there(show, run):
    browser = show(run)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.refresh()
        assert browser.find_element(By.CSS_SELECTOR, "a.mark.different").is_displayed()
        assert len(browser.find_elements(By.TAG_NAME, "article")) == 3
        assert "need JavaScript" in browser.find_element(By.TAG_NAME, "main").text
        assert not any(button.is_displayed() for button in browser.find_elements(By.CSS_SELECTOR, "button.copy"))
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

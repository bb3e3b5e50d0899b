"""The page in headless Chromium: it works, is quiet in the console and loads nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from administration_world import build
from report_world import HOSTILE, MORE, NAUGHTY
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from waiting import PATIENCE, session, value

from runner.reporting import render

pytestmark = pytest.mark.one_server

MANY = 20_000


def browser() -> str | None:
    """Chromium by any of its names."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    program, driver = browser(), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Chromium or chromedriver is not installed: .ci/ensure-chromium installs them")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(argument)
    if os.geteuid() == 0:
        # Chromium's own sandbox refuses root.
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()


@pytest.fixture(scope="module")
def answer(module_database: str) -> dict[str, Any]:
    build(module_database)
    with psycopg.connect(module_database) as admin:
        admin.execute("set local role fundwarden_owner")
        admin.execute(MORE)
        admin.execute(HOSTILE)
    with session(module_database) as owner:
        found: dict[str, Any] = value(owner, "select authz.organisation_report(1)")
        return found


def open_page(chromium: webdriver.Chrome, page: str, folder: Path) -> str:
    """Opens the page as a file, with empty logs; its address."""
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8", newline="\n")
    chromium.get("about:blank")
    for kind in ("browser", "performance"):
        chromium.get_log(kind)
    chromium.get(file.as_uri())
    return file.as_uri()


@pytest.fixture
def page(chromium: webdriver.Chrome, answer: dict[str, Any], tmp_path: Path) -> webdriver.Chrome:
    open_page(chromium, render(answer), tmp_path)
    return chromium


def requests(chromium: webdriver.Chrome) -> list[str]:
    """Every address that the page asked for, by whatever means, since it was opened."""
    log = chromium.get_log("performance")
    messages = (json.loads(entry["message"])["message"] for entry in log)
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def rows_shown(chromium: webdriver.Chrome) -> list[WebElement]:
    return [row for row in chromium.find_elements(By.CSS_SELECTOR, ".tree tbody tr")
            if row.is_displayed()]  # fmt: skip


def unit(chromium: webdriver.Chrome, path: str) -> WebElement:
    """The innermost unit whose people are those of the path."""
    return chromium.find_element(By.XPATH, f"//caption[.='People of {path}']/ancestor::details[1]")


def find(chromium: webdriver.Chrome, words: str) -> str:
    """Types into the field; what the page says it found of these words."""
    field = chromium.find_element(By.ID, "find")
    field.clear()
    field.send_keys(words)
    return found(chromium, words)


def found(chromium: webdriver.Chrome, words: str) -> str:
    """What the page says it found, once it has searched for these words."""
    end = f" for {words}"
    WebDriverWait(chromium, PATIENCE, 0.05).until(
        lambda c: c.find_element(By.ID, "found").text.endswith(end)
    )
    return chromium.find_element(By.ID, "found").text.removesuffix(end)


def test_the_tree_opens(page: webdriver.Chrome) -> None:
    assert any("ann" in row.text for row in rows_shown(page))
    oslo = unit(page, "acme.north.oslo")
    row = oslo.find_element(By.CSS_SELECTOR, "tr.person")
    assert not row.is_displayed()
    for path in ("acme.north", "acme.north.oslo"):
        unit(page, path).find_element(By.TAG_NAME, "summary").click()
    assert row.is_displayed()
    page.find_element(By.ID, "close").click()
    assert not rows_shown(page)
    page.find_element(By.ID, "open").click()
    assert len(rows_shown(page)) == len(page.find_elements(By.CSS_SELECTOR, ".tree tbody tr"))


def test_the_search_filters_people_and_opens_where_they_are(page: webdriver.Chrome) -> None:
    assert find(page, "nora") == "1 row of people and 0 units"
    assert [row.text.split("\n")[0].split()[0] for row in rows_shown(page)] == ["nora"]
    assert find(page, "GUS funds_reader") == "1 row of people and 0 units"
    assert find(page, "oslo director").startswith("0 rows")
    assert find(page, "nobody of this name") == "0 rows of people and 0 units"
    assert rows_shown(page) == []


def test_the_search_finds_units_and_gives_back_what_was_open(page: webdriver.Chrome) -> None:
    shown = [row.text for row in rows_shown(page)]
    assert find(page, "rome") == "0 rows of people and 1 unit"
    assert unit(page, "acme.south.rome").is_displayed()
    page.find_element(By.ID, "find").clear()
    WebDriverWait(page, PATIENCE, 0.05).until(lambda c: c.find_element(By.ID, "found").text == "")
    assert [row.text for row in rows_shown(page)] == shown


def test_hostile_names_are_shown_and_do_nothing(page: webdriver.Chrome) -> None:
    text = page.execute_script("return document.documentElement.textContent")
    for words in NAUGHTY:
        assert words in text
    assert page.execute_script("return document.images.length + document.links.length") == len(
        page.find_elements(By.CSS_SELECTOR, "nav a")
    )
    assert find(page, "<img src=x") == "1 row of people and 0 units"
    assert "7*7" in text


def test_the_console_is_quiet_and_nothing_is_loaded(
    chromium: webdriver.Chrome, answer: dict[str, Any], tmp_path: Path
) -> None:
    address = open_page(chromium, render(answer), tmp_path)
    find(chromium, "a")
    for name in ("open", "close"):
        chromium.find_element(By.ID, name).click()
    assert chromium.get_log("browser") == []
    assert requests(chromium) == [address]


def test_the_policy_stops_what_would_come_in(
    chromium: webdriver.Chrome, answer: dict[str, Any], tmp_path: Path
) -> None:
    planted = "<img src=x><script>document.title = 'taken'</script>"
    page = render(answer).replace("<main>", f"<main>{planted}")
    open_page(chromium, page, tmp_path)
    assert chromium.title.startswith("Access report")
    told = "\n".join(entry["message"] for entry in chromium.get_log("browser"))
    assert told.count("Content Security Policy") == 2


@pytest.mark.long
def test_twenty_thousand_people_are_rendered_and_found(
    chromium: webdriver.Chrome, answer: dict[str, Any], tmp_path: Path
) -> None:
    top, *units = answer["units"]
    some = top["people"][0]
    people = [{**some, "id": number, "username": f"person {number}"} for number in range(MANY)]
    crowd = {**answer, "units": [{**top, "people": people}, *units]}
    address = open_page(chromium, render(crowd), tmp_path)
    shown = chromium.execute_script("return document.querySelectorAll('tr.person').length")
    assert shown > MANY
    field = chromium.find_element(By.ID, "find")
    chromium.execute_script("arguments[0].value = 'person 19999'", field)
    chromium.execute_script("arguments[0].dispatchEvent(new Event('input'))", field)
    assert found(chromium, "person 19999") == "1 row of people and 0 units"
    assert chromium.get_log("browser") == []
    assert requests(chromium) == [address]

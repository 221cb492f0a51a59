"""The pages that a person sees, on a phone, a tablet and a desk."""

import pytest
from selenium.webdriver.common.keys import Keys

from stack import settings

WIDTHS = (360, 768, 1440)
PAGES = {"/": "front", "/site/": "site", "/cache/": "cache"}


@pytest.mark.parametrize("path", PAGES)
def test_page_fits_and_complains_of_nothing(browser, stack, path):
    if path == "/cache/":
        browser.authorize(*stack.monitor)
    for width in WIDTHS:
        browser.resize(width)
        browser.open(path)
        browser.wait(lambda: browser.script(
            "return document.readyState") == "complete")
        browser.screenshot("%s-%d" % (PAGES[path], width))
        assert browser.driver.title
        assert browser.overflow() <= 0, "%s at %d" % (path, width)
    assert browser.console() == []


SITE = ["", "docker.html", "404.html"] + [
    "service/%s.html" % name for name in settings.SERVICES]


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_site_is_sound(browser, scheme):
    browser.watch_shifts()
    browser.scheme(scheme)
    faults = []
    for path in SITE:
        for width in WIDTHS:
            browser.resize(width)
            browser.open("/site/" + path)
            found = browser.audit()
            if browser.overflow() > 0:
                found.append("wider than the window")
            faults += ["%s at %d: %s" % (path, width, each) for each in found]
    assert faults == []
    assert browser.console() == []


def test_audit_sees_faults(browser):
    browser.open("/site/")
    browser.script("""
        document.querySelector("h2").outerHTML = "<h4>skipped</h4>";
        document.querySelector(".lead").style.color = "#bbb";
        document.querySelector("#drawing").id = "main";
        document.querySelector("svg[role=group]").removeAttribute(
            "aria-labelledby");
        document.querySelector(".brand").textContent = "";
        document.querySelector("svg a text.small").textContent +=
            " and much more than the box was made for, and then some";""")
    found = " ".join(browser.audit())
    for words in ("skips a level", "contrast", "id twice: main",
                  "a drawing without a name", "a link without words",
                  "out of its box: "):
        assert words in found, found


def test_keyboard_comes_first_to_the_skip_link(browser):
    browser.open("/site/")
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    link = browser.driver.switch_to.active_element
    assert link.text == "Skip to content"
    assert browser.script("return arguments[0].getBoundingClientRect().top",
                          link) >= 0
    link.send_keys(Keys.ENTER)
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.script("return document.activeElement.closest('main')")


def test_status_strip_is_live(browser):
    browser.open("/site/")
    browser.wait(lambda: browser.script(
        "return [...document.querySelectorAll('#status [data-state]')].every("
        "(item) => item.dataset.state === 'up')"), 40, "a service is not up")
    browser.script("document.getElementById('status').dataset.source = 'no'")
    browser.wait(lambda: browser.script(
        "return [...document.querySelectorAll('#status b')].every("
        "(state) => state.textContent === 'unknown')"), 40,
        "the strip says what it cannot know")
    browser.console()

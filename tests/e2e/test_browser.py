"""The pages that a person sees, on a phone, a tablet and a desk."""

import pytest

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

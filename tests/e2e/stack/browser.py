"""Chromium, driven by its driver; it trusts the stack's CA as a person would
make it: by import into the certificate store."""

import base64
import contextlib
import json
import pathlib
import subprocess

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from . import settings


def trust(ca):
    store = pathlib.Path.home() / ".pki/nssdb"
    if not store.is_dir():
        store.mkdir(parents=True)
        subprocess.run(["certutil", "-d", "sql:%s" % store, "-N",
                        "--empty-password"], check=True)
    subprocess.run(["certutil", "-d", "sql:%s" % store, "-A", "-t", "C,,",
                    "-n", "stack", "-i", ca], check=True)


# Notes what moves while a page loads, for audit.js.
WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
            if (!entry.hadRecentInput) window.shifts.push(entry.value);
    }).observe({type: "layout-shift", buffered: true});"""


class Browser:
    def __init__(self, stack, width=1280, height=900):
        trust(stack.ca)
        self.stack = stack
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                         "--disable-extensions", "--no-first-run",
                         "--disable-background-networking",
                         "--hide-scrollbars", "--no-proxy-server",
                         "--host-resolver-rules=MAP %s 127.0.0.1, "
                         "MAP * ~NOTFOUND" % settings.DOMAIN):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(60)
        self.resize(width, height)

    def close(self):
        with contextlib.suppress(Exception):
            self.driver.quit()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def resize(self, width, height=900):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": False})

    def authorize(self, user, password):
        """Sends basic authentication with each request."""
        token = base64.b64encode(("%s:%s" % (user, password)).encode())
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {
            "headers": {"Authorization": "Basic " + token.decode()}})

    def open(self, path):
        self.driver.get(self.stack.url + path)

    def script(self, code, *args):
        return self.driver.execute_script(code, *args)

    def wait(self, condition, seconds=90, message=""):
        return WebDriverWait(self.driver, seconds).until(
            lambda _: condition(), message)

    def console(self):
        """Messages since the last call, the severe ones only."""
        return [json.dumps(entry) for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE"]

    def watch_shifts(self):
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument",
                                    {"source": WATCH_SHIFTS})

    def scheme(self, name):
        """light or dark"""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})

    def audit(self):
        """What is wrong with the page, see audit.js."""
        return self.script((pathlib.Path(__file__).parent / "audit.js")
                           .read_text())

    def overflow(self):
        """By how many pixels the page is wider than the window."""
        return self.script("return document.documentElement.scrollWidth"
                           " - document.documentElement.clientWidth")

    def screenshot(self, name):
        """The whole page, for humans."""
        path = settings.OUT / (name + ".png")
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(shot["data"]))

    def login(self, user, password):
        """A person types name and secret and presses the button."""
        self.open("/wp-login.php")
        find = self.driver.find_element
        # WordPress moves the focus to the first field a moment after loading.
        self.wait(lambda: self.script(
            "return document.activeElement.id") == "user_login")
        find("id", "user_login").send_keys(user)
        find("id", "user_pass").send_keys(password)
        find("id", "wp-submit").click()
        self.wait(lambda: self.driver.find_elements("id", "wpadminbar"),
                  message="no dashboard after logging in")

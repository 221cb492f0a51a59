"""A real Prometheus that scrapes the stack as srcs/monitoring tells it to, only
faster."""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from . import settings
from .stack import free_port

MONITORING = settings.REPO / "srcs/monitoring"


class PrometheusServer:
    """A context manager; the alerts' own patience is cut to two seconds."""

    def __init__(self, stack):
        self.home = settings.SCRATCH / "prometheus"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        self.port = free_port(settings.FIRST_PORT + 90)
        config = (MONITORING / "prometheus.yml").read_text()
        config = config.replace("login.42.fr:443", "%s:%d" % (
            settings.DOMAIN, stack.https_port))
        config = re.sub(r"(_interval): \d+s", r"\1: 2s", config)
        config = config.replace("scrape_timeout: 10s", "scrape_timeout: 2s")
        (self.home / "prometheus.yml").write_text(config)
        rules = (MONITORING / "alerts.yml").read_text()
        (self.home / "alerts.yml").write_text(
            re.sub(r"for: \d+[mhd]", "for: 2s", rules))
        (self.home / "monitor_password").write_text(stack.monitor[1])
        shutil.copy(stack.ca, self.home / "ca.crt")

    def __enter__(self):
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file=prometheus.yml",
                 "--storage.tsdb.path=data", "--log.level=warn",
                 "--web.listen-address=127.0.0.1:%d" % self.port],
                cwd=self.home, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        self.wait(lambda: self.get("status/buildinfo"), "it answers")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        log = (self.home / "log").read_bytes()
        (settings.OUT / "prometheus.log").write_bytes(log)
        shutil.rmtree(self.home, ignore_errors=True)

    def get(self, what, **arguments):
        """The data of an API answer; None while it does not answer."""
        url = "http://127.0.0.1:%d/api/v1/%s?%s" % (
            self.port, what, urllib.parse.urlencode(arguments))
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError("%s %s: %s" % (
                what, arguments, error.read().decode())) from error
        except OSError:
            return None

    def query(self, expression):
        """[(labels, value)] of an expression now."""
        return [(sample["metric"], float(sample["value"][1]))
                for sample in self.get("query", query=expression)["result"]]

    def names(self):
        return set(self.get("label/__name__/values"))

    def firing(self):
        """{(alert, target or "")} that fire now."""
        return {(alert["labels"]["alertname"], alert["labels"].get("target", ""))
                for alert in self.get("alerts")["alerts"]
                if alert["state"] == "firing"}

    def wait(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, \
                (self.home / "log").read_text()
            assert time.monotonic() < deadline, "not within %d s: %s" % (
                seconds, what)
            time.sleep(0.5)

"""The stack under test lives for the whole session and is brought up by the
first test that asks for it; tests/run.sh removes whatever is left."""

import time

import pytest
from _pytest.runner import runtestprotocol

from stack import settings
from stack.browser import Browser
from stack.curl import Curl, CurlFtp
from stack.lftp import Lftp
from stack.prometheus import Scrape
from stack.stack import Stack
from stack.wordpress import WordPress

# What proves that the stack is up comes first; what disturbs it comes last; all
# others are in between, in the order of their names.
FIRST = ("test_up", "test_inception", "test_site", "test_static", "test_ftp")
LAST = ("test_memory", "test_daemons", "test_ftp_hostile", "test_kill",
        "test_inception_life", "test_commands", "test_faults", "test_compose2",
        "test_chaos")


def place(item):
    name = item.module.__name__
    for row, names in ((0, FIRST), (2, LAST)):
        if name in names:
            return row, names.index(name), name
    return 1, 0, name


# Only where the daemons are built elsewhere: tests/variant.sh.
collect_ignore = [] if settings.VARIANT else ["test_variant.py"]


def pytest_collection_modifyitems(items):
    items.sort(key=place)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """A test in the browser has a second try.  Chromium gives up what it is
    loading whenever the host's interfaces change (ERR_NETWORK_CHANGED), as they
    do when any other container on this machine comes or goes.  With
    TEST_SECOND_TRY=1 every test has one; what needed it is listed at the end."""
    if "browser" not in item.fixturenames and not settings.SECOND_TRY:
        return None
    where = {"nodeid": item.nodeid, "location": item.location}
    item.ihook.pytest_runtest_logstart(**where)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(report.failed for report in reports):
        UNSTEADY.append("%s: %s" % (item.nodeid, next(
            str(report.longrepr).strip().splitlines()[-1]
            for report in reports if report.failed)))
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(**where)
    return True


@pytest.fixture(scope="session")
def first_up():
    """The stack, and how `make bonus` on nothing at all ended."""
    stack = Stack()
    started = time.monotonic()
    status, output = stack.make("bonus", timeout=1200)
    yield stack, status, output, time.monotonic() - started
    stack.save_logs()
    stack.remove()


@pytest.fixture(scope="session")
def stack(first_up):
    stack, status, output, _ = first_up
    if status != 0:
        pytest.exit("the stack did not come up:\n" + output[-6000:], 1)
    return stack


@pytest.fixture(scope="session")
def curl(stack):
    return Curl(stack)


@pytest.fixture(scope="session")
def curl_ftp(stack):
    return CurlFtp(stack)


@pytest.fixture(scope="session")
def lftp(stack):
    return Lftp(stack)


@pytest.fixture(scope="session")
def owner(stack):
    return WordPress.owner(stack)


@pytest.fixture(scope="session")
def editor(stack):
    return WordPress.editor(stack)


@pytest.fixture(scope="session")
def visitor(stack):
    return WordPress(stack)


@pytest.fixture
def browser(stack):
    with Browser(stack) as browser:
        yield browser


@pytest.fixture
def scrape(curl):
    """Takes one scrape of /metrics each time it is called."""
    def take():
        reply = curl.monitor("/metrics")
        assert reply.status == 200, reply.text
        return Scrape(reply.text)
    return take


@pytest.fixture(scope="session")
def fault_stack(stack):
    """Makes short-lived stacks that are expected not to start."""
    made = []

    def make(name, **overrides):
        overrides.setdefault("BASE", stack.setting("BASE"))
        made.append(Stack(name, **overrides))
        return made[-1]

    yield make
    for other in made:
        other.remove()


MEASURED = []
UNSTEADY = []


@pytest.fixture(scope="session")
def measure():
    """Takes down a figure that is printed at the end."""
    return lambda name, value: MEASURED.append("%s: %s" % (name, value))


def pytest_terminal_summary(terminalreporter):
    for title, lines in (("measured", MEASURED), ("second try", UNSTEADY)):
        if lines:
            terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what unhealthy services logged, and the browser."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and "browser" in item.funcargs:
        browser = item.funcargs["browser"]
        browser.screenshot("failed-" + item.originalname)
        report.sections.append(("console", "\n".join(browser.console())))
    if report.failed and "stack" in item.funcargs:
        stack = item.funcargs["stack"]
        if not isinstance(stack, Stack):
            return
        for service, health in stack.health().items():
            if health != "healthy":
                report.sections.append(
                    ("%s is %s" % (service, health), stack.logs(service)))


def pytest_report_header():
    return "project %s, tag %s, output in %s" % (
        settings.PROJECT, settings.TAG, settings.OUT)

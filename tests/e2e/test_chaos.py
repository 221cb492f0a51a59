"""What breaks while people are on the site: thousands of requests with a sick
Redis, and a database that is killed under writes.  Run by `make test-chaos`."""

import concurrent.futures
import http.client
import os
import random
import signal
import ssl
import subprocess
import threading
import time

import pytest

from stack import engine, settings

pytestmark = pytest.mark.skipif(
    os.environ.get("TEST_CHAOS") != "1", reason="run by make test-chaos")

REQUESTS = 1000
READERS = 4
SLOWEST = 2.0
KILLS = 20


class Readers:
    """Visitors who open the front page over and over."""

    def __init__(self, stack):
        self.stack = stack
        self.context = ssl.create_default_context(cafile=stack.ca)
        self.wrong = []
        self.times = []

    def _open(self, number):
        port = self.stack.https_port
        started = time.monotonic()
        try:
            connection = http.client.HTTPSConnection(
                settings.DOMAIN, port, timeout=30, context=self.context)
            connection.request("GET", "/?visit=%d" % number)
            reply = connection.getresponse()
            text = reply.read().decode("utf-8", "replace")
            connection.close()
            good = reply.status == 200 and "</html>" in text \
                and "wp-content" in text and "error" not in text[:200].lower()
            if not good:
                self.wrong.append((number, reply.status, text[:200]))
        except OSError as fault:
            self.wrong.append((number, repr(fault)))
        self.times.append(time.monotonic() - started)

    def read(self, count):
        with concurrent.futures.ThreadPoolExecutor(READERS) as pool:
            list(pool.map(self._open, range(count)))
        return self

    def verdict(self):
        assert not self.wrong, self.wrong[:5]
        assert max(self.times) <= SLOWEST, sorted(self.times)[-5:]


def redis_pid(stack):
    return stack.container("redis")["State"]["Pid"]


def stopped(stack):
    stack.stop("redis")
    yield
    stack.start("redis")


def hung(stack):
    pid = redis_pid(stack)
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def full(stack):
    """Junk up to the limit, so that every write has to push something out."""
    script = ("for i=1,900 do redis.call('set','wp:junk:'..i,"
              "string.rep('x',100000)) end return 1")
    stack.exec("redis", "sh", "-c",
               'REDISCLI_AUTH=$(cat /run/secrets/redis_wordpress_password)'
               ' exec redis-cli --no-auth-warning --user wordpress'
               ' -p "$REDIS_PORT" eval "%s" 0' % script)
    yield


def restarted(stack):
    """Killed again and again while pages are being made."""
    done = threading.Event()

    def kill():
        while not done.wait(2):
            pid = redis_pid(stack)
            if pid != 0:
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    done.set()
    killer.join()


@pytest.mark.parametrize("state", (stopped, hung, full, restarted),
                         ids=lambda state: state.__name__)
def test_pages_with_a_sick_redis(stack, state, measure):
    Readers(stack).read(20)
    sickness = state(stack)
    next(sickness)
    try:
        readers = Readers(stack).read(REQUESTS)
    finally:
        next(sickness, None)
        stack.wait_healthy(seconds=120)
    times = sorted(readers.times)
    measure("Redis %s, %d pages" % (state.__name__, REQUESTS),
            "%d wrong, median %.0f ms, slowest %.0f ms" % (
                len(readers.wrong), times[len(times) // 2] * 1000,
                times[-1] * 1000))
    readers.verdict()


SQL = ('exec mariadb --no-defaults --protocol=tcp -h 127.0.0.1'
       ' -P "$MARIADB_PORT" --skip-ssl -u "$MYSQL_USER"'
       ' -p"$(cat /run/secrets/db_password)" -n -N -B "$MYSQL_DATABASE"')


class Writer:
    """One client that inserts numbers and notes those that were answered."""

    def __init__(self, stack, first):
        self.process = subprocess.Popen(
            ["docker", "exec", "-i", stack.container("mariadb")["Id"],
             "sh", "-c", SQL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.next = first
        self.answered = []
        self.thread = threading.Thread(target=self._write)
        self.thread.start()

    def _write(self):
        try:
            while True:
                self.process.stdin.write(
                    "INSERT INTO chaos (n) VALUES (%d); SELECT %d;\n" % (
                        self.next, self.next))
                self.process.stdin.flush()
                answer = self.process.stdout.readline()
                if not answer:
                    return
                self.answered.append(int(answer))
                self.next += 1
        except OSError:
            return

    def end(self):
        self.thread.join(60)
        self.process.kill()
        self.process.wait()


def query(stack, sql):
    done = subprocess.run(
        ["docker", "exec", "-i", stack.container("mariadb")["Id"], "sh", "-c",
         SQL], input=sql, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_killed_database_loses_nothing_acknowledged(stack, measure):
    query(stack, "DROP TABLE IF EXISTS chaos;"
          "CREATE TABLE chaos (n BIGINT PRIMARY KEY) ENGINE=InnoDB;")
    answered, first = [], 1
    for _ in range(KILLS):
        writer = Writer(stack, first)
        time.sleep(random.uniform(0.5, 1.5))
        os.kill(stack.container("mariadb")["State"]["Pid"], signal.SIGKILL)
        writer.end()
        assert writer.answered, "nothing was written before the kill"
        answered += writer.answered
        # The one that was under way may or may not be there.
        first = writer.next + 1
        stack.wait_healthy(("mariadb",), 120)
        kept = {int(word) for word in query(
            stack, "SELECT n FROM chaos;").split()}
        lost = [number for number in answered if number not in kept]
        assert not lost, lost[:10]
    query(stack, "DROP TABLE chaos;")
    measure("MariaDB killed %d times" % KILLS,
            "%d rows acknowledged, 0 lost" % len(answered))
    stack.wait_healthy(seconds=120)
    assert engine.project_containers(stack.project)

"""The database by itself: what it refuses, and what a full disk does to it."""

import time

import pytest

from stack import engine, settings

ROW = "REPEAT('a', 20000)"


class Server:
    """The image of the stack under test, on a folder in memory."""

    def __init__(self, stack, name, megabytes):
        self.name = "%s-%s" % (settings.PROJECT, name)
        self.volume = self.name + "-data"
        self.options = ["--network", "none", "--read-only",
                        "--cap-drop", "ALL", "--tmpfs", "/tmp",
                        "-v", self.volume + ":/var/lib/mysql"]
        document = stack.container("mariadb")
        for entry in document["Config"]["Env"]:
            self.options += ["-e", entry]
        for mount in document["Mounts"]:
            if mount["Destination"].startswith("/run/secrets/"):
                self.options += ["-v", "%s:%s:ro" % (
                    mount["Source"], mount["Destination"])]
        self.image = document["Config"]["Image"]
        engine.docker("volume", "create", "--opt", "type=tmpfs",
                      "--opt", "device=tmpfs", "--opt",
                      "o=size=%dm,uid=20103,gid=20103,mode=0750" % megabytes,
                      self.volume)
        # Holds the memory while the server itself is down.
        engine.docker("run", "-d", "--name", self.name + "-holder",
                      "--network", "none", "--entrypoint", "sleep",
                      "-v", self.volume + ":/data", self.image, "600")

    def inside(self, script, check=True):
        return engine.docker("exec", self.name + "-holder", "sh", "-c",
                             script, check=check)

    def run(self):
        """In the foreground, for one that is expected to end."""
        return engine.docker("run", "--rm", *self.options, self.image,
                             check=False)

    def start(self):
        engine.docker("run", "-d", "--restart", "unless-stopped",
                      "--name", self.name, *self.options, self.image)

    def sql(self, text, check=True):
        done = engine.docker(
            "exec", self.name, "sh", "-c",
            'exec mariadb -u root -p"$(cat /run/secrets/db_root_password)"'
            ' -N -B -e "$0" "$MYSQL_DATABASE"', text, check=check)
        return done.stdout.split() if done.returncode == 0 else None

    def wait_healthy(self, seconds):
        deadline = time.monotonic() + seconds
        while engine.docker("exec", self.name, "healthcheck.sh",
                            check=False).returncode != 0:
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.5)

    def logs(self):
        return engine.docker("logs", self.name, check=False).stderr

    def remove(self):
        engine.docker("rm", "-f", self.name, self.name + "-holder",
                      check=False)
        engine.docker("volume", "rm", "-f", self.volume, check=False)


@pytest.fixture
def server(stack):
    made = []

    def make(name, megabytes):
        made.append(Server(stack, name, megabytes))
        return made[-1]

    yield make
    for one in made:
        one.remove()


def test_tables_are_utf8mb4(stack):
    done = stack.exec(
        "mariadb", "sh", "-c",
        'exec mariadb -u root -p"$(cat /run/secrets/db_root_password)" -N -B'
        ' -e "SELECT DISTINCT TABLE_COLLATION FROM information_schema.TABLES'
        " WHERE TABLE_SCHEMA = '$MYSQL_DATABASE'\"")
    assert done.stdout.split() == ["utf8mb4_unicode_520_ci"]


def test_data_of_a_newer_version_are_refused(server):
    newer = server("newer", 16)
    newer.inside("mkdir /data/data && echo 99.1.2 >/data/data/stack-version")
    done = newer.run()
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines()
            if line.startswith("mariadb:")]
    assert len(said) == 1 and "99.1.2" in said[0], done.stderr
    assert "cannot go back" in said[0]
    assert newer.inside("ls /data/data").stdout.split() == ["stack-version"]


def test_full_disk_at_the_first_start(server):
    small = server("small", 16)
    done = small.run()
    assert done.returncode == 2
    assert "a full disk?" in done.stderr.splitlines()[-1], done.stderr
    assert "data" not in small.inside("ls /data").stdout.split()


def test_full_disk_in_operation(server, measure):
    """Writes fail, the site can be read, and nothing acknowledged is lost."""
    filling = server("filling", 320)
    filling.start()
    filling.wait_healthy(60)
    filling.sql("CREATE TABLE t (n INT PRIMARY KEY AUTO_INCREMENT, x LONGTEXT)")
    acknowledged = 0
    for _ in range(3):
        filling.sql("INSERT INTO t (x) VALUES (%s)" % ROW)
        acknowledged += 1
    filling.inside("dd if=/dev/zero of=/data/filler bs=64k", check=False)
    refused = 0
    while refused == 0:
        if filling.sql("INSERT INTO t (x) VALUES (%s)" % ROW,
                       check=False) is None:
            refused += 1
        else:
            acknowledged += 1
        assert acknowledged < 200, "the disk does not fill"
    # Whether MariaDB went on or gave up: it is there again by itself.
    filling.wait_healthy(60)
    assert int(filling.sql("SELECT COUNT(*) FROM t")[0]) >= acknowledged
    filling.inside("rm /data/filler")
    started = time.monotonic()
    filling.wait_healthy(90)
    filling.sql("INSERT INTO t (x) VALUES (%s)" % ROW)
    assert int(filling.sql("SELECT COUNT(*) FROM t WHERE LENGTH(x) = 20000"
                           )[0]) >= acknowledged + 1
    took = time.monotonic() - started
    # A clean stop, well inside the minute that Compose gives it.
    engine.docker("stop", "-t", "60", filling.name, timeout=90)
    state = engine.inspect(filling.name)[0]["State"]
    assert state["ExitCode"] == 0, state
    assert "Shutdown complete" in filling.logs()
    measure("MariaDB after a full disk", "%d rows acknowledged, 0 lost, back"
            " %.0f s after room was made" % (
                acknowledged, took))

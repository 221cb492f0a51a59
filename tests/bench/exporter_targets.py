"""The servers that exporters ask, on loopback in a folder of their own, and the
exporters themselves: ours and Debian's."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

SECRET = "only-for-this-run"
OURS = pathlib.Path(__file__).resolve().parents[2] / \
    "services/build/release-cc/bin/exporter"

# What WordPress's database would answer, reduced to one table.
SQL = """
CREATE USER exporter@'127.0.0.1' IDENTIFIED BY '%s';
CREATE USER exporter@localhost IDENTIFIED BY '%s';
CREATE DATABASE stack;
CREATE DATABASE wordpress;
CREATE TABLE wordpress.wp_posts (id INT PRIMARY KEY, post VARCHAR(200));
CREATE PROCEDURE stack.wordpress_tables()
  SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, VERSION, ROW_FORMAT,
         TABLE_ROWS, DATA_LENGTH, INDEX_LENGTH, DATA_FREE, CREATE_OPTIONS
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'wordpress';
CREATE PROCEDURE stack.wordpress_counts()
  SELECT 'posts' AS metric, 'post' AS label1, 'publish' AS label2, COUNT(*)
    FROM wordpress.wp_posts;
CREATE PROCEDURE stack.wordpress_options()
  SELECT 'cron' AS option_name, 'a:0:{}' AS option_value;
""" % (SECRET, SECRET) + "".join("""
GRANT PROCESS, BINLOG MONITOR, SLAVE MONITOR ON *.* TO exporter@%(host)s;
GRANT SELECT ON wordpress.* TO exporter@%(host)s;
GRANT EXECUTE ON stack.* TO exporter@%(host)s;
""" % {"host": host} for host in ("'127.0.0.1'", "localhost"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "nobody on port %d" % port
            time.sleep(0.1)


class Targets:
    """MariaDB, Redis, nginx and php-fpm; a context manager."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="exporter-targets-"))
        self.home.chmod(0o755)
        self.processes = []
        self.mariadb, self.redis, self.nginx, self.fpm, self.fpm_status = (
            free_port() for _ in range(5))

    def __enter__(self):
        try:
            self._mariadb()
            self._redis()
            self._nginx()
            self._fpm()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, *command, env=None, log="log"):
        """A process that ends with this object; its words go to a file."""
        with (self.home / log).open("ab") as stream:
            process = subprocess.Popen(
                [str(word) for word in command], cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
                env={**os.environ, **(env or {})})
        self.processes.append(process)
        return process

    def _mariadb(self):
        data = self.home / "db"
        data.mkdir()
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", "--user=root",
             "--datadir=%s" % data, "--skip-test-db"], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.database = self.start(
            "mariadbd", "--no-defaults", "--user=root", "--datadir=%s" % data,
            "--socket=%s/db.sock" % self.home, "--bind-address=127.0.0.1",
            "--port=%d" % self.mariadb, "--pid-file=%s/db.pid" % self.home,
            "--plugin-load-add=query_response_time",
            "--query-response-time-stats=ON", log="mariadb.log")
        wait_for_port(self.mariadb)
        self.sql(SQL)

    def sql(self, statements):
        """As root."""
        subprocess.run(
            ["mariadb", "--no-defaults", "-S", str(self.home / "db.sock")],
            input=statements, text=True, check=True)

    def _redis(self):
        conf = self.home / "redis.conf"
        conf.write_text("bind 127.0.0.1\nport %d\nsave \"\"\ndir %s\n"
                        "user exporter on >%s ~* +@all\n"
                        % (self.redis, self.home, SECRET))
        self.start("redis-server", conf, log="redis.log")
        wait_for_port(self.redis)

    def _nginx(self):
        conf = self.home / "nginx.conf"
        conf.write_text("""
daemon off;
pid %(home)s/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    server {
        listen 127.0.0.1:%(port)d;
        location = /nginx_status { stub_status; }
        location = /fpm_status {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_NAME /fpm_status;
            fastcgi_param SCRIPT_FILENAME /fpm_status;
            fastcgi_pass 127.0.0.1:%(fpm)d;
        }
    }
}
""" % {"home": self.home, "port": self.nginx, "fpm": self.fpm_status})
        self.start("nginx", "-c", conf, log="nginx.log")
        wait_for_port(self.nginx)

    def _fpm(self):
        conf = self.home / "fpm.conf"
        conf.write_text("""
[global]
error_log = %s/fpm.log
daemonize = no
[www]
user = www-data
group = www-data
listen = 127.0.0.1:%d
pm = static
pm.max_children = 3
pm.status_path = /fpm_status
pm.status_listen = 127.0.0.1:%d
""" % (self.home, self.fpm, self.fpm_status))
        program = shutil.which("php-fpm") or shutil.which("php-fpm8.2")
        self.start(program, "-n", "-y", conf, log="fpm.log")
        wait_for_port(self.fpm_status)

    def fpm_page(self):
        """php-fpm's own JSON."""
        with urllib.request.urlopen(
                "http://127.0.0.1:%d/fpm_status?json&full" % self.nginx) as page:
            return json.load(page)


class Exporter:
    def __init__(self, process, port, log):
        self.process = process
        self.pid = process.pid
        self.port = port
        self.log = log
        self.url = "http://127.0.0.1:%d/metrics" % port
        wait_for_port(port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def ours(targets, name="ours", **settings):
    """Our exporter; settings override what its environment says."""
    port = free_port()
    secret = targets.home / "secret"
    secret.write_text(SECRET)
    folder = targets.home / (name + "-folder")
    folder.mkdir()
    env = {"EXPORTER_PORT": str(port), "EXPORTER_DIR": str(folder),
           "DB_HOST": "127.0.0.1", "DB_PORT": str(targets.mariadb),
           "DB_PASSWORD_FILE": str(secret),
           "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(targets.redis),
           "REDIS_PASSWORD_FILE": str(secret),
           "NGINX_STATUS_URL":
               "http://127.0.0.1:%d/nginx_status" % targets.nginx,
           "PHPFPM_STATUS_URL":
               "http://127.0.0.1:%d/fpm_status" % targets.nginx,
           "MERGE_TARGETS": "none"}
    env.update({key: str(value) for key, value in settings.items()})
    log = name + ".log"
    return Exporter(targets.start(OURS, env=env, log=log), port,
                    targets.home / log)


def mysqld(targets, *options):
    port = free_port()
    return Exporter(targets.start(
        "prometheus-mysqld-exporter", "--web.listen-address=127.0.0.1:%d" % port,
        *options, log="mysqld-exporter.log",
        env={"DATA_SOURCE_NAME": "exporter:%s@(127.0.0.1:%d)/" % (
            SECRET, targets.mariadb)}), port, "mysqld-exporter.log")


def redis(targets):
    port = free_port()
    return Exporter(targets.start(
        "prometheus-redis-exporter", "-redis.addr",
        "redis://127.0.0.1:%d" % targets.redis, "-redis.user", "exporter",
        "-web.listen-address", "127.0.0.1:%d" % port,
        env={"REDIS_PASSWORD": SECRET}, log="redis-exporter.log"), port,
        "redis-exporter.log")


def nginx(targets):
    port = free_port()
    return Exporter(targets.start(
        "prometheus-nginx-exporter", "-nginx.scrape-uri",
        "http://127.0.0.1:%d/nginx_status" % targets.nginx,
        "-web.listen-address", "127.0.0.1:%d" % port,
        log="nginx-exporter.log"), port, "nginx-exporter.log")

"""Plants mistakes in copies of Alpine's Dockerfiles and scripts and sees the
rehearsal find each, by name. Only what finds faults in the real tree is used
here; a rehearsal that cannot fail proves nothing."""

import concurrent.futures
import pathlib
import shutil

import pytest

import engine
from rehearse import Rehearsal

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
BONUS = "srcs/requirements/bonus/"
NGINX = "srcs/requirements/nginx/"
WORDPRESS = "srcs/requirements/wordpress/"
MARIADB = "srcs/requirements/mariadb/"
REDIS = BONUS + "redis/"
ADMINER = BONUS + "adminer/"
STATICD = BONUS + "staticd/"
CACHEMON = BONUS + "cachemon/"
ENTRY = "tools/entrypoint.sh"

# The mistake, the service, the file, what stands there, what is put in its
# place, and what the rehearsal must say.
SEEDED = (
    ("a wrong package name", "nginx", NGINX + "Dockerfile",
     "--no-cache nginx openssl", "--no-cache nginx-full openssl",
     "nginx-full (no such package)"),
    ("Debian's name of a package", "redis", REDIS + "Dockerfile",
     "apk add --no-cache redis", "apk add --no-cache redis-server",
     "redis-server (no such package)"),
    ("Debian's name of a library", "cachemon", CACHEMON + "Dockerfile",
     "libmicrohttpd hiredis ", "libmicrohttpd12 hiredis ",
     "libmicrohttpd12 (no such package)"),
    ("a package of testing", "adminer", ADMINER + "Dockerfile",
     "php84-fpm", "php82-fpm", "php82-fpm is in testing, which is not enabled"),
    ("a repository that is not enabled", "redis", REDIS + "Dockerfile",
     "&& apk add", "&& sed -i /community/d /etc/apk/repositories && apk add",
     "redis is in community, which is not enabled"),
    ("a pinned version", "nginx", NGINX + "Dockerfile",
     "--no-cache nginx ", "--no-cache nginx=1.28.0-r0 ",
     "breaks: world[nginx=1.28.0-r0]"),
    ("an unknown option of apk", "mariadb", MARIADB + "Dockerfile",
     "--no-cache", "--no-recommends", "unrecognized option: no-recommends"),
    ("apt-get's word for add", "nginx", NGINX + "Dockerfile",
     "apk add", "apk install", "'install' is not an apk command"),
    ("apt-get itself", "nginx", NGINX + "Dockerfile",
     "apk add --no-cache", "apt-get install -y", "apt-get: not found"),
    ("apk without --no-cache", "nginx", NGINX + "Dockerfile",
     "apk add --no-cache", "apk add", "apk's index is left"),
    ("Debian's useradd", "mariadb", MARIADB + "Dockerfile",
     "adduser -u 20103 -G mariadb -D -H -h", "useradd -u 20103 -g mariadb -M -d",
     "useradd: not found"),
    ("Debian's adduser syntax", "redis", REDIS + "Dockerfile",
     "adduser -u 20104 -G redis -D -H -h /nonexistent -s",
     "adduser --disabled-login --uid 20104 --ingroup redis --shell",
     "unrecognized option"),
    ("a bash array in a script", "redis", REDIS + ENTRY,
     "umask 077\n", "umask 077\nlist=(one two)\n", "syntax error"),
    ("a script that asks for bash", "nginx", NGINX + ENTRY,
     "#!/bin/sh", "#!/bin/bash", "/bin/bash, which is not there"),
    ("an option of GNU grep", "redis", REDIS + ENTRY,
     "grep -Eqi '^[1-9]", "grep -Pqi '^[1-9]", "invalid option -- 'P'"),
    ("an option of GNU install", "redis", REDIS + ENTRY,
     'mkdir -p "$run"', 'install --directory --mode=0700 "$run"',
     "unrecognized option"),
    ("a wrong path in ENTRYPOINT", "redis", REDIS + "Dockerfile",
     'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]',
     'ENTRYPOINT ["/usr/bin/entrypoint.sh"]',
     "/usr/bin/entrypoint.sh is named in the Dockerfile and is not there"),
    ("a wrong path in HEALTHCHECK", "nginx", NGINX + "Dockerfile",
     'CMD ["/usr/local/bin/healthcheck.sh"]', 'CMD ["/usr/local/bin/health.sh"]',
     "/usr/local/bin/health.sh is named in the Dockerfile and is not there"),
    ("Debian's path of php-fpm", "wordpress", WORDPRESS + "Dockerfile",
     "PHP_FPM_BIN=/usr/sbin/php-fpm84", "PHP_FPM_BIN=/usr/sbin/php-fpm8.4",
     "/usr/sbin/php-fpm8.4 is named in the Dockerfile and is not there"),
    ("a user that nobody made", "nginx", NGINX + "Dockerfile",
     "USER nginx", "USER www-data", "unable to find user www-data"),
    ("root", "redis", REDIS + "Dockerfile",
     "USER redis", "USER root", "runs as root, not as redis"),
    ("a wrong COPY source", "redis", REDIS + "Dockerfile",
     "COPY srcs/requirements/bonus/redis/conf/", "COPY srcs/requirements/redis/conf/",
     "srcs/requirements/redis/conf"),
    ("a mount point that is root's", "mariadb", MARIADB + "Dockerfile",
     "&& chown 20103:20103 /var/lib/mysql ", "",
     "the mount point /var/lib/mysql is 0:0:750"),
    ("a PHP extension left out", "wordpress", WORDPRESS + "Dockerfile",
     "        php84-mysqli \\\n", "", "PHP's mysqli"),
    ("one that Debian builds in", "wordpress", WORDPRESS + "Dockerfile",
     "        php84-sodium \\\n", "", "PHP's sodium"),
    ("a wrong checksum", "adminer", ADMINER + "Dockerfile",
     "ADMINER_SHA256=49c4", "ADMINER_SHA256=49c5",
     "is not the published checksum 49c4"),
    ("another version of a download", "adminer", ADMINER + "Dockerfile",
     "ADMINER_VERSION=6.1.1", "ADMINER_VERSION=6.1.0",
     "adminer-6.1.0.php is not in tests/rehearse/tables/downloads.table"),
    ("a library left out", "cachemon", CACHEMON + "Dockerfile",
     "libmicrohttpd hiredis ", "libmicrohttpd ", "libhiredis.so"),
    ("another base", "staticd", STATICD + "Dockerfile",
     "\n\nFROM alpine:3.23.6", "\n\nFROM alpine:3.22.1", "FROM alpine:3.22.1"),
    ("the server's own network switch left on", "mariadb",
     MARIADB + "conf/server.cnf", "bind-address=0.0.0.0", "bind-adress=0.0.0.0",
     "unknown variable 'bind-adress=0.0.0.0'"),
)

COPIED = (".dockerignore", "srcs/requirements", "srcs/docker-compose.yml",
          "srcs/.env.example", "srcs/tools/lib.sh", "services", "static-site")


def copy(folder):
    for name in COPIED:
        source, target = REPO / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)


def plant(number):
    """What the rehearsal finds in a copy with one mistake."""
    _, service, name, old, new, _ = SEEDED[number]
    folder = REPO.parent / ("seeded-%d" % number) / "repository"
    copy(folder)
    path = folder / name
    text = path.read_text()
    assert old in text, "%s no longer holds %r" % (name, old)
    path.write_text(text.replace(old, new, 1))
    rehearsal = Rehearsal(folder, "-%d" % number)
    try:
        return rehearsal.one(service)
    finally:
        rehearsal.close()


@pytest.fixture(scope="session")
def found(request):
    """What was found, of every mistake that is asked for, two at a time."""
    numbers = [item.callspec.params["number"] for item in request.session.items
               if "number" in getattr(item, "fixturenames", ())]
    futures = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        try:
            for number in numbers:
                futures[number] = pool.submit(plant, number)
            yield futures
        finally:
            for future in futures.values():
                future.cancel()
    engine.remove_all()


@pytest.mark.parametrize("number", range(len(SEEDED)),
                         ids=[entry[0] for entry in SEEDED])
def test_mistake_is_found(found, number):
    faults = "\n".join(found[number].result())
    assert SEEDED[number][-1] in faults, faults or "nothing was found"

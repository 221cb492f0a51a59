"""Breaks each rule of test_inception.py on purpose, in a copy of the
repository, and sees the rule's own test fail. A test that cannot fail proves
nothing."""

import inspect
import pathlib
import re
import shutil
import subprocess

import pytest

import test_inception
from tree import Tree

NGINX = "srcs/requirements/nginx/"
WORDPRESS = "srcs/requirements/wordpress/"
MARIADB = "srcs/requirements/mariadb/"
COMPOSE = "srcs/docker-compose.yml"
EXAMPLE = "srcs/.env.example"
ENTRY = "tools/entrypoint.sh"


class Mutation:
    """One change to one file or folder of a repository."""

    def __init__(self, name, told, act):
        self.name = name
        self.told = "%s: %s" % (name, told)
        self.act = act


def swap(name, old, new, count=1):
    """Puts `new` where `old` stands in a file."""
    def act(path):
        text = path.read_text()
        assert old in text, "%s no longer holds %r" % (name, old)
        path.write_text(text.replace(old, new, count))
    return Mutation(name, "`%s` for `%s`" % (new.strip(), old.strip()), act)


def add(name, text):
    """Adds a line to the end of a file, which it makes if need be."""
    def act(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            stream.write(text + "\n")
    return Mutation(name, "`%s` added" % text.strip(), act)


def erase(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def remove(name):
    return Mutation(name, "removed", erase)


# The word is put together, as in the tests themselves.
FLOATING = ":la" + "test"
MUTATIONS = [
    ("test_r01_what_a_build_needs_is_in_the_repository",
     remove(NGINX + "conf"), remove("static-site"),
     swap(EXAMPLE, "\nHTTPS_PORT=443", ""), remove("srcs/tools/ports.sh")),
    ("test_r02_plain_make_brings_the_stack_up",
     swap("Makefile", ".DEFAULT_GOAL := up", ".DEFAULT_GOAL := help"),
     swap("Makefile", "setup.sh up", "setup.sh build")),
    ("test_r03_configuration_is_in_srcs",
     remove(MARIADB + "conf"), add("docker-compose.yml", "services: {}"),
     remove(EXAMPLE)),
    ("test_r04_no_credential_in_git",
     add("secrets/db_password.txt", "hunter2"),
     add("srcs/.env", "DOMAIN_NAME=x"),
     add(COMPOSE, "# MYSQL_PASSWORD: hunter22"),
     add(NGINX + "conf/key.conf", "-----BEGIN PRIVATE " + "KEY-----"),
     add("README.md", "aB3" + "dE6fG9hJ2kL5mN8pQ1rS4tU7vW0xY3z"[:29])),
    ("test_r05_settings_are_environment_variables",
     swap(EXAMPLE, "MYSQL_USER=", "MYSQL_ACCOUNT="),
     swap(EXAMPLE, "DOMAIN_NAME=${LOGIN}.42.fr", "DOMAIN_NAME=localhost")),
    ("test_r06_secrets_are_docker_secrets_and_ignored",
     swap(".gitignore", "/secrets/\n", ""),
     swap(COMPOSE, "DB_PASSWORD_FILE: /run/secrets/db_password",
          "DB_PASSWORD: wordpress"),
     swap(COMPOSE, "${SECRETS_DIR}/db_password.txt", "/etc/passwd")),
    ("test_r07_readme_names_the_student_in_its_first_line",
     swap("README.md", "*This project", "This project"),
     swap("README.md", "*This project", "\n*This project"),
     swap("README.md", "42 curriculum", "42 cursus")),
    ("test_r08_readme_has_its_sections_and_comparisons",
     swap("README.md", "## Resources", "## Links"),
     swap("README.md", "Use of AI", "Use of tools"),
     swap("README.md", "Secrets vs Environment", "Secrets, Environment"),
     swap("README.md", "Docker Volumes vs Bind Mounts", "Volumes"),
     swap("README.md", "A virtual machine brings", "** **")),
    ("test_r09_user_doc_answers_a_user",
     swap("USER_DOC.md", "make credentials", "make passwords", 9),
     swap("USER_DOC.md", "/wp-admin/", "/login/", 9),
     swap("USER_DOC.md", "make status", "make state", 9)),
    ("test_r10_dev_doc_answers_a_developer",
     swap("DEV_DOC.md", "## Prerequisites", "## Before"),
     swap("DEV_DOC.md", "docker volume ls", "docker ps", 9),
     swap("DEV_DOC.md", "### Secrets from scratch", "### Secrets")),
    ("test_r11_each_service_is_built_from_a_dockerfile_of_its_own",
     swap(COMPOSE, MARIADB + "${DOCKERFILE}", NGINX + "${DOCKERFILE}"),
     swap(MARIADB + "Dockerfile", "FROM alpine", "FROM mariadb:11\n#")),
    ("test_r12_dockerfiles_begin_with_the_penultimate_base",
     swap(NGINX + "Dockerfile", "FROM", "ARG BASE=alpine\nFROM"),
     swap(NGINX + "Dockerfile", "alpine:3.23.6", "alpine:3.99.1"),
     swap(MARIADB + "Dockerfile.debian", "bookworm", "trixie")),
    ("test_r13_image_is_named_after_its_service",
     swap(COMPOSE, "image: nginx:", "image: inception-nginx:")),
    ("test_r14_no_floating_tag",
     swap(COMPOSE, "image: nginx:${TAG}", "image: nginx"),
     swap(EXAMPLE, "TAG=1.0.0", "TAG=" + FLOATING[1:]),
     add(NGINX + "conf/nginx.conf", "# as in nginx" + FLOATING),
     swap(NGINX + "Dockerfile", "alpine:3.23.6", "alpine")),
    ("test_r15_no_password_in_a_dockerfile",
     add(MARIADB + "Dockerfile", "ENV MYSQL_PASSWORD=x"),
     add(MARIADB + "Dockerfile.debian", "# the password is 42")),
    ("test_r16_entry_points_run_the_service",
     swap(NGINX + "Dockerfile", 'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]',
          "ENTRYPOINT nginx & bash"),
     add(WORDPRESS + "Dockerfile", 'CMD ["bash"]')),
    ("test_r17_entry_scripts_start_nothing_in_the_background",
     swap(MARIADB + ENTRY, "exec mariadbd", "mariadbd &\nwait\nexec mariadbd"),
     swap(WORDPRESS + ENTRY, "exec \"$PHP_FPM_BIN\"",
          "sleep 1 & exec \"$PHP_FPM_BIN\""),
     swap(NGINX + ENTRY, "exec nginx", "nohup nginx; exec nginx")),
    ("test_r18_no_endless_loop",
     add(NGINX + ENTRY, "tail" + " -f /dev/null"),
     add(MARIADB + ENTRY, "# no sleep" + " infinity here"),
     add("srcs/tools/status.sh", "while" + " true; do sleep 1; done"),
     add("srcs/tools/status.sh", "while [ " + "1 ]; do sleep 1; done"),
     add("README.md", "`while" + " true` is not used")),
    ("test_r19_entry_scripts_become_the_service",
     swap(MARIADB + ENTRY, "exec mariadbd", "mariadbd"),
     swap(WORDPRESS + ENTRY, "exec \"$PHP_FPM_BIN\"", "\"$PHP_FPM_BIN\""),
     remove(NGINX + ENTRY)),
    ("test_r20_nginx_is_in_no_other_dockerfile",
     add(WORDPRESS + "Dockerfile", "# as nginx does"),
     add(MARIADB + "Dockerfile.debian", "RUN apt-get install -y nginx")),
    ("test_r21_networks_are_in_the_compose_file",
     swap(COMPOSE, "\nnetworks:\n", "\nx-networks:\n"),
     swap(COMPOSE, "    networks: [db, auth]\n", "")),
    ("test_r22_no_host_network_and_no_links",
     swap(COMPOSE, "    networks: [db, auth]",
          "    network" + "_mode: host"),
     swap(COMPOSE, "    networks: [db, auth]",
          "    networks: [db, auth]\n    link" + "s: [nginx]"),
     add("srcs/tools/status.sh", "docker run --" + "link db nginx")),
    ("test_r23_services_are_restarted",
     swap(COMPOSE, "restart: unless-stopped", 'restart: "no"')),
    ("test_r24_database_and_files_are_in_named_volumes",
     swap(COMPOSE, "      - type: volume\n        source: mariadb\n",
          "      - type: bind\n        source: /srv\n"),
     swap(COMPOSE, "target: /var/lib/mysql", "target: /var/lib/other")),
    ("test_r25_volumes_lie_in_the_home_folder",
     swap(EXAMPLE, "DATA_DIR=/home/${LOGIN}/data", "DATA_DIR=/srv/data"),
     swap(COMPOSE, 'device: "${DATA_DIR}/mariadb"', 'device: "/srv"')),
    ("test_r27_nginx_alone_is_open_on_443",
     swap(COMPOSE, "    networks: [db, auth]",
          '    networks: [db, auth]\n    ports: ["3306:3306"]'),
     swap(COMPOSE, '      - "${BIND_ADDRESS}:${HTTPS_PORT}:${HTTPS_PORT}"',
          '      - "80:80"\n'
          '      - "${BIND_ADDRESS}:${HTTPS_PORT}:${HTTPS_PORT}"'),
     swap(EXAMPLE, "HTTPS_PORT=443", "HTTPS_PORT=8443")),
    ("test_r28_tls_1_2_and_1_3_only",
     swap(NGINX + "conf/nginx.conf", "ssl_protocols TLSv1.2",
          "ssl_protocols TLSv1.1 TLSv1.2")),
    ("test_r29_nothing_listens_without_tls",
     swap(NGINX + "conf/nginx.conf", "        listen @HTTPS_PORT@ ssl",
          "        listen 80;\n        listen @HTTPS_PORT@ ssl")),
    ("test_r33_an_administrator_called_admin_is_refused",
     swap(EXAMPLE, "WP_OWNER=owner", "WP_OWNER=theAdmin"),
     swap("srcs/tools/env.sh", "[[ ${SETTING[WP_OWNER],,} != *admin* ]]",
          "[[ ${SETTING[WP_OWNER]} != admin ]]")),
    ("test_r38_every_port_is_a_setting",
     swap(COMPOSE, "DB_PORT: ${MARIADB_PORT}", "DB_PORT: 3306"),
     swap(COMPOSE, "nginx:${NGINX_STATUS_PORT}/fpm", "nginx:8080/fpm"),
     swap(NGINX + "conf/nginx.conf", "staticd:@STATICD_PORT@",
          "staticd:8080")),
    ("test_r40_the_guide_answers_every_question",
     swap("DEFENCE.md", "## PID 1", "## Number one"),
     swap("DEFENCE.md", "## Docker or a virtual machine?",
          "## A heading without a command\n\n## Docker or a virtual machine?")),
    ("test_r42_each_extra_service_has_its_own_dockerfile",
     swap(COMPOSE, "bonus/redis/${DOCKERFILE}", "bonus/adminer/${DOCKERFILE}"),
     swap(COMPOSE, "    depends_on:\n      mariadb:",
          "    depends_on:\n      redis:\n"
          "        condition: service_started\n      mariadb:")),
    ("test_r43_redis_caches_for_wordpress",
     swap(COMPOSE, "networks: [out, php, db, cache]",
          "networks: [out, php, db]"),
     swap(COMPOSE, "OBJECT_CACHE: ${OBJECT_CACHE}\n      REDIS_HOST: redis",
          "OBJECT_CACHE: ${OBJECT_CACHE}\n      REDIS_HOST: localhost")),
    ("test_r44_ftp_leads_to_the_wordpress_volume",
     swap(COMPOSE, "FTPD_ROOT: /var/www/html", "FTPD_ROOT: /tmp")),
    ("test_r45_static_site_without_php",
     add("static-site/index.php", "<?php phpinfo();"),
     add("srcs/requirements/bonus/staticd/Dockerfile", "RUN apk add php")),
    ("test_r46_adminer_is_a_service",
     swap(COMPOSE, "networks: [admin, db]", "networks: [admin]")),
    ("test_r47_each_service_of_choice_is_justified",
     swap("DEFENCE.md", "### exporter", "### other"),
     swap("DEFENCE.md", "Why useful", "And", 99)),
]
# What needs a repository of git's own is broken below.
ELSEWHERE = {"test_r04_no_credential_in_the_history_of_git"}

CASES = [(name, mutation) for name, *mutations in MUTATIONS
         for mutation in mutations]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    tree = Tree(pathlib.Path(__file__).resolve().parent.parent.parent)
    root = tmp_path_factory.mktemp("mutant") / "repository"
    for path in tree.files():
        target = root / path.relative_to(tree.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return root


@pytest.fixture
def mutate(copy, tmp_path):
    """Changes the copy; takes the change back when the test is over."""
    undone = []

    def change(mutation):
        path = copy / mutation.name
        kept = tmp_path / "kept"
        if path.is_dir():
            shutil.copytree(path, kept)
        elif path.exists():
            shutil.copy2(path, kept)
        undone.append((path, kept))
        mutation.act(path)
        return Tree(copy)

    yield change
    for path, kept in undone:
        if path.exists():
            erase(path)
        if kept.exists():
            shutil.move(str(kept), str(path))


@pytest.mark.parametrize("name, mutation", CASES, ids=[
    re.sub(r"\W+", "-", "%s-%s" % (name[5:8], mutation.told))[:60]
    for name, mutation in CASES])
def test_rule_sees_it_broken(mutate, name, mutation):
    tree = mutate(mutation)
    try:
        getattr(test_inception, name)(tree)
    except (AssertionError, OSError, KeyError):
        return
    pytest.fail("%s did not see %s" % (name, mutation.told))


@pytest.mark.parametrize("name", [
    "secrets/db_password.txt", "srcs/.env", "old/server.key", "ca.pem"])
def test_history_of_git_sees_it_broken(tmp_path, name):
    """A secret that was committed once, and taken out again later."""
    def git(*args):
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.org",
             "-c", "init.defaultBranch=main", "-C", str(tmp_path), *args],
            check=True, stdout=subprocess.DEVNULL)

    rule = test_inception.test_r04_no_credential_in_the_history_of_git
    git("init", "-q")
    add(".env.example", "LOGIN=").act(tmp_path / "srcs/.env.example")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    rule(Tree(tmp_path))
    path = tmp_path / name
    add(name, "hunter2").act(path)
    git("add", "-f", name)
    git("commit", "-q", "-m", "second")
    git("rm", "-q", name)
    git("commit", "-q", "-m", "third")
    assert not path.exists()
    with pytest.raises(AssertionError):
        rule(Tree(tmp_path))


def test_the_copy_is_whole_again(copy):
    """Each change was taken back: all that failed above was the change."""
    for name in sorted({name for name, _ in CASES}):
        getattr(test_inception, name)(Tree(copy))


def test_every_rule_is_broken_once():
    rules = {name for name, member in inspect.getmembers(test_inception)
             if name.startswith("test_r")}
    assert rules - ELSEWHERE == {name for name, _ in CASES}

"""What the exercise and this project demand of the files themselves."""

import pathlib
import re
import subprocess

import pytest

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = REPO / "srcs/requirements"
MANDATORY = ("nginx", "wordpress", "mariadb")
BONUS = ("redis", "adminer", "ftpd", "staticd", "cachemon", "exporter")

# Joined here, so that this file does not hold what it looks for.
BANNED = [left + right for left, right in (
    ("tail", " -f"), ("sleep", " infinity"), ("while", " true"),
    ("link", "s:"), ("--", "link"), ("network", ": host"),
    ("network", "_mode"), (":la", "test"))]


def files():
    """What is, or would be, in git; every file where there is no git."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=REPO,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode == 0 and done.stdout:
        return [REPO / name for name in done.stdout.decode().split("\0")
                if name and (REPO / name).is_file()]
    return [path for path in REPO.rglob("*")
            if path.is_file() and ".git" not in path.parts]


FILES = files()


def text(path):
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def dockerfiles():
    folders = [REQUIREMENTS / name for name in MANDATORY]
    folders += [REQUIREMENTS / "bonus" / name for name in BONUS]
    return [folder / name for folder in folders
            for name in ("Dockerfile", "Dockerfile.debian")]


each_dockerfile = pytest.mark.parametrize(
    "path", dockerfiles(), ids=lambda path: str(path.relative_to(REQUIREMENTS)))


@pytest.mark.parametrize("word", BANNED)
def test_banned_word(word):
    found = []
    for path in FILES:
        if path.suffix == ".md":
            continue
        for number, line in enumerate(text(path).splitlines(), 1):
            if word in line:
                found.append("%s:%d: %s" % (path.relative_to(REPO), number,
                                            line.strip()))
    assert not found, "\n".join(found)


@each_dockerfile
def test_dockerfile_begins_with_its_base(path):
    base = ("FROM debian:bookworm" if path.suffix == ".debian"
            else "FROM alpine:3.23.6")
    lines = path.read_text().splitlines()
    assert lines[0] == base
    for line in lines:
        if line.startswith("FROM "):
            assert line.split(" AS ")[0].split(" as ")[0] == base


@each_dockerfile
def test_dockerfile_keeps_the_rules(path):
    content = path.read_text()
    assert "password" not in content.lower()
    # Both builders, with and without BuildKit, must understand it.
    for construct in ("--chmod", "--mount", "<<EOF", "TARGETARCH"):
        assert construct not in content
    users = re.findall(r"^USER (\S+)$", content, re.M)
    assert users and users[-1] not in ("root", "0")
    service = path.parent.name
    assert users[-1] == service
    assert re.search(r"^HEALTHCHECK ", content, re.M)
    entry = re.search(r"^ENTRYPOINT (.*)$", content, re.M)
    assert entry and entry.group(1).startswith("[")
    assert not re.search(r"(?<![.\w])(ba)?sh[\"' ]", entry.group(1))
    if service in ("wordpress", "mariadb"):
        assert "nginx" not in content


def test_entry_scripts_start_nothing_in_the_background():
    scripts = [path for path in FILES if REQUIREMENTS in path.parents
               and text(path).startswith("#!/bin/sh")]
    assert scripts
    for path in scripts:
        for line in text(path).splitlines():
            assert not re.search(r"(?<![&>|])&\s*(?:#.*)?$", line), (path, line)


def test_compose_file_has_what_it_must():
    content = (REPO / "srcs/docker-compose.yml").read_text()
    assert re.search(r"^networks:", content, re.M)
    for service in MANDATORY + BONUS:
        assert "image: %s:${TAG}" % service in content


def test_no_secret_is_tracked():
    for path in FILES:
        name = path.relative_to(REPO)
        assert name.parts[0] != "secrets" or path.name in (
            ".gitkeep", "README.md"), name
        assert name != pathlib.Path("srcs/.env")
        assert "PRIVATE " + "KEY-----" not in text(path), name
    ignored = (REPO / ".gitignore").read_text().splitlines()
    assert any(line.strip("/") in ("secrets", "secrets/*") for line in ignored)
    assert any(line.lstrip("/") in ("srcs/.env", ".env") for line in ignored)


def test_example_settings_hold_no_secret():
    for line in (REPO / "srcs/.env.example").read_text().splitlines():
        name = line.partition("=")[0]
        assert not re.search(r"(PASSWORD|SECRET|SALTS?|KEY)$", name), line


def test_build_context_is_an_allow_list():
    lines = [line for line in (REPO / ".dockerignore").read_text().splitlines()
             if line and not line.startswith("#")]
    assert lines[0] in ("*", "**")
    assert not any(line.startswith("!secrets") for line in lines)
    assert "!srcs/.env" not in lines


@pytest.mark.parametrize("name", ["Makefile", "README.md", "USER_DOC.md",
                                  "DEV_DOC.md", "SECURITY.md"])
def test_root_has(name):
    assert (REPO / name).stat().st_size > 0

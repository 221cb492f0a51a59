"""DEFENCE.md as something that can be run: its commands, and what it says that
they print."""

import os
import re
import subprocess

from . import settings


class Step:
    def __init__(self, command):
        self.command = command
        self.expected = []


def read():
    """(lines that come before all, {section: its steps})"""
    preamble = []
    sections = {}
    steps = None
    for line in (settings.REPO / "DEFENCE.md").read_text().splitlines():
        if line.startswith("## "):
            steps = sections.setdefault(line[3:], [])
        code = line[4:] if line.startswith("    ") else None
        if steps is None:
            preamble += [code] if code is not None else []
        elif code is None:
            # What is to be typed by hand stands alone.
            step = None
        elif code.startswith("$ "):
            step = Step(code[2:])
            steps.append(step)
        elif step:
            step.expected.append(code)
    return "\n".join(preamble), sections


def run(stack, preamble, step):
    """Runs one command at the root; fails unless it shows what it should."""
    script = "%s\nD=%s PORT=%d P=%s\n%s" % (
        preamble, settings.DOMAIN, stack.https_port, stack.project,
        step.command)
    done = subprocess.run(
        ["bash", "-c", script], cwd=stack.repo, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=120, env={**os.environ, "ENV_FILE": str(stack.env_file),
                          "SECRETS_DIR": str(stack.secrets),
                          "SECRETS_OVERRIDE": str(stack.secrets)})
    told = "$ %s\n%s(status %d)" % (step.command, done.stdout, done.returncode)
    assert done.returncode == 0, told
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in step.expected:
        pattern = ".*".join(re.escape(" ".join(part.split()))
                            for part in line.split("..."))
        assert any(re.fullmatch(pattern.replace(".*\\ ", ".*").replace(
            "\\ .*", ".*"), text) for text in shown), \
            "no line is '%s':\n%s" % (line, told)

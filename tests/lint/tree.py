"""A repository on disk, as the rules look at it: the checkout itself, or a
copy of it in which a rule was broken on purpose."""

import pathlib
import re
import subprocess

import yaml

MANDATORY = ("nginx", "wordpress", "mariadb")
BONUS = ("redis", "adminer", "ftpd", "staticd", "cachemon", "exporter")


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def files(self):
        """What is, or would be, in git; every file where there is no git."""
        done = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard"],
            cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.returncode == 0 and done.stdout:
            paths = [self.root / name
                     for name in done.stdout.decode().split("\0") if name]
        else:
            paths = self.root.rglob("*")
        return sorted(path for path in paths if path.is_file()
                      and ".git" not in path.relative_to(self.root).parts
                      and "__pycache__" not in path.parts)

    def name(self, path):
        return str(path.relative_to(self.root))

    def read(self, name):
        return (self.root / name).read_text()

    def texts(self):
        """(name, text) of every file that is text."""
        for path in self.files():
            try:
                yield self.name(path), path.read_text()
            except UnicodeDecodeError:
                continue

    def compose(self):
        return yaml.safe_load(self.read("srcs/docker-compose.yml"))

    def settings(self):
        """The example's NAME=value lines."""
        return dict(line.split("=", 1)
                    for line in self.read("srcs/.env.example").splitlines()
                    if re.match(r"[A-Z_]+=", line))

    def folder(self, service):
        inside = "" if service in MANDATORY else "bonus/"
        return "srcs/requirements/%s%s" % (inside, service)

    def dockerfiles(self):
        """(name, text) of every Dockerfile that makes a service."""
        for service in MANDATORY + BONUS:
            for file in ("Dockerfile", "Dockerfile.debian"):
                name = "%s/%s" % (self.folder(service), file)
                yield name, self.read(name)

    def scripts(self, under=""):
        """(name, text) of every shell script."""
        for name, text in self.texts():
            first = text.partition("\n")[0]
            if name.startswith(under) and (
                    name.endswith(".sh")
                    or re.match(r"#!.*/(env )?(ba)?sh\b", first)):
                yield name, text

    def entry_scripts(self):
        """(name, text) of the scripts that images start with."""
        for service in MANDATORY + BONUS:
            name = self.folder(service) + "/tools/entrypoint.sh"
            if (self.root / name).is_file():
                yield name, self.read(name)

    def documents(self):
        """What a person reads, as one text without line breaks each."""
        return {name: re.sub(r"\s+", " ", self.read(name))
                for name in ("README.md", "USER_DOC.md", "DEV_DOC.md",
                             "DEFENCE.md")}


def commands(script):
    """A shell script without its comments, quoted strings and here-documents:
    what is left of an & or a ; is the shell's own."""
    script = re.sub(r"<<-?\s*['\"]?(\w+)['\"]?(.*\n)(?:.*\n)*?\s*\1\n",
                    r"\2", script)
    out = []
    quote = ""
    place = 0
    while place < len(script):
        char = script[place]
        if quote:
            if char == "\\" and quote == '"':
                place += 1
            elif char == quote:
                quote = ""
        elif char == "\\":
            place += 1
        elif char in "'\"":
            quote = char
            out.append("_")
        elif char == "#" and (place == 0 or script[place - 1] in " \t\n;("):
            end = script.find("\n", place)
            place = (end if end >= 0 else len(script)) - 1
        else:
            out.append(char)
        place += 1
    return "".join(out)

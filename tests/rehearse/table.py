"""The package table, for everything but the making of the base (which reads it
by itself, in image/store.py, where nothing else of this folder is)."""

import re


def read(path):
    """Name -> {key: [values]}; `in`, `version` and `measured` as `like` has
    them."""
    packages = {}
    for stanza in re.split(r"\n\n+", re.sub(r"(?m)^#.*\n", "", path.read_text())):
        pairs = [line.partition(": ")[::2] for line in stanza.splitlines() if line]
        if not pairs:
            continue
        package = packages[pairs[0][1]] = {}
        for key, value in pairs[1:]:
            package.setdefault(key, []).append(value)
    for package in packages.values():
        model = package
        while "like" in model:
            model = packages[model["like"][0]]
        for key in ("in", "version", "measured"):
            if key in model:
                package.setdefault(key, model[key])
    return packages


def asked_for(dockerfile):
    """The packages of a Dockerfile's `apk add`s."""
    text = re.sub(r"(?m)^\s*#.*\n", "", dockerfile).replace("\\\n", " ")
    names = []
    for words in re.findall(r"\bapk (?:--\S+ )*add ([^&;|\n]*)", text):
        names += [word for word in words.split() if not word.startswith("-")]
    return names

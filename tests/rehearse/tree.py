"""A copy of the repository, the real one or one with a mistake planted in it:
its Dockerfiles, and what its Compose file gives each service."""

import pathlib
import re

import yaml

MANDATORY = ("nginx", "wordpress", "mariadb")
BONUS = ("redis", "adminer", "ftpd", "staticd", "cachemon", "exporter")
SERVICES = MANDATORY + BONUS

# Mode of each volume's mount point in its owner's image; the owner itself is
# in srcs/tools/lib.sh.
MODES = {"wordpress": "755", "certs": "755"}


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def read(self, name):
        return (self.root / name).read_text()

    def dockerfile(self, service):
        inside = "" if service in MANDATORY else "bonus/"
        return "srcs/requirements/%s%s/Dockerfile" % (inside, service)

    def version(self):
        """The release that nginx's Dockerfile begins with."""
        first = self.read(self.dockerfile("nginx")).split("\n", 1)[0]
        return first.rpartition(":")[2]

    def compose(self):
        return yaml.safe_load(self.read("srcs/docker-compose.yml"))

    def settings(self):
        """The example's, filled in for one tester."""
        values = {}
        for line in self.read("srcs/.env.example").splitlines():
            match = re.match(r"([A-Z_]+)=(.*)", line)
            if match:
                values[match.group(1)] = match.group(2)
        values.update(LOGIN="tester", COMPOSE_PROFILES="bonus", OBJECT_CACHE="on")
        for name in values:
            values[name] = self.fill(values[name], values)
        return values

    @staticmethod
    def fill(text, values):
        """As Compose does: ${NAME} and ${NAME:-default}."""
        return re.sub(r"\$\{([A-Z_]+)(?::-([^}]*))?\}",
                      lambda match: values.get(match.group(1))
                      or match.group(2) or "", str(text))

    def environment(self, service):
        values = self.settings()
        return {name: self.fill(value, values) for name, value in
                self.compose()["services"][service]["environment"].items()}

    def secrets(self, service):
        return self.compose()["services"][service].get("secrets", [])

    def volumes(self, service):
        """(volume, target, owned by this service, read-only)"""
        for volume in self.compose()["services"][service].get("volumes", []):
            yield (volume["source"], volume["target"],
                   not volume.get("volume", {}).get("nocopy", False),
                   volume.get("read_only", False))

    def tmpfs(self, service):
        document = self.compose()
        return (document["services"][service].get("tmpfs")
                or document["x-service"]["tmpfs"])

    def owner(self, volume):
        """The uid that lib.sh has for a volume."""
        return re.search(r"^\t%s:(\d+):" % volume, self.read("srcs/tools/lib.sh"),
                         re.M).group(1)

#!/usr/bin/python3
"""Builds the Alpine Dockerfiles for real on a simulated base, then looks at the
images and starts them with the stack's own settings (DEV_DOC.md, "Rehearsing
Alpine").  SIMULATED: what passes here has not been built on Alpine.

  rehearse.py FOLDER [SERVICE...]    FOLDER is the repository's root, or a copy's
  rehearse.py --real FOLDER REPORT   the same on the real base, for somebody who
                                     can reach it; what it finds, as a report
  rehearse.py --rewrite FOLDER       only puts the simulated base's name into the
                                     Dockerfiles of a copy
"""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import base
import report
from engine import LABELS, MARK, docker, remove_all
from tree import MODES, SERVICES, Tree

# PHP extensions that the stack's own files and WordPress use; php.ini's in
# conf.d must be the packages', since Debian builds some of them in.
MODULES = {
    "wordpress": ("ctype curl dom exif fileinfo gd iconv igbinary intl mbstring "
                  "mysqli opcache openssl redis session simplexml sodium "
                  "tokenizer xml xmlreader xmlwriter zip").split(),
    "adminer": "mbstring mysqli session".split(),
}

# Tried in the running container, as its user.
COMMANDS = {
    "nginx": ("nginx -t -q -e stderr -c /tmp/nginx/nginx.conf",),
    "wordpress": ("PHP_FPM_MAX_CHILDREN=4 PHP_FPM_MAX_SPARE=2 $PHP_FPM_BIN -t"
                  " -y /usr/local/etc/wordpress/php-fpm.conf",
                  "php --ri redis", "test -e /var/www/html/wp-settings.php"),
    "mariadb": ("mariadbd --defaults-file=/tmp/mariadb/server.cnf --help"
                " --verbose",
                "mariadb --print-defaults | grep -q /tmp/mariadb/mysqld.sock"),
    "redis": ("redis-cli -p ${REDIS_PORT:-6379} --user health --pass none PING",),
    "adminer": ("$PHP_FPM -t -c /etc/stack/php.ini -y /etc/stack/fpm.conf",),
    "ftpd": ("ftpd --version", "ftpd --check"),
    "staticd": ("staticd --version", "staticd --check"),
    "cachemon": ("cachemon --version", "cachemon --check"),
    "exporter": ("exporter --version", "exporter --check"),
}

# Who must run before whom; ftpd, since its volume is WordPress's.
NEEDS = {"wordpress": ("mariadb", "redis"), "cachemon": ("redis",),
         "exporter": ("mariadb", "redis"),
         "ftpd": ("mariadb", "redis", "wordpress")}
ORDER = ("mariadb", "redis", "wordpress", "nginx", "adminer", "ftpd", "staticd",
         "cachemon", "exporter")

# Looks at an image from inside, as its user, before its entry point ever ran.
# Its words are one fault a line.
LOOK = r"""
[ "$(id -un)" = "$service" ] || echo "runs as $(id -un), not as $service"
for path in $paths; do
	[ -e "$path" ] || echo "$path is named in the Dockerfile and is not there"
done
for program in $programs; do
	command -v "$program" >/dev/null ||
		echo "$program is to be run and is not a program there"
done
for file in /usr/local/bin/*; do
	[ -f "$file" ] || continue
	line=$(head -n 1 "$file" | tr -d '\0')
	case $line in
	'#!'*)
		line=${line#'#!'}
		program=${line%% *}
		[ -x "$program" ] || echo "$file asks for $program, which is not there"
		;;
	esac
done
for mount in $mounts; do
	path=${mount%%=*}
	wanted=${mount#*=}
	if ! [ -d "$path" ]; then
		echo "the mount point $path is not there"
		continue
	fi
	found=$(stat -c '%u:%g:%a' "$path")
	[ "$found" = "$wanted" ] ||
		echo "the mount point $path is $found (uid:gid:mode), not $wanted"
	[ -z "$(ls -A "$path")" ] || echo "the mount point $path is not empty"
done
[ -z "$(ls -A /var/cache/apk 2>/dev/null)" ] ||
	echo "apk's index is left in /var/cache/apk: apk add wants --no-cache"
for module in $modules; do
	ls /etc/php84/conf.d/*_"$module".ini >/dev/null 2>&1 ||
		echo "PHP's $module: no package of the list brings it"
done
if [ -n "$modules" ]; then
	loaded=$(php84 -m 2>&1 | tr 'A-Z' 'a-z')
	for module in $modules; do
		case $loaded in
		*"$module"*) ;;
		*) echo "PHP does not load $module" ;;
		esac
	done
fi
"""


class Secrets:
    """Made-up secrets in files, a certificate authority among them."""

    def __init__(self, folder, tree):
        self.folder = pathlib.Path(folder)
        for name in tree.compose()["secrets"]:
            self.write(name, ("x" * 8 + name).ljust(64, "y"))
        # A list, at first without users.
        self.write("ftp_users", "# none\n")
        key, certificate = self.folder / "key.pem", self.folder / "crt.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "3", "-subj",
             "/CN=rehearsal", "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign", "-keyout", key,
             "-out", certificate], check=True, stderr=subprocess.DEVNULL)
        self.write("ca_key", key.read_text())
        self.write("ca_cert", certificate.read_text())
        self.folder.chmod(0o755)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o444)


class Rehearsal:
    """One tree's services on the simulated base; or, for alpine-check, on the
    real one."""

    def __init__(self, root, label="", real=False):
        self.tree = Tree(root)
        self.label = label
        self.version = self.tree.version()
        self.table = base.table_path(base.minor_of(self.version))
        if not self.table.is_file():
            sys.exit("there is no package table %s for alpine:%s: see DEV_DOC.md"
                     % (self.table.name, self.version))
        self.real = real
        self.word = "alpine-check" if real else "simulated"
        if real:
            self.base = "alpine:" + self.version
            self.labels = ()
        else:
            self.base = base.ensure(base.minor_of(self.version))
            self.labels = ("--label", "inception.simulated=yes")
        self.scratch = tempfile.TemporaryDirectory(dir=pathlib.Path(root).parent)
        self.secrets = Secrets(self.scratch.name, self.tree)
        self.network = "%s-%s%s" % (self.word, MARK, label)
        docker("network", "create", "--internal", *LABELS, self.network)

    def image(self, service):
        return "%s-%s:%s%s" % (self.word, service, MARK, self.label)

    def container(self, service):
        return "%s-%s-%s%s" % (self.word, service, MARK, self.label)

    def volume(self, name):
        return self.container(name)

    # Building.

    def build(self, service):
        """What is wrong with the Dockerfile itself, or with its build."""
        name = self.tree.dockerfile(service)
        text = self.tree.read(name)
        literal = "alpine:" + base.release_of(self.table)
        for line in re.findall(r"^FROM +(\S+)", text, re.M):
            if line != literal:
                return ["FROM %s: the package table is %s's" % (line, literal)]
        path = pathlib.Path(self.scratch.name) / (service + ".Dockerfile")
        path.write_text(re.sub(r"^(FROM +)\S+", r"\g<1>" + self.base, text,
                               flags=re.M))
        # The simulated npm is a name only.
        charts = "on" if self.real else "off"
        title = "org.opencontainers.image.title=%s %s" % (
            self.word.upper(), service)
        done = docker("build", "--progress=plain", *LABELS, *self.labels,
                      "--label", title,
                      "--build-arg", "CACHEMON_CHARTS=" + charts, "-t", self.image(service), "-f", path, self.tree.root,
                      check=False, timeout=900)
        if done.returncode != 0:
            return ["the build fails:\n" + tail(done.stdout, 40)]
        return []

    # Looking.

    def look(self, service):
        """What is wrong with the image as it lies there."""
        document = json.loads(docker("image", "inspect",
                                     self.image(service)).stdout)[0]["Config"]
        entry = document.get("Entrypoint") or []
        health = (document.get("Healthcheck") or {}).get("Test") or []
        faults = []
        if not health:
            faults.append("there is no HEALTHCHECK")
        programs = [words[0] for words in (entry, health[1:]) if words]
        paths = [word for word in entry + health[1:] if word.startswith("/")]
        for setting in document.get("Env") or []:
            name, _, value = setting.partition("=")
            if name != "PATH" and value.startswith("/"):
                paths.append(value)
        mounts = []
        for volume, target, owned, _ in self.tree.volumes(service):
            if owned:
                uid = self.tree.owner(volume)
                mounts.append("%s=%s:%s:%s" % (
                    target, uid, uid, MODES.get(volume, "750")))
        values = {"service": service, "paths": " ".join(paths),
                  "programs": " ".join(programs), "mounts": " ".join(mounts),
                  "modules": " ".join(MODULES.get(service, ()))}
        script = "".join("%s='%s'\n" % item for item in values.items()) + LOOK
        done = docker("run", "--rm", "-i", "--network", "none", *LABELS,
                      "--cap-drop", "ALL", "--entrypoint", "/bin/sh",
                      self.image(service), "-s", stdin=script, check=False)
        faults += [line for line in done.stdout.splitlines() if line.strip()]
        return faults

    # Starting.

    def start(self, service):
        words = ["run", "-d", "--name", self.container(service), *LABELS,
                 "--network", self.network, "--network-alias", service,
                 "--read-only", "--cap-drop", "ALL", "--init=false",
                 "--security-opt", "no-new-privileges:true",
                 "--sysctl", "net.ipv4.ip_unprivileged_port_start=0"]
        for mount in self.tree.tmpfs(service):
            words += ["--tmpfs", mount]
        for item in self.tree.environment(service).items():
            words += ["-e", "%s=%s" % item]
        for name in self.tree.secrets(service):
            words += ["-v", "%s/%s:/run/secrets/%s:ro"
                      % (self.secrets.folder, name, name)]
        for volume, target, owned, read_only in self.tree.volumes(service):
            words += ["--mount", "type=volume,src=%s,dst=%s%s%s" % (
                self.volume(volume), target, ",readonly" if read_only else "",
                "" if owned else ",volume-nocopy")]
        done = docker(*words, self.image(service), check=False)
        if done.returncode != 0:
            return ["it does not start: " + tail(done.stdout)]
        return []

    def make_volumes(self, services):
        """With labels, so that they go at the end whatever happens."""
        for service in services:
            for volume, _, _, _ in self.tree.volumes(service):
                docker("volume", "create", *LABELS, self.volume(volume))

    def logs(self, service):
        return tail(docker("logs", "--tail", "40", self.container(service),
                           check=False).stdout, 40)

    def healthy(self, service, seconds=60):
        """Waits until the image's own health check is content."""
        config = json.loads(docker("image", "inspect",
                                   self.image(service)).stdout)[0]["Config"]
        test = config["Healthcheck"]["Test"][1:]
        deadline = time.monotonic() + seconds
        while True:
            done = docker("exec", self.container(service), *test, check=False)
            if done.returncode == 0:
                return []
            running = docker("inspect", "-f", "{{.State.Running}}",
                             self.container(service)).stdout.strip()
            if running != "true":
                return ["it ends at once:\n" + self.logs(service)]
            if time.monotonic() > deadline:
                return ["it does not become healthy: %s\n%s" % (
                    done.stdout.strip()[-300:], self.logs(service))]
            time.sleep(0.3)

    def commands(self, service):
        faults = []
        for command in COMMANDS[service]:
            done = docker("exec", self.container(service), "/bin/sh", "-c",
                          command, check=False)
            if done.returncode != 0:
                faults.append("%s: status %d: %s" % (
                    command, done.returncode, tail(done.stdout, 4)))
        return faults

    def one(self, service):
        """All of it for one service that needs no other."""
        self.make_volumes([service])
        for step in (self.build, self.look, self.start, self.healthy,
                     self.commands):
            faults = step(service)
            if faults:
                return faults
        return []

    def close(self):
        self.scratch.cleanup()


def tail(text, lines=12):
    return "\n".join("      " + line for line in text.strip().splitlines()[-lines:])


def timed(step, service):
    started = time.monotonic()
    return step(service), time.monotonic() - started


def build_all(rehearsal, ordered):
    """Two at a time; the faults of each service that has any."""
    failed = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        builds = {name: pool.submit(timed, rehearsal.build, name)
                  for name in ordered}
        for name in ordered:
            faults, seconds = builds[name].result()
            faults = faults or rehearsal.look(name)
            print("   %-10s built in %3.0f s%s" % (
                name, seconds, ", FAULTS" if faults else ""), flush=True)
            if faults:
                failed[name] = faults
    return failed


def start_all(rehearsal, ordered, failed):
    """Whoever could be built, with the others at hand."""
    def live(service):
        return (rehearsal.start(service) or rehearsal.healthy(service)
                or rehearsal.commands(service))

    for name in ordered:
        if name in failed:
            continue
        faults, seconds = timed(live, name)
        print("   %-10s started, healthy and asked in %2.0f s%s" % (
            name, seconds, ", FAULTS" if faults else ""), flush=True)
        if faults:
            failed[name] = faults


def run(root, services, real=False, written=None):
    """The whole rehearsal; with `written`, a report of it goes there."""
    started = time.monotonic()
    rehearsal = Rehearsal(root, real=real)
    print("   base %s (%s%.0f s)" % (
        rehearsal.base, "" if real else "SIMULATED, ",
        time.monotonic() - started), flush=True)
    wanted = set(services)
    for name in services:
        wanted.update(NEEDS.get(name, ()))
    ordered = [name for name in ORDER if name in wanted]
    try:
        rehearsal.make_volumes(ordered)
        failed = build_all(rehearsal, ordered)
        start_all(rehearsal, ordered, failed)
        if written:
            text = report.write(rehearsal, ordered, failed)
            pathlib.Path(written).write_text(text)
            print(text)
    finally:
        rehearsal.close()
        remove_all()
    for name, faults in failed.items():
        for fault in faults:
            print("%s: %s" % (name, fault))
    print("   %s: %d of %d Alpine Dockerfiles passed in %.0f s" % (
        rehearsal.word.upper(), len(ordered) - len(failed), len(ordered),
        time.monotonic() - started))
    return 1 if failed else 0


def rewrite(root):
    """A copy whose Dockerfiles name the simulated base."""
    tree = Tree(root)
    name = base.ensure(base.minor_of(tree.version()))
    for service in SERVICES:
        path = tree.root / tree.dockerfile(service)
        path.write_text(re.sub(r"^(FROM +)alpine:\S+", r"\g<1>" + name,
                               path.read_text(), flags=re.M))
    return 0


def main(words):
    if words[:1] == ["--rewrite"]:
        return rewrite(words[1])
    if words[:1] == ["--real"]:
        return run(words[1], SERVICES, real=True, written=words[2])
    return run(words[0], words[1:] or SERVICES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

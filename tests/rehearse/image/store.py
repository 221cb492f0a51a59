"""Makes the simulated base from Debian packages: runs in image/Dockerfile.

  store.py TABLE FOLDER   the base image's root, with its package store

The store is /.simulated/packages/NAME/: version, in, depends, install (users
and folders), files.tar. `apk`, the stand-in, unpacks from there.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

ARCHIVES = pathlib.Path("/trixie/cache/archives")
REHEARSE = pathlib.Path("/rehearse")
HIDDEN = ".simulated"

# Debian's folder of libraries becomes Alpine's, except for the C library, whose
# linker scripts name it.
MULTIARCH = "usr/lib/x86_64-linux-gnu/"
IN_PLACE = ("libc6", "libc6-dev", "libcrypt1", "libcrypt-dev")

# What no Alpine package brings unless one asks for its -doc.
UNWANTED = re.compile(
    r"usr/share/(doc|man|info|locale|lintian|bug|menu|vim|apport|zsh|"
    r"bash-completion|doc-base|polkit-1)/|etc/(init\.d|default|logrotate\.d|ufw"
    r"|apache2)/|usr/lib/(systemd|tmpfiles\.d|sysusers\.d)/|usr/share/perl")

# Paths that are compiled in, and what takes their place: as long, to the byte,
# and with the same last word, since linkers let other strings end there.
# (Debian's PHP reads time zones from files, Alpine's has them inside.)
COMPILED_IN = (
    (b"/etc/php/8.4/", b"/.simulated//"),
    (b"/usr/lib/php/20240924", b"/.simulated//20240924"),
    (b"/usr/lib/mysql/", b"/.simulated/ml/"),
    (b"/usr/lib/ssl", b"/etc/////ssl"),
    (b"/usr/share/zoneinfo", b"/.simulate/zoneinfo"),
    (b"/usr/sbin/mariadbd", b"/usr//bin/mariadbd"),
)
HIDDEN_LINKS = (("cli", "/etc/php84"), ("fpm", "/etc/php84"),
                ("20240924", "/usr/lib/php84/modules"),
                ("ml", "/usr/lib/mariadb"))


def read_table(path):
    """Name -> {key: [values]}, `like` followed."""
    packages = {}
    stanza = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            stanza = None
            continue
        key, colon, value = line.partition(": ")
        if not colon:
            sys.exit("%s:%d: not KEY: VALUE" % (path, number))
        if key == "package":
            if value in packages:
                sys.exit("%s:%d: %s a second time" % (path, number, value))
            stanza = packages[value] = {}
        elif stanza is None:
            sys.exit("%s:%d: outside of a package" % (path, number))
        else:
            stanza.setdefault(key, []).append(value)
    for name, package in packages.items():
        model = package
        while "like" in model:
            model = packages[model["like"][0]]
        for key in ("in", "version", "from", "measured"):
            if key in model:
                package.setdefault(key, model[key])
        for key in ("in", "version", "from"):
            if key not in package:
                sys.exit("%s: %s has no %s" % (path, name, key))
        for other in words(package, "depends"):
            if other not in packages:
                sys.exit("%s: %s depends on %s, which is not in the table"
                         % (path, name, other))
    return packages


def words(package, key):
    return " ".join(package.get(key, [])).split()


class Archives:
    """The Debian packages that were downloaded, unpacked as they are asked for."""

    def __init__(self):
        self.files = {}
        for path in ARCHIVES.glob("*.deb"):
            self.files[path.name.partition("_")[0]] = path
        self.needs = {}
        for name, path in self.files.items():
            text = subprocess.run(
                ["dpkg-deb", "-f", path, "Pre-Depends", "Depends"],
                stdout=subprocess.PIPE, text=True, check=True).stdout
            self.needs[name] = self.choose(text)

    def choose(self, text):
        """Of each group of alternatives, the one that is here."""
        chosen = []
        for group in re.sub(r"^[A-Za-z-]+:", "", text, flags=re.M).replace(
                "\n", ",").split(","):
            for one in group.split("|"):
                name = re.sub(r"[\s(:].*", "", one.strip())
                if name in self.files:
                    chosen.append(name)
                    break
        return chosen

    def root(self, name):
        folder = pathlib.Path("/unpacked") / name
        if not folder.is_dir():
            folder.parent.mkdir(exist_ok=True)
            subprocess.run(["dpkg-deb", "-x", self.files[name], folder],
                           check=True)
        return folder

    def entries(self, name):
        """(path where Alpine would have it, file) of everything in a package."""
        root = self.root(name)
        for path in sorted(root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            inside = str(path.relative_to(root))
            if UNWANTED.match(inside):
                continue
            if name not in IN_PLACE and inside.startswith(MULTIARCH):
                inside = "usr/lib/" + inside[len(MULTIARCH):]
                if inside.endswith(".a"):
                    continue
            yield "/" + inside, path

    def support(self, names, owned):
        """Libraries that these need and no package of the table brings."""
        seen, todo = set(names), list(names)
        while todo:
            for need in self.needs[todo.pop()]:
                if need not in seen and need not in owned:
                    seen.add(need)
                    todo.append(need)
        for name in sorted(seen - set(names)):
            for path, file in self.entries(name):
                if re.match(r"/usr/lib/[^/]*\.so", path):
                    yield path, file


def taken(package, entries):
    """What of these the package takes, and where it goes."""
    rules = [rule.partition("=")[::2] for rule in package.get("take", [])]
    if not rules:
        yield from entries
        return
    entries = list(entries)
    for old, new in rules:
        found = False
        for path, file in entries:
            if path == old or (old.endswith("/") and path.startswith(old)):
                found = True
                yield (new or old) + path[len(old):], file
        if not found:
            sys.exit("store: nothing to take as %s" % old)


def changed(path, data):
    """A file's content with Alpine's paths in it."""
    if path.endswith(".pc"):
        data = data.replace(b"lib/x86_64-linux-gnu", b"lib")
        return data.replace(b"include/mariadb", b"include/mysql")
    for old, new in COMPILED_IN:
        assert len(old) == len(new)
        data = data.replace(old, new)
    return data


class Root:
    """A folder that files are put into."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def place(self, path):
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or target.exists():
            target.unlink()
        return target

    def file(self, path, source):
        target = self.place(path)
        if source.is_symlink():
            target.symlink_to(os.readlink(source))
            return
        target.write_bytes(changed(path, source.read_bytes()))
        target.chmod(source.stat().st_mode & 0o755)

    def text(self, path, text, mode=0o644):
        target = self.place(path)
        target.write_text(text)
        target.chmod(mode)

    def link(self, path, to):
        self.place(path).symlink_to(to)

    def tree(self, source):
        for path in sorted(source.rglob("*")):
            if path.is_file():
                self.file("/" + str(path.relative_to(source)), path)

    def has(self, path):
        target = self.folder / path.lstrip("/")
        return target.is_symlink() or target.exists()


def extension(root, package):
    """php84-NAME: the module and the file that loads it."""
    name, order = package["module"][0].split()
    zend = "zend_" if name == "opcache" else ""
    line = "%sextension=%s\n" % (zend, name)
    if "debian" not in package:
        line = "; SIMULATED: Debian builds it in; Alpine: " + line
    root.text("/etc/php84/conf.d/%s_%s.ini" % (order, name), line)


def files_of(name, package, archives, owned, root):
    debs = words(package, "debian")
    for deb in debs:
        if deb not in archives.files:
            sys.exit("%s: Debian's %s was not downloaded" % (name, deb))
    every = [entry for deb in debs for entry in archives.entries(deb)]
    if "module" in package:
        module = package["module"][0].split()[0]
        every = [("/usr/lib/php84/modules/%s.so" % module, file)
                 for path, file in every if path.endswith("/%s.so" % module)]
        if debs and not every:
            sys.exit("%s: Debian's %s has no %s.so" % (name, debs, module))
        extension(root, package)
    for path, file in archives.support(debs, owned):
        root.file(path, file)
    for path, file in taken(package, every):
        root.file(path, file)
    for rule in package.get("link", []):
        root.link(*rule.split())
    overlay = REHEARSE / "files" / name
    if overlay.is_dir():
        root.tree(overlay)
    if name == "ca-certificates":
        shutil.copytree("/usr/share/ca-certificates",
                        root.folder / "usr/share/ca-certificates",
                        dirs_exist_ok=True)


def install_script(package):
    """What runs before the files are there: users as Alpine's scripts make
    them, and folders."""
    lines = ["set -eu"]
    for user in package.get("user", []):
        name, home, shell, *groups = user.split()
        lines += [
            "/bin/busybox addgroup -S %s 2>/dev/null || :" % name,
            "/bin/busybox adduser -S -D -H -h %s -s %s -G %s -g %s %s"
            " 2>/dev/null || :" % (home, shell, name, name, name)]
        lines += ["/bin/busybox addgroup %s %s 2>/dev/null || :" % (name, group)
                  for group in groups]
    for folder in package.get("dir", []):
        path, mode, owner = folder.split()
        lines.append("[ -d %s ] || { mkdir -p %s; chmod %s %s; chown %s %s; }"
                     % (path, path, mode, path, owner, path))
    return "\n".join(lines) + "\n"


def pack(name, package, archives, owned, base):
    """One package of the store; or, for the base image's own, its files."""
    in_base = package.get("base") == ["yes"]
    work = base if in_base else Root("/store/" + name)
    files_of(name, package, archives, owned, work)
    folders = [entry.split()[0] for entry in package.get("dir", [])]
    if not in_base:
        for path in package.get("path", []):
            if not work.has(path) and path not in folders:
                sys.exit("%s: %s is not there once it is unpacked" % (name, path))
    home = "/%s/packages/%s/" % (HIDDEN, name)
    for key in ("in", "version"):
        base.text(home + key, package[key][0] + "\n")
    base.text(home + "depends", "".join(
        "%s\n" % other for other in words(package, "depends")))
    base.text(home + "install", install_script(package))
    if in_base:
        return
    if not any(work.folder.iterdir()):
        if "depends" not in package:
            base.text(home + "nothing", "")
        return
    with tarfile.open(base.place(home + "files.tar"), "w") as tar:
        for entry in sorted(work.folder.iterdir()):
            tar.add(entry, arcname=entry.name, filter=as_root)
    shutil.rmtree(work.folder)


def as_root(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = 0
    return entry


def names_to_packages(packages):
    lines = []
    for name, package in packages.items():
        lines.append("%s %s\n" % (name, name))
        lines += ["%s %s\n" % (other, name)
                  for other in words(package, "provides")]
    return "".join(sorted(lines))


def make_userland(base, release):
    """BusyBox under its applets' names, the stand-ins, the files of /etc."""
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "lib",
                   "lib64", "dev", "proc", "sys", "run", "root", "home", "mnt",
                   "opt", "srv", "media", "etc/apk", "var/cache/apk", "var/log",
                   "var/lib", "var/empty", "var/spool", "tmp", "var/tmp"):
        (base.folder / folder).mkdir(parents=True, exist_ok=True)
    for folder in ("tmp", "var/tmp"):
        (base.folder / folder).chmod(0o1777)
    (base.folder / "root").chmod(0o700)
    base.link("/lib/x86_64-linux-gnu", "../" + MULTIARCH.rstrip("/"))
    base.link("/lib64/ld-linux-x86-64.so.2",
              "/" + MULTIARCH + "ld-linux-x86-64.so.2")
    base.link("/var/run", "/run")
    stand_ins = REHEARSE / "stand-in"
    base.file("/bin/busybox", pathlib.Path("/busybox/busybox"))
    hidden = "/%s/bin/" % HIDDEN
    base.file(hidden + "busybox",
              Archives().root("busybox-static") / "usr/bin/busybox")
    base.link(hidden + "sh", "busybox")
    replaced = {"wget": "wget"}
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        replaced[algorithm + "sum"] = "checksum"
    applets = subprocess.run(["/busybox/busybox", "--list-full"], text=True,
                             stdout=subprocess.PIPE, check=True).stdout.split()
    for applet in applets:
        name = os.path.basename(applet)
        if name in replaced:
            base.text("/" + applet, (stand_ins / replaced[name]).read_text(), 0o755)
        elif name not in ("busybox", "linuxrc"):
            base.link("/" + applet, "/bin/busybox")
    base.text("/sbin/apk", (stand_ins / "apk").read_text(), 0o755)
    base.tree(REHEARSE / "files/base")
    (base.folder / "etc/shadow").chmod(0o640)
    base.text("/etc/alpine-release", release + "\n")
    base.text("/etc/os-release", 'NAME="SIMULATED Alpine Linux"\nID=alpine\n'
              'VERSION_ID=%s\nPRETTY_NAME="SIMULATED Alpine Linux v%s"\n'
              % (release, release.rpartition(".")[0]))
    base.text("/etc/apk/repositories", "".join(
        "https://dl-cdn.alpinelinux.org/alpine/v%s/%s\n"
        % (release.rpartition(".")[0], part) for part in ("main", "community")))
    base.text("/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n")
    shutil.copytree("/etc/ssl/certs", base.folder / "etc/ssl/certs",
                    ignore=lambda folder, names: [
                        name for name in names if name != "ca-certificates.crt"])
    base.link("/etc/ssl/cert.pem", "certs/ca-certificates.crt")
    base.link("/.simulate", HIDDEN)
    for name, target in HIDDEN_LINKS:
        base.link("/%s/%s" % (HIDDEN, name), target)


def make_downloads(base, archives):
    """Debian's WordPress and Adminer, in upstream's form."""
    folder = base.folder / HIDDEN / "downloads"
    folder.mkdir(parents=True)
    root = pathlib.Path("/unpacked/site")
    for name in ("wordpress", "wordpress-theme-twentytwentyfive", "php-getid3",
                 "libjs-cropper", "libjs-lodash", "libjs-underscore"):
        shutil.copytree(archives.root(name), root, symlinks=True,
                        dirs_exist_ok=True)
    site = root / "usr/share/wordpress"
    for name in (".htaccess", "wp-config.php"):
        target = site / name
        if target.is_symlink() or target.exists():
            target.unlink()
    subprocess.run(["cp", "-rL", site, "/tmp/wordpress"], check=True)
    with tarfile.open(folder / "wordpress.tar.gz", "w:gz", compresslevel=1) as tar:
        tar.add("/tmp/wordpress", arcname="wordpress")
    deb = next(pathlib.Path("/adminer").glob("adminer_*.deb"))
    subprocess.run(["dpkg-deb", "-x", deb, "/adminer/root"], check=True)
    shutil.copy("/adminer/root/usr/share/adminer/adminer.php",
                folder / "adminer.php")
    shutil.copy(REHEARSE / "tables/downloads.table",
                base.folder / HIDDEN / "downloads.table")


def make(packages, folder):
    base = Root(folder)
    archives = Archives()
    owned = {deb for package in packages.values()
             for deb in words(package, "debian")}
    for name, package in packages.items():
        pack(name, package, archives, owned, base)
    release = packages["alpine-release"]["version"][0].rpartition("-")[0]
    make_userland(base, release)
    make_downloads(base, archives)
    for name, package in packages.items():
        for path in package.get("path", []):
            if package.get("base") == ["yes"] and not base.has(path):
                sys.exit("%s: %s is not in the base image" % (name, path))
    base.text("/%s/names" % HIDDEN, names_to_packages(packages))
    base.text("/%s/installed" % HIDDEN, "".join(
        "%s %s\n" % (name, package["version"][0])
        for name, package in packages.items() if package.get("base") == ["yes"]))


if __name__ == "__main__":
    make(read_table(pathlib.Path(sys.argv[1])), sys.argv[2])

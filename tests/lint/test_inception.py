"""The rules of the exercise that the files themselves keep or break, R01 to
R47 in their own numbering. What only a running stack shows is asked in
tests/e2e/test_inception.py, what takes its whole life in
tests/e2e/test_inception_life.py; test_mutations.py breaks each rule below on
purpose and sees its test fail.

Two rules are left to humans: R40, what the student explains (its test sees
only that the guide has an answer to every question), and R41, that the bonus
counts only if the mandatory part is perfect.

A word that must not stand in the repository is put together here, so that
this file does not hold it."""

import os
import pathlib
import re
import subprocess
import tempfile

import pytest

from tree import BONUS, MANDATORY, Tree, commands

SERVICES = MANDATORY + BONUS


@pytest.fixture(scope="module")
def tree():
    return Tree(pathlib.Path(__file__).resolve().parent.parent.parent)


def none(found):
    assert not found, "\n".join(str(item) for item in found)


def lines(texts, pattern, flags=0):
    """Where a pattern stands, as a person would be told."""
    pattern = re.compile(pattern, flags | re.M)
    return ["%s:%d: %s" % (name, number, line.strip()[:120])
            for name, text in texts if pattern.search(text)
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)]


def has(text, *patterns):
    none(["nothing says: %s" % pattern for pattern in patterns
          if not re.search(pattern, text, re.I)])


# --- the repository -----------------------------------------------------------

def test_r01_what_a_build_needs_is_in_the_repository(tree):
    tracked = {tree.name(path) for path in tree.files()}
    folders = {str(parent) for name in tracked
               for parent in pathlib.PurePath(name).parents}
    missing = []
    for name, text in tree.dockerfiles():
        for step in re.findall(r"^COPY ((?:.*\\\n)*.*)$", text, re.M):
            words = step.replace("\\\n", " ").split()
            if words[0].startswith("--from="):
                continue
            missing += ["%s copies %s" % (name, word) for word in words[:-1]
                        if word.rstrip("/") not in tracked | folders]
    for name, text in tree.scripts("srcs/tools/"):
        missing += ["%s calls %s" % (name, other)
                    for other in re.findall(r"\$TOOLS/([\w-]+\.sh)", text)
                    if "srcs/tools/" + other not in tracked]
    # What is not in git is made: of settings, the example has each one.
    used = set(re.findall(r"\$\{(\w+)", tree.read("srcs/docker-compose.yml")))
    missing += ["srcs/.env.example lacks " + name
                for name in sorted(used - set(tree.settings()))]
    none(missing)


def test_r02_plain_make_brings_the_stack_up(tree):
    done = subprocess.run(["make", "-n", "-C", str(tree.root)],
                          stdout=subprocess.PIPE, text=True, check=True)
    assert re.search(r"^srcs/tools/setup\.sh up$", done.stdout, re.M)
    assert "srcs/docker-compose.yml" in tree.read("srcs/tools/lib.sh")
    assert "compose_all build" in tree.read("srcs/tools/build.sh")


def test_r03_configuration_is_in_srcs(tree):
    wanted = ["Makefile", "srcs/docker-compose.yml", "srcs/.env.example",
              ".dockerignore"]
    for service in MANDATORY:
        wanted += ["%s/%s" % (tree.folder(service), name)
                   for name in ("Dockerfile", "conf", "tools")]
    wanted += [tree.folder(service) + "/Dockerfile" for service in BONUS]
    none([name for name in wanted if not (tree.root / name).exists()])
    none(["%s lies outside of srcs" % tree.name(path)
          for path in tree.files()
          if re.match(r"(Dockerfile|(docker-)?compose.*\.ya?ml)", path.name)
          and tree.name(path).split("/")[0] not in ("srcs", "tests")])


def test_r04_no_credential_in_git(tree):
    found = [tree.name(path) for path in tree.files()
             if tree.name(path).startswith("secrets/")
             or (path.name.startswith(".env") and path.name != ".env.example")
             or path.suffix in (".pem", ".key", ".crt", ".p12")]
    texts = list(tree.texts())
    found += lines(texts, r"PRIVATE " + "KEY-----")
    # What `make` would write: 32 letters and digits at random.
    found += ["%s: %s" % (name, word) for name, text in texts
              for word in re.findall(r"\b[A-Za-z0-9]{32}\b", text)
              if all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", "[0-9]"))]
    # A value right behind a name for one, in what configures the stack.
    found += lines(((name, text) for name, text in texts
                    if name.startswith("srcs/")
                    and not name.endswith((".php", ".md"))),
                   r"(password|passwd|secret|api_?key|token)\w*[\"']?\s*[:=]"
                   r"\s*[\"']?(?!none\b)[A-Za-z0-9][\w!+/-]{5,}[\"']?\s*$",
                   re.I)
    none(found)


def test_r04_no_credential_in_the_history_of_git(tree):
    # In the test image the repository itself is mounted there.
    for root in (tree.root, pathlib.Path("/repository")):
        if (root / ".git").exists():
            break
    else:
        pytest.skip("not a git repository")
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "log", "--all", "--diff-filter=A",
         "--name-only", "--format="], cwd=root, stdout=subprocess.PIPE,
        text=True, check=True)
    none([name for name in set(done.stdout.splitlines())
          if re.search(r"^secrets/|(^|/)\.env(?!\.example$)|\.(pem|key)$",
                       name)])


def test_r05_settings_are_environment_variables(tree):
    settings = tree.settings()
    none([name for name in ("LOGIN", "DOMAIN_NAME", "MYSQL_USER",
                            "MYSQL_DATABASE") if name not in settings])
    assert settings["DOMAIN_NAME"] == "${LOGIN}.42.fr"
    assert ".env.example" in tree.read("srcs/tools/env.sh") + \
        tree.read("srcs/tools/lib.sh")
    for name, service in tree.compose()["services"].items():
        if name in MANDATORY:
            assert any("${" in str(value) for value
                       in service["environment"].values()), name


def test_r06_secrets_are_docker_secrets_and_ignored(tree):
    document = tree.compose()
    for name in ("db_password", "db_root_password"):
        assert name in document["secrets"]
    for name, secret in document["secrets"].items():
        assert secret["file"] == "${SECRETS_DIR}/%s.txt" % name
    none(["%s: %s" % (service, name)
          for service, body in document["services"].items()
          for name in body.get("environment", {})
          if re.search(r"PASSWORD|SALTS|SECRET|TOKEN", name)
          and not name.endswith("_FILE")])
    ignored = tree.read(".gitignore").splitlines()
    assert "/secrets/" in ignored
    assert "/srcs/.env" in ignored


# --- the documents ------------------------------------------------------------

def test_r07_readme_names_the_student_in_its_first_line(tree):
    first = tree.read("README.md").partition("\n")[0]
    assert re.fullmatch(r"[*_]This project has been created as part of the 42"
                        r" curriculum by (?![.*_ ]).+\.[*_]", first), first


def test_r08_readme_has_its_sections_and_comparisons(tree):
    text = tree.read("README.md")
    headings = re.findall(r"^## (.+)$", text, re.M)
    for section in ("Description", "Instructions", "Resources",
                    "Project description"):
        assert section in headings
    resources = text.partition("## Resources")[2].partition("\n## ")[0]
    has(resources, r"https://docs\.docker\.com", r"use of AI", r"tasks",
        r"parts")
    project = " ".join(text.partition("## Project description")[2].split())
    has(project, r"sources included", r"choices", r"Docker",
        r"Virtual Machines vs Docker", r"Secrets vs Environment Variables",
        r"Docker Network vs Host Network", r"Docker Volumes vs Bind Mounts")
    # Each comparison says something about either side.
    answers = re.findall(r"\*\*[^*]+ vs [^*]+\*\*(.*?)(?=\*\*|###)", project)
    assert len(answers) == 4
    for answer in answers:
        assert len(answer.split()) >= 30, answer


def test_r09_user_doc_answers_a_user(tree):
    text = tree.documents()["USER_DOC.md"]
    has(text, r"WordPress", r"MariaDB|database", r"nginx",     # what there is
        r"`make`", r"`make stop`", r"`make down`",             # start, stop
        r"https://DOMAIN_NAME/", r"/wp-admin/",                # reach it
        r"make credentials", r"secrets/", r"To change one",    # credentials
        r"make status", r"make logs")                          # does it run


def test_r10_dev_doc_answers_a_developer(tree):
    text = tree.documents()["DEV_DOC.md"]
    has(text, r"## Prerequisites", r"## Configuration", r"srcs/\.env",
        r"### Secrets from scratch", r"`make build`", r"docker compose up",
        r"docker exec", r"docker volume ls", r"docker volume inspect",
        r"docker network ls", r"## Where data lives and how it persists",
        r"DATA_DIR")


# --- the images ---------------------------------------------------------------

def test_r11_each_service_is_built_from_a_dockerfile_of_its_own(tree):
    services = tree.compose()["services"]
    assert set(services) == set(SERVICES)
    used = set()
    for name, service in services.items():
        path = service["build"]["dockerfile"].replace(
            "${DOCKERFILE}", "Dockerfile")
        assert path == tree.folder(name) + "/Dockerfile", name
        assert len(tree.read(path).splitlines()) > 5, path
        used.add(path)
    assert len(used) == len(services)
    none(lines(tree.dockerfiles(),
               r"^FROM (?!alpine:3\.|debian:bookworm( |$))"))


def test_r12_dockerfiles_begin_with_the_penultimate_base(tree):
    for name, text in tree.dockerfiles():
        base = ("FROM debian:bookworm" if name.endswith(".debian")
                else "FROM alpine:3.23.6")
        assert text.splitlines()[0] == base, name
        for line in re.findall(r"^FROM .*$", text, re.M):
            assert re.sub(r" AS \w+$", "", line) == base, name


def test_r13_image_is_named_after_its_service(tree):
    for name, service in tree.compose()["services"].items():
        assert service["image"].partition(":")[0] == name


# Where the word means something else, and what.
OTHERWISE = {
    "tests/unit/exporter/test_php_value.c":
        "what WordPress itself stores about its updates",
}


def test_r14_no_floating_tag(tree):
    word = "la" + "test"
    none(lines(((name, text) for name, text in tree.texts()
                if name not in OTHERWISE), r"\b%s\b" % word))
    for name, service in tree.compose()["services"].items():
        assert service["image"] == name + ":${TAG}"
    assert re.fullmatch(r"\d+\.\d+\.\d+", tree.settings()["TAG"])
    for name, text in tree.dockerfiles():
        for line in re.findall(r"^FROM (\S+)", text, re.M):
            assert re.fullmatch(r"\w+:[\w.]+", line), name


def test_r15_no_password_in_a_dockerfile(tree):
    none(lines(tree.dockerfiles(), r"passw|secret=|IDENTIFIED BY", re.I))


def test_r16_entry_points_run_the_service(tree):
    for name, text in tree.dockerfiles():
        found = re.findall(r"^ENTRYPOINT (.*)$", text, re.M)
        assert len(found) == 1, name
        assert re.fullmatch(r'\["/usr/local/bin/[\w.-]+"\]', found[0]), name
        for command in re.findall(r"^CMD (\[.*\])$", text, re.M):
            assert not re.search(r'"(/bin/)?(ba|da)?sh"|&', command), name


def test_r17_entry_scripts_start_nothing_in_the_background(tree):
    found = []
    for name, text in list(tree.entry_scripts()) + [
            (name, text) for name, text in tree.scripts("srcs/requirements")]:
        bare = commands(text)
        found += lines([(name, bare)], r"(?<![&<>|])&(?![&>])")
        found += lines([(name, bare)],
                       r"\b(nohup|setsid|disown|coproc|start-stop-daemon|bg)\b")
    none(found)


def test_r18_no_endless_loop(tree):
    words = ["tail" + " -f", "tail" + " --follow", "sleep" + " infinity",
             "while" + " true", "while" + " :", "until" + " false"]
    pattern = "|".join(re.escape(word) for word in words)
    # In Python, `while True` is an ordinary loop with a return in it.
    for python in (False, True):
        none(lines(((name, text) for name, text in tree.texts()
                    if name.endswith(".py") == python),
                   pattern, 0 if python else re.I))
    shells = list(tree.scripts()) + list(tree.dockerfiles()) + [
        (name, tree.read(name)) for name in ("Makefile",
                                             "srcs/docker-compose.yml")]
    none(lines(shells, r"while\s+(\(\(\s*1|\[\s+1\s+\]|1\b|/bin/true)"
                       r"|for\s+\(\(\s*;\s*;|tail\s+-\w*[fF]\b"
                       r"|sleep\s+(inf|[0-9]{6,})"))


def test_r19_entry_scripts_become_the_service(tree):
    scripts = dict(tree.entry_scripts())
    for service in MANDATORY:
        assert tree.folder(service) + "/tools/entrypoint.sh" in scripts
    for name, text in scripts.items():
        # The last command, or the last one of a function called last.
        assert re.search(r"\n\s*exec [^\n]*(\\\n[^\n]*)*\n"
                         r"(\}\n+main \"\$@\"\n)?\Z", text), name


def test_r20_nginx_is_in_no_other_dockerfile(tree):
    word = "ng" + "inx"
    none(lines(((name, text) for name, text in tree.dockerfiles()
                if name.split("/")[2] in ("wordpress", "mariadb")),
               word, re.I))


# --- Compose, network, volumes --------------------------------------------------

def test_r21_networks_are_in_the_compose_file(tree):
    document = tree.compose()
    assert document["networks"]
    for name, service in document["services"].items():
        assert service["networks"], name
        none(["%s: %s" % (name, network) for network in service["networks"]
              if network not in document["networks"]])


def test_r22_no_host_network_and_no_links(tree):
    words = ("network" + ": host", "network" + "_mode", "--" + "link",
             "link" + "s:", "--net" + "=host", "--network" + "=host")
    none(lines(tree.texts(), r"(?<!\w)(%s)" % "|".join(
        re.escape(word) for word in words)))
    none(lines([("srcs/docker-compose.yml",
                 tree.read("srcs/docker-compose.yml"))],
               r"\b(link" + "s|external_link" + r"s|privileged|pid: |ipc: )"))
    none(lines(tree.scripts("srcs/"), r"--net(work)?[ =]host\b"))


def test_r23_services_are_restarted(tree):
    for name, service in tree.compose()["services"].items():
        assert service["restart"] in ("always", "unless-stopped",
                                      "on-failure"), name


def test_r24_database_and_files_are_in_named_volumes(tree):
    document = tree.compose()
    assert {"wordpress", "mariadb"} <= set(document["volumes"])
    for name, service in document["services"].items():
        for mount in service.get("volumes", []):
            assert isinstance(mount, dict) and mount["type"] == "volume", \
                (name, mount)
            assert mount["source"] in document["volumes"], (name, mount)
    for service, target in (("wordpress", "/var/www/html"),
                            ("mariadb", "/var/lib/mysql")):
        assert any(mount["source"] == service and mount["target"] == target
                   for mount in document["services"][service]["volumes"])


def test_r25_volumes_lie_in_the_home_folder(tree):
    for name, volume in tree.compose()["volumes"].items():
        assert volume["driver"] == "local", name
        assert volume["driver_opts"] == {
            "type": "none", "o": "bind", "device": "${DATA_DIR}/" + name}
    assert tree.settings()["DATA_DIR"] == "/home/${LOGIN}/data"


# --- nginx ------------------------------------------------------------------------

def test_r27_nginx_alone_is_open_on_443(tree):
    published = {name: service["ports"] for name, service
                 in tree.compose()["services"].items() if "ports" in service}
    assert published.pop("nginx") == [
        "${BIND_ADDRESS}:${HTTPS_PORT}:${HTTPS_PORT}"]
    # The bonus may open more: FTP, its one reason to.
    assert set(published) <= {"ftpd"}
    assert tree.settings()["HTTPS_PORT"] == "443"
    for name, service in tree.compose()["services"].items():
        assert name in MANDATORY or service["profiles"] == ["bonus"], name


def nginx_lines(tree, word):
    folder = tree.root / "srcs/requirements/nginx/conf"
    return [line.strip() for path in sorted(folder.glob("*.conf"))
            for line in path.read_text().splitlines()
            if re.match(r"\s*%s\s" % word, line)]


def test_r28_tls_1_2_and_1_3_only(tree):
    assert set(nginx_lines(tree, "ssl_protocols")) == {
        "ssl_protocols TLSv1.2 TLSv1.3;"}


def test_r29_nothing_listens_without_tls(tree):
    for line in nginx_lines(tree, "listen"):
        assert re.fullmatch(r"listen (\S+:)?@HTTPS_PORT@ ssl.*;"
                            r"|listen (\S+:)?@NGINX_STATUS_PORT@.*;", line), \
            line
    assert "80" not in [value for name, value in tree.settings().items()
                        if name.endswith("_PORT")]


# --- WordPress ----------------------------------------------------------------------

def test_r33_an_administrator_called_admin_is_refused(tree):
    owner = tree.settings()["WP_OWNER"]
    assert owner and "admin" not in owner.lower()
    example = re.sub(r"^LOGIN=.*$", "LOGIN=student",
                     tree.read("srcs/.env.example"), flags=re.M)
    for name, status in (("admin", 2), ("Administrator", 2),
                         ("admin-123", 2), ("theADMIN", 2), (owner, 0)):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "env")
            path.write_text(re.sub(r"^WP_OWNER=.*$", "WP_OWNER=" + name,
                                   example, flags=re.M))
            done = subprocess.run(
                ["bash", str(tree.root / "srcs/tools/env.sh")],
                env={"PATH": os.environ["PATH"], "ENV_FILE": str(path)},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == status, (name, done.stdout)
        assert status == 0 or "WP_OWNER" in done.stdout


# --- life cycle -----------------------------------------------------------------------

def test_r38_every_port_is_a_setting(tree):
    text = tree.read("srcs/docker-compose.yml")
    ports = [name for name in tree.settings()
             if name.endswith("_PORT") or name.startswith("FTP_PASV_M")]
    assert len(ports) >= 13
    none(["%s is not used" % name for name in ports
          if "${%s}" % name not in text])
    # Beside the settings, no number stands where a port does.
    none(lines([("srcs/docker-compose.yml", text)],
               r"(PORT: |[a-z]:)[0-9]{2,5}\b"))
    none(["nginx passes on to a fixed port: " + line
          for word in ("set", "proxy_pass", "fastcgi_pass")
          for line in nginx_lines(tree, word)
          if re.search(r"[a-z]:[0-9]+", line)])


QUESTIONS = (
    r"how do(es)? Docker( and Compose)? work", r"Compose",
    r"image .*with.* without Compose", r"virtual machine",
    r"directory structure|folders", r"docker.network|network", r"TLS",
    r"log in to the database", r"PID 1", r"restart|crash", r"persist|reboot",
    r"change a port|configuration", r"WordPress", r"volume", r"brief change")


def test_r40_the_guide_answers_every_question(tree):
    """That the answers are right is seen by humans; that each shows something
    to run is seen here."""
    text = tree.read("DEFENCE.md")
    headings = re.findall(r"^#{2,3} (.+)$", text, re.M)
    none(["no heading about: %s" % question for question in QUESTIONS
          if not any(re.search(question, heading, re.I)
                     for heading in headings)])
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        assert "\n    $ " in section, \
            "nothing to run: " + section.partition("\n")[0]


# --- bonus ------------------------------------------------------------------------------

def test_r42_each_extra_service_has_its_own_dockerfile(tree):
    services = tree.compose()["services"]
    extra = {name for name, service in services.items()
             if service.get("profiles") == ["bonus"]}
    assert extra == set(BONUS)
    for name in extra:
        assert services[name]["build"]["dockerfile"].startswith(
            tree.folder(name) + "/"), name
    # The mandatory part never waits for one of them.
    for name in MANDATORY:
        assert not set(services[name].get("depends_on", {})) & extra


def test_r43_redis_caches_for_wordpress(tree):
    services = tree.compose()["services"]
    assert set(services["redis"]["networks"]) \
        <= set(services["wordpress"]["networks"])
    assert services["wordpress"]["environment"]["REDIS_HOST"] == "redis"
    assert tree.read("srcs/requirements/wordpress/conf/object-cache.php")


def test_r44_ftp_leads_to_the_wordpress_volume(tree):
    service = tree.compose()["services"]["ftpd"]
    mounts = {mount["source"]: mount for mount in service["volumes"]}
    assert mounts["wordpress"]["target"] == \
        service["environment"]["FTPD_ROOT"]
    assert not mounts["wordpress"].get("read_only")


def test_r45_static_site_without_php(tree):
    names = [tree.name(path) for path in tree.files()
             if tree.name(path).startswith("static-site/")]
    assert "static-site/index.html" in names
    none([name for name in names if name.endswith((".php", ".phtml"))])
    none(lines(((name, text) for name, text in tree.dockerfiles()
                if "/staticd/" in name), "php", re.I))


def test_r46_adminer_is_a_service(tree):
    services = tree.compose()["services"]
    assert set(services["adminer"]["networks"]) == {"admin", "db"}
    for name, text in tree.dockerfiles():
        if "/adminer/" in name:
            assert "adminer" in text.lower()
            assert "php" in text


def test_r47_each_service_of_choice_is_justified(tree):
    text = tree.read("DEFENCE.md")
    for name in BONUS:
        section = re.search(r"^### %s\b(.*?)(?=^##|\Z)" % name, text,
                            re.M | re.S | re.I)
        assert section, name
        has(section.group(1), r"how it works", r"why( it is)? useful")

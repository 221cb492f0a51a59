"""The rules of the exercise that a running stack keeps or breaks, in their own
numbering; see tests/lint/test_inception.py for what the files show, and
test_inception_life.py for what a whole life shows."""

import errno
import re
import socket
import subprocess
import uuid

import pytest

from stack import database, engine, guide, proc, settings

COMM = {"wordpress": "php-fpm", "adminer": "php-fpm", "mariadb": "mariadbd",
        "redis": "redis-server"}


def connects(address, port):
    try:
        socket.create_connection((address, port), timeout=3).close()
    except OSError as error:
        assert error.errno in (errno.ECONNREFUSED, None), error
        return False
    return True


def addresses(document):
    return [network["IPAddress"] for network
            in document["NetworkSettings"]["Networks"].values()]


def published(stack):
    """{service: ports of this machine that lead to it, or would, were its
    networks not internal}"""
    found = {}
    for service, document in stack.containers().items():
        for bindings in (document["NetworkSettings"]["Ports"],
                         document["HostConfig"]["PortBindings"]):
            for ports in (bindings or {}).values():
                for port in ports or ():
                    found.setdefault(service, set()).add(
                        int(port["HostPort"]))
    return found


def test_r02_make_brings_everything_up(first_up):
    _, status, output, _ = first_up
    assert status == 0, output[-6000:]


def test_r04_no_secret_in_images_or_environment(stack):
    secrets = {path.stem: path.read_text().strip()
               for path in stack.secrets.glob("*.txt")}
    assert len(secrets) >= 10
    seen = {}
    for service, document in stack.containers().items():
        image = document["Image"]
        seen[service] = "".join((
            engine.docker("inspect", document["Id"]).stdout,
            engine.docker("inspect", image).stdout,
            engine.docker("history", "--no-trunc", image).stdout))
    for name, value in secrets.items():
        for line in value.splitlines():
            if "-----" in line or len(line) < 16:
                continue
            assert not [service for service in seen if line in seen[service]], \
                name


def test_r06_secrets_are_mounted_and_private(stack):
    assert stack.secrets.stat().st_mode & 0o077 == 0
    document = stack.container("mariadb")
    mounted = {mount["Destination"] for mount in document["Mounts"]}
    assert "/run/secrets/db_root_password" in mounted
    for entry in document["Config"]["Env"]:
        name, _, value = entry.partition("=")
        if "PASSWORD" in name:
            assert value.startswith("/run/secrets/"), entry


def test_r13_images_are_named_after_their_services(stack):
    for service, document in stack.containers().items():
        assert document["Config"]["Image"] == "%s:%s" % (service, stack.tag)


def test_r14_no_image_floats(stack):
    word = "la" + "test"
    for document in stack.containers().values():
        tags = engine.inspect(document["Image"])[0]["RepoTags"]
        assert tags and not [tag for tag in tags if tag.endswith(":" + word)]


def test_r16_no_shell_and_no_placeholder_runs(stack):
    for service, document in stack.containers().items():
        names = set(proc.each(engine.processes(document["Id"]), proc.comm))
        # A health check may just be running one.
        names = {name for name in names if name not in (
            "healthcheck.sh", "entrypoint.sh")}
        assert names, service
        assert not names & {"tail", "sleep", "bash", "cron", "supervisord"}, \
            (service, names)


def test_r19_pid_1_is_the_service(stack):
    assert set(stack.containers()) == set(settings.SERVICES)
    for service, document in stack.containers().items():
        comm = proc.comm(document["State"]["Pid"])
        assert comm.startswith(COMM.get(service, service)), (service, comm)


def test_r20_nginx_is_in_its_own_container_only(stack):
    for service in ("wordpress", "mariadb"):
        found = stack.exec(service, "sh", "-c", "command -v nginx",
                           check=False)
        assert found.returncode != 0, (service, found.stdout)


def test_r21_networks_are_there(stack):
    names = engine.docker(
        "network", "ls", "--format", "{{.Name}}", "--filter",
        "label=%s=%s" % (engine.PROJECT_LABEL, stack.project)).stdout.split()
    assert len(names) >= 2
    for service, document in stack.containers().items():
        networks = set(document["NetworkSettings"]["Networks"])
        assert networks and networks <= set(names), service


def test_r22_no_host_network_no_links(stack):
    for service, document in stack.containers().items():
        assert document["HostConfig"]["NetworkMode"] != "host", service
        assert not document["HostConfig"]["Links"], service
        for network in document["NetworkSettings"]["Networks"].values():
            assert not network.get("Links"), service


def test_r23_a_crashed_service_is_restarted(stack):
    for service, document in stack.containers().items():
        assert document["HostConfig"]["RestartPolicy"]["Name"] in (
            "always", "unless-stopped", "on-failure"), service
    stack.kill("nginx")
    stack.wait_healthy(("nginx",))


def test_r24_database_and_files_are_in_named_volumes(stack):
    for service, target in (("mariadb", "/var/lib/mysql"),
                            ("wordpress", "/var/www/html")):
        mounts = {mount["Destination"]: mount
                  for mount in stack.container(service)["Mounts"]}
        assert mounts[target]["Type"] == "volume"
        assert mounts[target]["Name"] == "%s_%s" % (stack.project, service)


def test_r25_volume_inspect_prints_the_data_folder(stack):
    for service in ("mariadb", "wordpress"):
        output = engine.docker("volume", "inspect", "%s_%s" % (
            stack.project, service)).stdout
        assert '"%s/%s"' % (stack.data, service) in output
        assert any((stack.data / service).iterdir())


def test_r26_every_container_runs(stack):
    containers = stack.containers()
    assert set(containers) == set(settings.SERVICES)
    for service, document in containers.items():
        state = document["State"]
        assert state["Status"] == "running" and not state["Restarting"], service
        assert state["Health"]["Status"] == "healthy", service


def test_r27_nginx_is_the_only_entry(stack):
    ports = published(stack)
    assert ports.pop("nginx") == {stack.https_port}
    # The bonus may open more ports: those of FTP, and no others.
    assert ports.pop("ftpd") == {stack.ftp_port} | set(
        range(stack.passive, stack.passive + 20))
    assert not ports


@pytest.mark.parametrize("version, accepted", [
    ("-tls1", False), ("-tls1_1", False), ("-tls1_2", True),
    ("-tls1_3", True)])
def test_r28_tls_1_2_and_1_3_only(stack, version, accepted):
    # Without level 0, this client would refuse the old versions by itself.
    done = subprocess.run(
        ["openssl", "s_client", version, "-cipher", "DEFAULT:@SECLEVEL=0",
         "-connect", "%s:%d" % (settings.DOMAIN, stack.https_port)],
        input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=30)
    assert (done.returncode == 0) == accepted, done.stdout
    assert accepted or "alert protocol version" in done.stdout


def test_r29_port_80_refuses(stack):
    for service, document in stack.containers().items():
        for address in addresses(document):
            assert not connects(address, 80), "%s listens on port 80" % service
    assert not [service for service, ports in published(stack).items()
                if 80 in ports]
    # Nothing else of this machine either, unless it is not ours.
    if connects(settings.DOMAIN, 80):
        others = engine.docker("ps", "-q", "--filter", "publish=80").stdout
        assert others or not engine.docker(
            "ps", "-q", "--filter", "publish=80", "--filter", "label=%s=%s" % (
                engine.PROJECT_LABEL, stack.project)).stdout


def test_r30_domain_shows_the_site_and_never_the_installation(stack, curl):
    assert settings.DOMAIN.endswith(".42.fr")
    assert "DOMAIN_NAME=" + settings.DOMAIN in \
        stack.container("nginx")["Config"]["Env"]
    assert socket.gethostbyname(settings.DOMAIN).startswith("127.")
    reply = curl.get("/")
    assert reply.status == 200
    assert stack.setting("WP_TITLE") in reply.text
    assert "wp-content" in reply.text and "install.php" not in reply.text
    reply = curl.get("/wp-admin/install.php")
    assert "<form" not in reply.text and "setup-config" not in reply.text


def test_r31_wordpress_runs_on_php_fpm(stack, curl):
    document = stack.container("wordpress")
    assert proc.comm(document["State"]["Pid"]).startswith("php-fpm")
    assert stack.exec("wordpress", "php", "-r",
                      "require '/var/www/html/wp-includes/version.php';"
                      "echo $wp_version;").stdout[0].isdigit()
    [[address]] = database.query(stack, "SELECT option_value FROM wp_options"
                                        " WHERE option_name = 'siteurl'")
    assert address == stack.url
    assert curl.get("/wp-login.php").status == 200


def test_r32_two_users_one_of_them_administrator(stack):
    roles = database.users(stack)
    assert len(roles) >= 2
    assert len([login for login, role in roles.items()
                if '"administrator"' in role]) == 1


def test_r33_no_administrator_is_called_admin(stack):
    administrators = [login for login, role in database.users(stack).items()
                      if '"administrator"' in role]
    assert administrators
    for login in administrators:
        assert "admin" not in login.lower()


def test_r34_a_user_comments_and_the_administrator_edits(
        stack, owner, editor, visitor):
    [post] = editor.rest("GET", "/wp/v2/posts", params={
        "per_page": 1, "slug": "hello-world"}) or editor.rest(
            "GET", "/wp/v2/posts", params={"per_page": 1})
    comment = "A comment %s" % uuid.uuid4().hex
    reply = editor.post("/wp-comments-post.php", data={
        "comment_post_ID": post["id"], "comment_parent": 0,
        "comment": comment, "submit": "Post Comment"})
    assert reply.status_code == 200
    assert comment in visitor.http.get(post["link"], timeout=30).text

    assert owner.get("/wp-admin/").status_code == 200
    page = owner.rest("GET", "/wp/v2/pages", params={"per_page": 1})[0]
    title = "Edited %s" % uuid.uuid4().hex
    owner.rest("POST", "/wp/v2/pages/%d" % page["id"], json={"title": title})
    assert title in visitor.http.get(page["link"], timeout=30).text


def test_r35_database_has_a_login_and_is_not_empty(stack):
    tables = [name for [name] in database.query(stack, "SHOW TABLES")]
    assert {"wp_posts", "wp_users", "wp_comments"} <= set(tables)
    [[rows]] = database.query(stack, "SELECT COUNT(*) FROM wp_posts")
    assert int(rows) > 0
    for user in ("root", stack.setting("MYSQL_USER")):
        done = stack.exec("mariadb", "mariadb", "-u", user, "-e", "SELECT 1",
                          check=False)
        assert done.returncode != 0 and "denied" in done.stderr, user


# --- the oral part: what the guide shows --------------------------------------

PREAMBLE, SECTIONS = guide.read()


@pytest.mark.parametrize("section", SECTIONS, ids=lambda title: re.sub(
    r"\W+", "-", title.split(":")[0].lower()).strip("-"))
def test_r40_the_guide_shows_what_it_says(stack, section):
    stack.wait_healthy()
    for step in SECTIONS[section]:
        guide.run(stack, PREAMBLE, step)
    stack.wait_healthy()


# --- bonus -----------------------------------------------------------------------

def test_r42_each_extra_service_has_a_container_and_an_image(stack):
    containers = stack.containers()
    images = {containers[service]["Image"] for service in settings.SERVICES}
    assert len(images) == len(settings.SERVICES)
    for service in settings.BONUS:
        assert containers[service]["State"]["Status"] == "running"


def test_r43_wordpress_uses_redis(stack, curl):
    def hits():
        done = stack.exec(
            "redis", "sh", "-c",
            "REDISCLI_AUTH=$(cat /run/secrets/redis_exporter_password)"
            " exec redis-cli --no-auth-warning --user exporter"
            ' -p "$REDIS_PORT" info stats')
        return int(re.search(r"keyspace_hits:(\d+)", done.stdout).group(1))

    curl.get("/")
    before = hits()
    assert curl.get("/?rule=%s" % uuid.uuid4().hex).status == 200
    assert hits() > before


def test_r44_ftp_writes_to_the_wordpress_volume(stack, curl, curl_ftp,
                                                tmp_path):
    path = "wp-content/uploads/rule-44.txt"
    source = tmp_path / "rule-44.txt"
    source.write_text(uuid.uuid4().hex)
    curl_ftp.upload(source, path)
    assert curl.get("/" + path).text == source.read_text()
    assert (stack.data / "wordpress" / path).read_text() == source.read_text()


def test_r45_static_site_is_served_without_php(stack, curl):
    reply = curl.get("/site/")
    assert reply.status == 200 and "<html" in reply.text
    assert "x-powered-by" not in reply.headers
    assert stack.exec("staticd", "sh", "-c", "command -v php",
                      check=False).returncode != 0


def test_r46_adminer_opens(curl):
    reply = curl.monitor("/adminer/")
    assert reply.status == 200 and "Adminer" in reply.text


def test_r47_services_of_choice_do_their_work(stack, curl):
    metrics = curl.monitor("/metrics").text
    for name in ("nginx_up", "mysql_up", "redis_up"):
        assert re.search(r"^%s(\{.*\})? 1(\.0)?$" % name, metrics, re.M), name
    reply = curl.monitor("/cache/")
    assert reply.status == 200 and "<html" in reply.text

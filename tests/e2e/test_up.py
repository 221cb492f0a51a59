"""`make bonus` on nothing: nine services, each as confined as promised."""

import time

import pytest

from stack import engine, proc, settings

# What PID 1 calls itself, where that is not the service's name.
COMM = {"wordpress": "php-fpm", "adminer": "php-fpm", "mariadb": "mariadbd",
        "redis": "redis-server"}

each_service = pytest.mark.parametrize("service", settings.SERVICES)


def test_first_make_bonus_ends_well(first_up, measure):
    _, status, output, seconds = first_up
    assert status == 0, output[-6000:]
    measure("first make bonus", "%.0f s" % seconds)
    assert seconds <= 600


def test_all_nine_are_healthy(stack):
    assert stack.health() == {name: "healthy" for name in settings.SERVICES}


@each_service
def test_pid_1_is_the_service_without_rights(stack, service):
    document = stack.container(service)
    pid = document["State"]["Pid"]
    assert proc.comm(pid).startswith(COMM.get(service, service))
    for status in proc.each(engine.processes(document["Id"]), proc.status):
        assert "0" not in status["Uid"], "a process of root's"
        assert "0" not in status["Gid"], "a process of root's group"
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[capabilities][0], 16) == 0, capabilities
        assert status["NoNewPrivs"] == ["1"]
        assert status["Seccomp"] == ["2"]


@each_service
def test_container_is_confined(stack, service):
    document = stack.container(service)
    host = document["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"] and not host["CapAdd"]
    assert any(option.startswith("no-new-privileges")
               for option in host["SecurityOpt"])
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert 0 < host["Memory"] <= 2 << 30
    assert host["PidsLimit"] and host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"].get("max-size")
    for mode in ("NetworkMode", "PidMode", "IpcMode", "UsernsMode"):
        assert host[mode] != "host"
    assert not host["Links"]
    for mount in document["Mounts"]:
        assert "docker.sock" not in mount["Source"] + mount["Destination"]
    user = document["Config"]["User"]
    assert user and user.split(":")[0] not in ("0", "root")


@each_service
def test_root_is_read_only_for_root_too(stack, service):
    """An attempt, not only a setting; as root, whose lack of rights it isn't."""
    done = engine.docker("exec", "-u", "0", stack.container(service)["Id"],
                         "touch", "/attempt", check=False)
    assert done.returncode != 0
    assert "read-only file system" in (done.stdout + done.stderr).lower()


@each_service
def test_image_is_named_after_the_service(stack, service):
    document = stack.container(service)
    assert document["Config"]["Image"] == "%s:%s" % (service, stack.tag)
    labels = engine.inspect(document["Image"])[0]["Config"]["Labels"]
    for name in ("title", "description", "version"):
        assert labels.get("org.opencontainers.image." + name)


@each_service
def test_only_its_own_secrets(stack, service):
    mounted = {mount["Destination"].rpartition("/")[2]
               for mount in stack.container(service)["Mounts"]
               if mount["Destination"].startswith("/run/secrets/")}
    named = {entry.partition("=")[2].rpartition("/")[2]
             for entry in stack.container(service)["Config"]["Env"]
             if entry.partition("=")[0].endswith("_FILE")}
    assert mounted == named
    for name in mounted:
        value = stack.secret(name)
        assert not any(value in entry for entry in
                       stack.container(service)["Config"]["Env"])


def test_only_these_ports_are_published(stack):
    published = set()
    for document in stack.containers().values():
        for ports in (document["NetworkSettings"]["Ports"] or {}).values():
            published |= {(port["HostIp"], int(port["HostPort"]))
                          for port in ports or ()}
    expected = {stack.https_port, stack.ftp_port}
    expected |= set(range(stack.passive, stack.passive + 20))
    assert published == {("127.0.0.1", port) for port in expected}


def test_volumes_are_named_and_lie_in_the_data_folder(stack):
    for service, names in (("mariadb", {"mariadb"}),
                           ("wordpress", {"wordpress", "certs"})):
        mounts = [mount for mount in stack.container(service)["Mounts"]
                  if mount["Type"] == "volume"]
        devices = set()
        for mount in mounts:
            volume = engine.inspect(mount["Name"])[0]
            devices.add(volume["Options"]["device"])
        assert devices == {"%s/%s" % (stack.data, name) for name in names}


def test_second_make_bonus_is_quick_and_third_changes_nothing(stack, measure):
    started = time.monotonic()
    stack.must_make("bonus")
    seconds = time.monotonic() - started
    measure("second make bonus", "%.1f s" % seconds)

    def running():
        return {name: (document["Id"], document["State"]["StartedAt"],
                       document["RestartCount"])
                for name, document in stack.containers().items()}

    before = running()
    stack.must_make("bonus")
    assert running() == before
    assert seconds <= 30


def test_status_names_each_service(stack):
    output = stack.must_make("status")
    for service in settings.SERVICES:
        assert service in output
    assert stack.url in output

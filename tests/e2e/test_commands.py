"""What a person types beside `make` and `make bonus`."""

import subprocess

from stack import settings


def test_hosts_adds_the_domain_once(stack, tmp_path):
    hosts = tmp_path / "hosts"
    entry = "127.0.0.1\t" + settings.DOMAIN
    # The last line has no end.
    hosts.write_text("127.0.0.1\tlocalhost")
    status, output = stack.make("hosts", HOSTS_FILE=str(hosts))
    assert status != 0 and "FORCE=1" in output
    assert hosts.read_text() == "127.0.0.1\tlocalhost"
    stack.must_make("hosts", HOSTS_FILE=str(hosts), FORCE="1")
    wanted = "127.0.0.1\tlocalhost\n%s\n" % entry
    assert hosts.read_text() == wanted
    assert "already" in stack.must_make("hosts", HOSTS_FILE=str(hosts))
    assert hosts.read_text() == wanted


def test_hosts_does_not_overrule_a_person(stack, tmp_path):
    hosts = tmp_path / "hosts"
    text = "10.0.0.9 other.example %s # mine\n" % settings.DOMAIN.upper()
    hosts.write_text(text)
    status, output = stack.make("hosts", HOSTS_FILE=str(hosts), FORCE="1")
    assert status != 0
    assert "10.0.0.9" in output and "by hand" in output
    assert hosts.read_text() == text


def test_format_puts_c_code_right(stack):
    path = settings.REPO / "tests/unit/base/test_view.c"
    before = path.read_text()
    assert "(void)state;" in before
    path.write_text(before.replace("(void)state;", "( void )state ;", 1))
    try:
        stack.must_make("format")
        assert path.read_text() == before
    finally:
        path.write_text(before)


def test_help_names_every_target():
    text = (settings.REPO / "Makefile").read_text()
    targets = text.partition(".PHONY:")[2].replace("\\", "").split()
    done = subprocess.run(["make", "-C", str(settings.REPO), "help"],
                          stdout=subprocess.PIPE, text=True, check=True)
    assert len(targets) > 15
    for target in targets:
        assert "make %s " % target in done.stdout, target

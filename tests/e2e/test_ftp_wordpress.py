"""FTPS with WordPress accounts: each gets what its role allows, no more."""

import ftplib
import io
import os
import threading
import time
import uuid

import pytest

from stack.curl import CurlFtp
from stack.ftplib_tls import FtpTls
from stack.lftp import Lftp

UPLOADS = "wp-content/uploads"
WRONG_SECONDS = 0.9, 4


class Account:
    """A WordPress user of a role, made and removed by the owner."""

    def __init__(self, owner, role, password=None):
        self.owner = owner
        self.name = "%s-%s" % (role, uuid.uuid4().hex[:8])
        self.password = password or uuid.uuid4().hex
        self.id = owner.rest("POST", "/wp/v2/users", json={
            "username": self.name, "password": self.password,
            "email": self.name + "@example.org", "roles": [role]})["id"]

    def change(self, **values):
        self.owner.rest("POST", "/wp/v2/users/%d" % self.id, json=values)

    def remove(self):
        self.owner.rest("DELETE", "/wp/v2/users/%d" % self.id,
                        params={"force": "true", "reassign": "1"})


@pytest.fixture
def account(owner):
    made = []

    def make(role, **values):
        made.append(Account(owner, role, **values))
        return made[-1]

    yield make
    for one in made:
        one.remove()


@pytest.fixture
def of_owner(stack):
    return stack.setting("WP_OWNER"), stack.secret("wp_owner_password")


@pytest.fixture
def of_editor(stack):
    return stack.setting("WP_EDITOR"), stack.secret("wp_editor_password")


def connect(stack, user, password):
    return FtpTls(stack, user=user, password=password)


def refusal(stack, user, password):
    """What the server says to a wrong login, and after how many seconds."""
    ftp = FtpTls(stack, login=False)
    ftp.auth()
    ftp.sendcmd("USER " + user)
    began = time.monotonic()
    with pytest.raises(ftplib.Error) as error:
        ftp.sendcmd("PASS " + password)
    ftp.close()
    return str(error.value), time.monotonic() - began


def names(ftp, folder=""):
    return {os.path.basename(path) for path in ftp.nlst(folder)}


def test_administrator_has_the_site(stack, curl_ftp, of_owner):
    with connect(stack, *of_owner) as ftp:
        assert {"wp-content", "wp-admin", "index.php"} <= names(ftp)
        ftp.storbinary("STOR wp-content/themes/owner.txt", io.BytesIO(b"o"))
    assert curl_ftp.download("wp-content/themes/owner.txt") == b"o"
    with connect(stack, *of_owner) as ftp:
        ftp.delete("wp-content/themes/owner.txt")


def test_editor_has_the_uploads(stack, curl, curl_ftp, of_editor):
    name = uuid.uuid4().hex + ".txt"
    with connect(stack, *of_editor) as ftp:
        assert ftp.pwd() == "/"
        ftp.storbinary("STOR " + name, io.BytesIO(b"from the editor"))
        assert name in names(ftp)
        assert names(ftp) == set(os.path.basename(found) for found in
                                 curl_ftp.names(UPLOADS + "/"))
        assert curl.get("/%s/%s" % (UPLOADS, name)).text == "from the editor"
        back = []
        ftp.retrbinary("RETR " + name, back.append)
        assert b"".join(back) == b"from the editor"
        ftp.mkd("folder")
        ftp.rename(name, "folder/" + name)
        ftp.delete("folder/" + name)
        ftp.rmd("folder")
    # It is written as WordPress's own user.
    owner = stack.exec("wordpress", "stat", "-c", "%u",
                       "/var/www/html/" + UPLOADS).stdout
    assert owner.strip() == "20102"


def test_editor_gets_nowhere_else(stack, of_editor):
    with connect(stack, *of_editor) as ftp:
        ftp.voidcmd("TYPE I")
        for path in ("../../index.php", "/wp-content/index.php",
                     "/var/www/html/index.php", "../plugins/index.php"):
            for command in ("SIZE", "MDTM", "DELE", "RNFR"):
                with pytest.raises(ftplib.error_perm):
                    ftp.voidcmd("%s %s" % (command, path))
            with pytest.raises(ftplib.error_perm):
                ftp.retrbinary("RETR " + path, lambda data: None)
        for path in ("../plugins", "/wp-content", ".ftpd-staging",
                     "../../.ftpd-staging"):
            with pytest.raises(ftplib.error_perm):
                ftp.cwd(path)
        # The way up ends at the root.
        ftp.cwd("..")
        assert ftp.pwd() == "/"
        assert "plugins" not in names(ftp)


def test_interrupted_upload_of_an_editor(stack, curl, of_editor):
    name = uuid.uuid4().hex + ".txt"
    ftp = connect(stack, *of_editor)
    ftp.storbinary("STOR " + name, io.BytesIO(b"old"))
    ftp.voidcmd("TYPE I")
    data = ftp.transfercmd("STOR " + name)
    data.sendall(b"half of a new file" * 1000)
    assert curl.get("/%s/%s" % (UPLOADS, name)).text == "old"
    os.close(data.detach())
    with pytest.raises(ftplib.all_errors):
        ftp.voidresp()
    ftp.close()
    assert curl.get("/%s/%s" % (UPLOADS, name)).text == "old"
    with connect(stack, *of_editor) as ftp:
        # What came is kept for the editor, until it is removed as well.
        assert name in names(ftp)
        ftp.delete(name)
    left = stack.exec("wordpress", "find", "/var/www/html/.ftpd-staging",
                      "-type", "f").stdout
    assert left == ""


def test_roles(stack, account):
    author = account("author")
    with connect(stack, author.name, author.password) as ftp:
        assert ftp.pwd() == "/" and "index.php" not in names(ftp)
    for role in ("contributor", "subscriber"):
        other = account(role)
        assert refusal(stack, other.name, other.password)[0][:3] == "530"
        # A new role counts at once.
        other.change(roles=["administrator"])
        with connect(stack, other.name, other.password) as ftp:
            assert "wp-admin" in names(ftp)
        other.change(roles=["subscriber"])
        assert refusal(stack, other.name, other.password)[0][:3] == "530"


def test_changed_password_counts_at_once(stack, account):
    author = account("author")
    old = author.password
    connect(stack, author.name, old).quit()
    author.change(password="another one")
    assert refusal(stack, author.name, old)[0][:3] == "530"
    connect(stack, author.name, "another one").quit()


@pytest.mark.parametrize("password", [
    "it's \"quoted\"", "Grüße 🔑 ünïcode", "spaces in it", "x" * 200])
def test_odd_passwords(stack, account, password):
    author = account("author", password=password)
    connect(stack, author.name, password).quit()
    assert refusal(stack, author.name, password + "x")[0][:3] == "530"


def test_older_hashes(stack, account):
    """What an imported site has: phpass, plain bcrypt; not plain MD5."""
    author = account("author")
    script = (
        "require 'wp-load.php'; require ABSPATH.'wp-includes/class-phpass.php';"
        "global $wpdb; $h = ['phpass' => (new PasswordHash(8, true))"
        "->HashPassword('sesame'), 'bcrypt' => password_hash('sesame',"
        "PASSWORD_BCRYPT), 'md5' => md5('sesame')][$argv[1]];"
        "$wpdb->update($wpdb->users, ['user_pass' => $h], ['ID' => %d]);"
        % author.id)
    for kind in ("phpass", "bcrypt", "md5"):
        stack.exec("wordpress", "sh", "-c",
                   "cd /var/www/html && exec php -r \"$0\" -- \"$1\"",
                   script, kind)
        if kind == "md5":
            assert refusal(stack, author.name, "sesame")[0][:3] == "530"
        else:
            connect(stack, author.name, "sesame").quit()
            assert refusal(stack, author.name, "Sesame")[0][:3] == "530"


def test_every_wrong_login_is_the_same(stack, account, of_owner):
    subscriber = account("subscriber")
    answers = []
    for user, password in (
            (of_owner[0], "wrong"), ("nobody", "wrong"),
            (subscriber.name, subscriber.password),
            (stack.setting("FTP_USER"), "wrong"),
            (stack.setting("FTP_USER"), of_owner[1]),
            (of_owner[0], stack.secret("ftp_password")),
            ("' OR 1=1 -- ", "x"), ("%", "x"), ("x" * 64, "x")):
        answer, seconds = refusal(stack, user, password)
        answers.append(answer)
        assert WRONG_SECONDS[0] <= seconds <= WRONG_SECONDS[1], (
            user, seconds)
    assert len(set(answers)) == 1, set(answers)


def test_four_connections(stack, of_editor, tmp_path):
    for number in range(40):
        (tmp_path / ("%d.txt" % number)).write_text(str(number))
    lftp = Lftp(stack, *of_editor)
    lftp.must("mirror -R --parallel=4 %s many" % tmp_path)
    assert len(lftp.must("cls -1 many").split()) == 40
    lftp.must("rm -r many")


def test_guesses_do_not_hold_up_the_ftp_user(stack, measure):
    """A hash takes long; the FTP user's own login does not wait for any."""
    guesses = [threading.Thread(target=CurlFtp(
        stack, "guess%d" % number, "wrong").run, args=("",))
        for number in range(40)]
    for guess in guesses:
        guess.start()
    seconds = []
    while any(guess.is_alive() for guess in guesses):
        began = time.monotonic()
        with FtpTls(stack):
            seconds.append(time.monotonic() - began)
    for guess in guesses:
        guess.join()
    assert seconds
    measure("FTP login during 40 guesses", "%.3f s at most" % max(seconds))
    assert max(seconds) < 5


def test_without_the_database(stack, of_editor):
    stack.stop("mariadb")
    try:
        for _ in range(3):
            assert refusal(stack, *of_editor)[0][:3] == "421"
        FtpTls(stack).quit()
        assert refusal(stack, stack.setting("FTP_USER"), "x")[0][:3] == "530"
        log = stack.logs("ftpd", 200)
        assert log.count("state=away") == 1, log
    finally:
        stack.start("mariadb")
    stack.wait_healthy()
    deadline = time.monotonic() + 20
    while True:
        try:
            connect(stack, *of_editor).quit()
            return
        except ftplib.error_temp:
            assert time.monotonic() < deadline
            time.sleep(1)

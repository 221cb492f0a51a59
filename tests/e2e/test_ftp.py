"""Uploading into WordPress with the clients that people use."""

import ftplib
import hashlib
import os
import re
import socket
import uuid

import pytest

from stack import settings
from stack.curl import CurlFtp
from stack.ftplib_tls import FtpTls

THEMES = "wp-content/themes"
UPLOADS = "wp-content/uploads"


@pytest.fixture
def folder(curl_ftp, lftp):
    """A fresh folder of the test's own below the uploads."""
    path = "%s/%s" % (UPLOADS, uuid.uuid4().hex)
    lftp.must("mkdir -p " + path)
    yield path
    lftp.run("rm -r " + path)


@pytest.fixture
def blob(tmp_path):
    path = tmp_path / "blob.bin"
    path.write_bytes(os.urandom(3_000_000))
    return path


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_plain_login_is_refused(curl_ftp):
    done = curl_ftp.run("", tls=False)
    assert done.returncode == 67, done.stderr    # access denied


def test_plain_data_is_refused(stack):
    """After PROT C, or without PROT, no byte of data goes in the clear."""
    with FtpTls(stack, login=False) as ftp:
        ftp.login(stack.setting("FTP_USER"), stack.secret("ftp_password"))
        with pytest.raises(ftplib.all_errors):
            ftp.prot_c()
            ftp.retrlines("NLST", lambda line: None)


def test_wrong_password_is_refused(stack):
    done = CurlFtp(stack, password="wrong").run("")
    assert done.returncode == 67, done.stderr


def test_certificate_is_its_own_and_verifies(stack):
    import ssl
    with FtpTls(stack, login=False) as ftp:
        ftp.auth()
        ftp_certificate = ftp.sock.getpeercert()
        assert ("DNS", settings.DOMAIN) in ftp_certificate["subjectAltName"]
        ftp_der = ftp.sock.getpeercert(binary_form=True)
    context = ssl.create_default_context(cafile=stack.ca)
    with socket.create_connection(("127.0.0.1", stack.https_port)) as plain:
        with context.wrap_socket(
                plain, server_hostname=settings.DOMAIN) as tls:
            assert tls.getpeercert(binary_form=True) != ftp_der


def test_download_equals_upload(curl_ftp, folder, blob):
    curl_ftp.upload(blob, folder + "/blob.bin")
    back = curl_ftp.download(folder + "/blob.bin")
    assert digest(back) == digest(blob.read_bytes())


def test_both_passive_modes(curl_ftp, folder, blob):
    for option in ("--ftp-pasv", "--disable-epsv"):
        curl_ftp.must(folder + "/x.bin", option, "-T", str(blob))
        back = curl_ftp.must(folder + "/x.bin", option)
        assert digest(back) == digest(blob.read_bytes())


def test_listings_agree(curl_ftp, folder, blob):
    curl_ftp.upload(blob, folder + "/blob.bin")
    curl_ftp.upload(blob, folder + "/inner/two words.txt".replace(" ", "%20"))
    assert set(curl_ftp.names(folder + "/")) >= {"blob.bin", "inner"}
    lines = curl_ftp.listing(folder + "/")
    entry = [line for line in lines if line.endswith(" blob.bin")]
    assert len(entry) == 1
    assert re.match(r"-rw.* 3000000 ", entry[0])
    assert any(line.startswith("d") and line.endswith(" inner")
               for line in lines)
    facts = curl_ftp.facts(folder + "/")
    assert facts["blob.bin"]["type"] == "file"
    assert facts["blob.bin"]["size"] == "3000000"
    assert re.fullmatch(r"\d{14}(\.\d+)?", facts["blob.bin"]["modify"])
    assert facts["inner"]["type"] == "dir"
    assert "two words.txt" in curl_ftp.facts(folder + "/inner/")


def test_rename_delete_and_folders(curl_ftp, lftp, folder, blob):
    lftp.must("cd " + folder, "put %s -o a.bin" % blob, "mkdir d",
              "mv a.bin d/b.bin", "cls -1 d")
    assert curl_ftp.names(folder + "/d/") == ["b.bin"]
    lftp.must("cd " + folder, "rm d/b.bin", "rmdir d")
    assert curl_ftp.names(folder + "/") == []


def test_resumed_download(lftp, folder, blob, tmp_path):
    part = tmp_path / "part.bin"
    part.write_bytes(blob.read_bytes()[:1_000_000])
    lftp.must("put %s -o %s/r.bin" % (blob, folder),
              "get -c %s/r.bin -o %s" % (folder, part))
    assert digest(part.read_bytes()) == digest(blob.read_bytes())


def test_no_way_out_of_the_root(curl_ftp, stack):
    for path in ("../wp-config.php", "../../etc/passwd", "%2fetc/passwd",
                 "//etc/passwd"):
        done = curl_ftp.run(path, "--path-as-is")
        assert done.returncode != 0, path
        assert b"root:" not in done.stdout and b"DB_" not in done.stdout


def test_interrupted_upload_leaves_the_old_file(stack, curl_ftp, folder, blob):
    curl_ftp.upload(blob, folder + "/index.php.txt")
    path = folder + "/index.php.txt"
    ftp = FtpTls(stack)
    ftp.voidcmd("TYPE I")
    data = ftp.transfercmd("STOR /" + path)
    data.sendall(b"half of a new file" * 1000)
    # While it is written, everyone reads the old one, whole.
    assert digest(curl_ftp.download(path)) == digest(blob.read_bytes())
    # The person's machine dies: no goodbye, neither in TLS nor in TCP.
    linger = b"\1\0\0\0\0\0\0\0"
    for sock in (data, ftp.sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(sock.detach())
    ftp.sock = ftp.file = None
    assert digest(curl_ftp.download(path)) == digest(blob.read_bytes())


def test_uploaded_theme_is_listed_activated_and_shown(
        stack, curl_ftp, lftp, owner, curl):
    source = settings.DATA / "plainpage"
    name = "plainpage"
    # One half comes by curl, the whole again by lftp's mirror.
    curl_ftp.upload(source / "style.css",
                    "%s/%s/style.css" % (THEMES, name))
    lftp.must("mirror -R %s %s/%s" % (source, THEMES, name))
    assert set(curl_ftp.names("%s/%s/" % (THEMES, name))) == {
        "style.css", "functions.php", "index.php"}
    themes = owner.themes()
    assert themes[name]["name"]["raw"] == "Plain Page"
    before = [theme["stylesheet"] for theme in themes.values()
              if theme["status"] == "active"][0]
    try:
        owner.activate_theme(name)
        page = curl.get("/").text
        assert 'id="plainpage-title"' in page
        assert "%s/%s/style.css" % (THEMES, name) in page
        assert curl.get("/%s/%s/style.css" % (THEMES, name)).body == (
            source / "style.css").read_bytes()
    finally:
        owner.activate_theme(before)
    assert 'id="plainpage-title"' not in curl.get("/").text


def test_wordpress_can_delete_what_was_uploaded(stack, curl_ftp, blob):
    """Both write as one user: neither leaves files the other cannot touch."""
    path = UPLOADS + "/mine.bin"
    curl_ftp.upload(blob, path)
    stack.exec("wordpress", "rm", "/var/www/html/" + path)
    assert "mine.bin" not in curl_ftp.names(UPLOADS + "/")

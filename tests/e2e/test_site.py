"""WordPress over TLS: for visitors, for its two users, in a browser."""

import subprocess
import uuid

import pytest

from stack import settings
from stack.wordpress import WordPress


def test_front_page_is_the_site(curl, stack):
    reply = curl.get("/")
    assert reply.status == 200
    assert stack.setting("WP_TITLE") in reply.text
    assert "wp-content" in reply.text
    assert "install.php" not in reply.text


def test_installer_is_done_with(curl):
    reply = curl.get("/wp-admin/install.php")
    assert reply.status in (200, 302, 403, 404)
    assert "<form" not in reply.text


def test_configuration_is_out_of_reach(curl):
    for path in ("/wp-config.php", "/../wp-config.php", "/wp-content/debug.log",
                 "/.htaccess", "/healthz", "/nginx_status", "/fpm_status"):
        reply = curl.get(path, "--path-as-is")
        assert reply.status in (400, 403, 404), path


def test_another_authority_does_not_verify(curl, stack):
    done = curl.run("--cacert", "/etc/ssl/certs/ca-certificates.crt",
                    stack.url + "/")
    assert done.returncode == 60


def test_plain_http_gets_no_page(curl, stack):
    done = curl.run("-i", "http://%s:%d/" % (settings.DOMAIN,
                                             stack.https_port))
    # Closed, refused, or told the right address.
    head = done.stdout.lower()
    assert (done.returncode != 0 or b" 400 " in head.split(b"\r\n")[0]
            or b"\r\nlocation: https://" in head), head
    assert b"wp-content" not in head


@pytest.mark.parametrize("version, accepted", [
    ("-tls1", False), ("-tls1_1", False), ("-tls1_2", True),
    ("-tls1_3", True)])
def test_tls_version(stack, version, accepted):
    # Without level 0, this client would refuse the old versions by itself.
    done = subprocess.run(
        ["openssl", "s_client", version, "-cipher", "DEFAULT:@SECLEVEL=0",
         "-connect", "127.0.0.1:%d" % stack.https_port,
         "-servername", settings.DOMAIN, "-CAfile", stack.ca,
         "-verify_hostname", settings.DOMAIN, "-verify_return_error"],
        input="", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=30)
    if accepted:
        assert done.returncode == 0, done.stdout
        assert "Verify return code: 0 (ok)" in done.stdout
    else:
        assert done.returncode != 0
        assert "alert protocol version" in done.stdout, done.stdout


def test_users_and_their_roles(owner, editor, stack):
    roles = {user["slug"]: user["roles"] for user in owner.rest(
        "GET", "/wp/v2/users", params={"context": "edit"})}
    assert roles == {stack.setting("WP_OWNER"): ["administrator"],
                     stack.setting("WP_EDITOR"): ["editor"]}
    assert "admin" not in stack.setting("WP_OWNER").lower()
    assert editor.get("/wp-admin/edit.php").status_code == 200
    assert editor.get("/wp-admin/plugins.php").status_code == 403


def test_wrong_password_is_refused(stack):
    assert not WordPress(stack).login(stack.setting("WP_OWNER"), "wrong")


def test_an_editor_comments(editor, visitor):
    """Through the form below a post, as a person does."""
    post = editor.rest("GET", "/wp/v2/posts")[0]
    text = "A comment %s" % uuid.uuid4().hex
    reply = editor.post("/wp-comments-post.php", data={
        "comment_post_ID": post["id"], "comment_parent": 0, "comment": text,
        "submit": "Post Comment"})
    assert reply.status_code == 200
    assert text in visitor.http.get(post["link"], timeout=30).text


def test_wordpress_reaches_itself(owner):
    """The loopback that cron and the plugin editor need."""
    report = owner.rest("GET", "/wp-site-health/v1/tests/loopback-requests")
    assert report["status"] == "good", report


def test_a_person_edits_a_page_in_the_browser(browser, stack, visitor):
    page = visitor.rest("GET", "/wp/v2/pages")[0]
    mark = "edited %s" % uuid.uuid4().hex[:12]
    browser.login(stack.setting("WP_OWNER"),
                  stack.secret("wp_owner_password"))
    browser.open("/wp-admin/post.php?post=%d&action=edit" % page["id"])
    driver = browser.driver
    browser.wait(lambda: browser.script(
        "return window.wp && wp.data && wp.data.select('core/editor')"
        " && wp.data.select('core/editor').getCurrentPostId()"),
        message="the editor did not load")
    # A first visit greets with a guide that covers the page.
    browser.script("wp.data.dispatch('core/preferences').set("
                   "'core/edit-post', 'welcomeGuide', false)")

    def title():
        """The title stands in the page itself, or in the canvas' frame."""
        driver.switch_to.default_content()
        frames = driver.find_elements("name", "editor-canvas")
        if frames:
            driver.switch_to.frame(frames[0])
        found = driver.find_elements("css selector",
                                     ".editor-post-title__input")
        return found and found[0]

    field = browser.wait(title, message="no title to type into")
    field.click()
    field.send_keys(" " + mark)
    driver.switch_to.default_content()
    browser.wait(lambda: mark in browser.script(
        "return wp.data.select('core/editor').getEditedPostAttribute('title')"))
    browser.screenshot("editor")
    button = driver.find_element(
        "css selector", ".editor-post-publish-button")
    button.click()
    browser.wait(lambda: browser.script(
        "const editor = wp.data.select('core/editor');"
        "return editor.didPostSaveRequestSucceed()"
        " && !editor.isEditedPostDirty()"),
        message="the page was not saved")
    reply = visitor.http.get(page["link"], timeout=30)
    assert reply.status_code == 200
    assert mark in reply.text

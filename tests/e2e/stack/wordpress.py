"""WordPress as a person's browser sees it, without a browser."""

import html
import re

import requests


class WordPress:
    """One person's session: cookies, the login form, the REST API."""

    def __init__(self, stack):
        self.stack = stack
        self.http = requests.Session()
        self.http.verify = stack.ca
        self.http.trust_env = False
        self.nonce = None

    def get(self, path, **kwargs):
        return self.http.get(self.stack.url + path, timeout=30, **kwargs)

    def post(self, path, **kwargs):
        return self.http.post(self.stack.url + path, timeout=30, **kwargs)

    def login(self, user, password):
        """Fills the login form in; True if the dashboard opened."""
        self.get("/wp-login.php")
        reply = self.post("/wp-login.php", data={
            "log": user, "pwd": password, "wp-submit": "Log In",
            "redirect_to": self.stack.url + "/wp-admin/", "testcookie": "1"})
        if reply.status_code != 200 or "wp-admin-bar" not in reply.text:
            return False
        reply = self.get("/wp-admin/admin-ajax.php",
                         params={"action": "rest-nonce"})
        self.nonce = reply.text.strip()
        return True

    def must_login(self, user, password):
        assert self.login(user, password), "%s cannot log in" % user
        return self

    @classmethod
    def owner(cls, stack):
        return cls(stack).must_login(stack.setting("WP_OWNER"),
                                     stack.secret("wp_owner_password"))

    @classmethod
    def editor(cls, stack):
        return cls(stack).must_login(stack.setting("WP_EDITOR"),
                                     stack.secret("wp_editor_password"))

    def rest(self, method, path, **kwargs):
        headers = {"X-WP-Nonce": self.nonce} if self.nonce else {}
        reply = self.http.request(method, self.stack.url + "/wp-json" + path,
                                  headers=headers, timeout=30, **kwargs)
        assert reply.ok, "%s %s: %d %s" % (
            method, path, reply.status_code, reply.text[:500])
        return reply.json()

    def post_count(self):
        reply = self.http.get(self.stack.url + "/wp-json/wp/v2/posts",
                              timeout=30)
        assert reply.ok, reply.status_code
        return int(reply.headers["X-WP-Total"])

    def themes(self):
        return {theme["stylesheet"]: theme
                for theme in self.rest("GET", "/wp/v2/themes")}

    def activate_theme(self, stylesheet):
        """Follows the Activate link of the Themes screen."""
        page = html.unescape(self.get("/wp-admin/themes.php").text)
        page = page.replace("\\/", "/").replace("\\u0026", "&")
        link = re.search(
            r"themes\.php\?action=activate&stylesheet=%s&_wpnonce=\w+"
            % re.escape(stylesheet), page)
        assert link, "the Themes screen offers no activation of " + stylesheet
        reply = self.get("/wp-admin/" + link.group(0))
        assert reply.ok, reply.status_code

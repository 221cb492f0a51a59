"""The database in a browser, for the monitor user only."""

import html
import re

import requests


def form_login(stack, server):
    """Logs in through Adminer's own form; returns the page after it."""
    http = requests.Session()
    http.verify = stack.ca
    http.trust_env = False
    http.auth = stack.monitor
    page = http.get(stack.url + "/adminer/", timeout=30).text
    fields = {}
    for tag in re.findall(r"<input[^>]+>", page):
        name = re.search(r"name=['\"]([^'\"]+)", tag)
        value = re.search(r"value=['\"]([^'\"]*)", tag)
        if name:
            fields[html.unescape(name.group(1))] = html.unescape(
                value.group(1) if value else "")
    fields.update({"auth[driver]": "server",
                   "auth[username]": stack.setting("MYSQL_USER"),
                   "auth[password]": stack.secret("db_password"),
                   "auth[db]": stack.setting("MYSQL_DATABASE")})
    if server:
        fields["auth[server]"] = server
    return http.post(stack.url + "/adminer/", data=fields, timeout=30)


def test_needs_the_monitor_user(curl):
    assert curl.get("/adminer/").status == 401


def test_opens(curl):
    reply = curl.monitor("/adminer/")
    assert reply.status == 200
    assert "Adminer" in reply.text


def test_logs_in_and_lists_the_tables(stack):
    reply = form_login(stack, "")
    assert reply.status_code == 200
    assert "wp_posts" in reply.text
    assert "wp_users" in reply.text


def test_leads_to_no_other_server(stack, curl):
    """Neither by the form nor by the address."""
    assert form_login(stack, "127.0.0.1:1").status_code == 403
    for query in ("server=127.0.0.1:1", "sqlite=", "pgsql=mariadb"):
        assert curl.monitor("/adminer/?" + query).status == 403, query


def test_no_file_of_sql_beyond_a_limit(curl):
    reply = curl.monitor("/adminer/", "-X", "POST", "-H", "Expect:", "-H",
                         "Content-Length: 10000000", "--http1.1")
    assert reply.status == 413
    assert "too large" in reply.text

"""The database as its root sees it, from inside its container."""


def query(stack, sql):
    """Runs SQL; returns the rows as lists of words."""
    done = stack.exec(
        "mariadb", "sh", "-c",
        'exec mariadb -u root -p"$(cat /run/secrets/db_root_password)" -N -B'
        ' -e "$0" "$MYSQL_DATABASE"', sql)
    return [line.split("\t") for line in done.stdout.splitlines()]


def users(stack):
    """{login: what WordPress keeps of the user's roles}"""
    return dict(query(stack, "SELECT user_login, meta_value FROM wp_users"
                             " JOIN wp_usermeta ON user_id = wp_users.ID"
                             " AND meta_key = 'wp_capabilities'"))

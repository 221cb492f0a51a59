#!/bin/sh
# Ready: the account that the start makes last of all can log in and read an
# InnoDB row. So the server runs and every account and procedure is in place.
set -eu

answer=$(timeout 4 mariadb --defaults-file=/tmp/mariadb/health.cnf \
    --skip-column-names --batch \
    --execute='SELECT id FROM stack.alive' 2>&1) || true
[ "$answer" = 1 ] || {
    echo "mariadb: $answer"
    exit 1
}

#!/bin/sh
# The list of users is made at every start from the secret, so no image and no volume holds it.
set -eu
umask 077
mkdir -p /run/pgbouncer
printf '"postgres" "%s"\n' "$(cat /run/secrets/postgres_password)" >/run/pgbouncer/userlist.txt
chown -R postgres:postgres /run/pgbouncer
exec setpriv --reuid=postgres --regid=postgres --init-groups \
    pgbouncer /etc/pgbouncer/pgbouncer.ini

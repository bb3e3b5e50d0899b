#!/bin/sh
# The pooler's own password is written at every start, so no image and no volume holds it.
set -eu
umask 077
quoted=$(printf '%s' "${PGBOUNCER_PASSWORD:?}" | sed 's/"/""/g')
printf '"pgbouncer" "%s"\n' "$quoted" >/run/pgbouncer/userlist.txt
exec pgbouncer /etc/pgbouncer/pgbouncer.ini

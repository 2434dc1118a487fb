#!/usr/bin/env bash
# First start of the database container: roles with their passwords, database, grants.
set -euo pipefail

run() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" "$@"; }

run --dbname postgres --file /hes/roles.sql
run --dbname postgres \
    --set owner_password="$(cat /run/secrets/owner_password)" \
    --set app_password="$(cat /run/secrets/app_password)" <<'SQL'
ALTER ROLE hes_owner PASSWORD :'owner_password';
ALTER ROLE hes_app PASSWORD :'app_password';
CREATE DATABASE hes OWNER hes_owner;
SQL
run --dbname hes --file /hes/grants.sql

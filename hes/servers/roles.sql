-- The two roles, made once per server by its superuser (embedded: hes/servers/postgres.py,
-- containers: deploy/postgres). Idempotent.
--   hes_owner  owns the database and its schema: migrations, partition maintenance
--   hes_app    every running process: reads and writes rows, makes no objects
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hes_owner') THEN
        CREATE ROLE hes_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hes_app') THEN
        CREATE ROLE hes_app LOGIN;
    END IF;
END
$$;
-- The export reports which process holds its horizon back; that needs sight of all sessions.
GRANT pg_read_all_stats TO hes_app;

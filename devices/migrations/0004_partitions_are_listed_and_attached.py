"""Partitioned tables are listed, and a new partition is attached: nobody has to wait for it.

`CREATE TABLE ... PARTITION OF` locks the whole table against everybody; behind one long reader all
recording would queue up. ATTACH PARTITION only keeps other changes of the schema away. Identity
columns stay with the parent, whose default fills them (PostgreSQL 17 refuses two). Which tables
there are, and by what step, stands in a table: an app adds a row, not a function.
"""

from django.db import migrations

TABLE = """
CREATE TABLE partitioned_table (
    name text PRIMARY KEY,
    step text NOT NULL CHECK (step IN ('day', 'month')),
    options text NOT NULL DEFAULT ''
);
INSERT INTO partitioned_table VALUES
    ('export_block', 'day', ''), ('slot_ledger', 'day', 'fillfactor = 45'),
    ('end_device_event', 'month', ''), ('slot', 'month', 'fillfactor = 70'),
    ('visit', 'month', 'fillfactor = 70');
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hes_app') THEN
        REVOKE ALL ON partitioned_table FROM hes_app;
    END IF;
END $$;
"""

FUNCTION = """
CREATE OR REPLACE FUNCTION hes_partitions(parent text, first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    known partitioned_table;
    midnight text;
    begins date;
    ends date;
    child text;
    made integer := 0;
BEGIN
    SELECT * INTO known FROM partitioned_table WHERE name = parent;
    IF known IS NULL THEN
        RAISE EXCEPTION '% is not a partitioned table of this system', parent;
    END IF;
    IF last - first > 800 THEN
        RAISE EXCEPTION 'refusing to make partitions over % days at once', last - first;
    END IF;
    midnight := CASE known.step WHEN 'day' THEN '' ELSE ' 00:00:00+00' END;
    begins := date_trunc(known.step, first)::date;
    WHILE begins <= last LOOP
        ends := (begins + ('1 ' || known.step)::interval)::date;
        child := parent || '_' || to_char(begins, CASE known.step WHEN 'day' THEN 'YYYYMMDD'
                                                                ELSE 'YYYYMM' END);
        IF to_regclass(child) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('hes_partitions'));
            IF to_regclass(child) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
                    ' INCLUDING STORAGE)%s', child, parent,
                    CASE known.options WHEN '' THEN '' ELSE ' WITH (' || known.options || ')' END);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    parent, child, begins || midnight, ends || midnight);
                EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', child);
                IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hes_app') THEN
                    EXECUTE format('REVOKE ALL ON %I FROM hes_app', child);
                END IF;
                made := made + 1;
            END IF;
        END IF;
        begins := ends;
    END LOOP;
    RETURN made;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("devices", "0003_blocks_know_their_moment")]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE partitioned_table"),
        migrations.RunSQL(FUNCTION, migrations.RunSQL.noop),
    ]

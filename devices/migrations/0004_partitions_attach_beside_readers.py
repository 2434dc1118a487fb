"""A new partition is made apart and attached: nobody who reads or records has to wait.

`CREATE TABLE ... PARTITION OF` locks the whole table against everybody; behind one long reader all
recording would queue up. ATTACH PARTITION only keeps other changes of the schema away. Identity
columns stay with the parent, whose default fills them (PostgreSQL 17 refuses two).
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION hes_partitions(parent text, first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    step text := CASE WHEN parent IN ('export_block', 'slot_ledger') THEN 'day'
                      WHEN parent IN ('end_device_event', 'slot', 'visit') THEN 'month' END;
    options text := CASE WHEN parent = 'slot_ledger' THEN ' WITH (fillfactor = 45)'
                         WHEN parent IN ('slot', 'visit') THEN ' WITH (fillfactor = 70)'
                         ELSE '' END;
    pattern text := CASE step WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END;
    midnight text := CASE step WHEN 'day' THEN '' ELSE ' 00:00:00+00' END;
    begins date := date_trunc(step, first)::date;
    ends date;
    child text;
    made integer := 0;
BEGIN
    IF step IS NULL THEN
        RAISE EXCEPTION '% is not a partitioned table of this system', parent;
    END IF;
    IF last - first > 800 THEN
        RAISE EXCEPTION 'refusing to make partitions over % days at once', last - first;
    END IF;
    WHILE begins <= last LOOP
        ends := (begins + ('1 ' || step)::interval)::date;
        child := parent || '_' || to_char(begins, pattern);
        IF to_regclass(child) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('hes_partitions'));
            IF to_regclass(child) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
                    ' INCLUDING STORAGE)%s', child, parent, options);
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

    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]

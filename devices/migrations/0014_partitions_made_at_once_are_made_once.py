"""Two sessions that want the same partition at once: one makes it, the other finds it.

`to_regclass` asks the cache of its session, and that nothing was there stays cached: to wait for an
advisory lock takes no word of what others committed meanwhile. So who came second still saw
nothing, and CREATE TABLE then failed with "already exists". The table of relations itself is read
by the snapshot of the statement, which is taken after the wait.
"""

from django.db import migrations

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
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = child
                    AND relnamespace = 'public'::regnamespace) THEN
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
    dependencies = [("devices", "0013_profiles_report_where_the_system_says")]

    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]

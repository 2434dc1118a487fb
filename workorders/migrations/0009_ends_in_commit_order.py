"""The ends of orders can be followed in the order in which they were committed (design D11).

An id is drawn long before its transaction commits: whoever follows ids loses the late ones. Rows that
exist get the transaction of this migration and keep their order by id.
"""

from django.db import migrations

COLUMN = "ALTER TABLE order_event ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id()"
# The states that nothing leaves (workorders/states.py), as the reader names them.
INDEX = """
CREATE INDEX order_event_ends ON order_event (xid, id)
WHERE state IN ('cancelled', 'done', 'expired', 'failed', 'preempted')
"""


class Migration(migrations.Migration):
    dependencies = [("workorders", "0008_local_executions")]

    operations = [
        migrations.RunSQL(COLUMN, "ALTER TABLE order_event DROP COLUMN xid"),
        migrations.RunSQL(INDEX, "DROP INDEX order_event_ends"),
    ]

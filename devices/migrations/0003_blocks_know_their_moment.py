"""A block tells when it was recorded: lag is an age, and a span of time can be sent again.

The second index serves sinks that carry one kind of one company: a hub each.
"""

from django.db import migrations, models

FORWARD = """
ALTER TABLE export_block ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX export_block_of_series ON export_block (company_id, kind, xid, id);
"""
BACKWARD = """
DROP INDEX export_block_of_series;
ALTER TABLE export_block DROP COLUMN recorded_at;
"""


class Migration(migrations.Migration):
    dependencies = [("devices", "0002_outbox_partitions")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

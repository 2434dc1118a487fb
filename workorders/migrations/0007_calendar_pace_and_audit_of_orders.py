"""Holidays; what was sent in the last minute; orders know the audit row of their call.

Orders from before the audit get one row that says so: `hes verify` asks for one.
"""

import django.db.models.deletion
from django.db import migrations, models

BEFORE = """
WITH old AS (SELECT count(*)::int AS orders, min(id) AS first, max(id) AS last FROM work_order),
made AS (INSERT INTO audit_row (who, act, is_refused, target, code, text, orders, count, hash)
    SELECT 'migration', 'order.submit', false, 'orders of before', '', 'made before the audit',
        int8range(first, last, '[]'), orders, '' FROM old WHERE orders > 0 RETURNING id)
UPDATE work_order SET audit_id = made.id FROM made
"""


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0006_events_name_their_alarm"),
        ("workorders", "0006_lanes_know_when_their_orders_are_due"),
    ]

    operations = [
        migrations.AddField(
            model_name="workorder",
            name="audit_id",
            field=models.BigIntegerField(help_text="row of the call that was accepted", null=True),
        ),
        migrations.AddIndex(
            model_name="workorder",
            index=models.Index(condition=models.Q(("sent_at__isnull", False)), fields=["concentrator", "sent_at"], name="work_order_sent"),
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("name", models.CharField(max_length=100)),
                ("company", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="devices.company")),
            ],
            options={
                "db_table": "holiday",
                "constraints": [models.UniqueConstraint(fields=("company", "day"), name="holiday_once_per_company")],
            },
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
    ]

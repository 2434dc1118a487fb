"""When something was executed locally; and ids of several companies no longer meet.

A key without its company told one company that another had used an id, and refused it.
"""

from django.db import migrations, models

KEYS = """
UPDATE work_order SET idempotency_key = company_id || ':' || idempotency_key WHERE outer_id <> ''
"""


class Migration(migrations.Migration):

    dependencies = [
        ('workorders', '0007_calendar_pace_and_audit_of_orders'),
    ]

    operations = [
        migrations.AddField(
            model_name='workorder',
            name='executed_at',
            field=models.DateTimeField(help_text="locally, by the field app's clock", null=True),
        ),
        migrations.RunSQL(KEYS, migrations.RunSQL.noop),
    ]

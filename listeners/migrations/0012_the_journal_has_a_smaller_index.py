"""The index of the raw journal names the transaction alone.

A transaction has at most some ten thousand rows: who reads in the order `(xid, id)` sorts them as
they come (incremental sort), and an entry that is shared by them all is a fifth of the size.

That no more than 2 KiB of a datagram are kept is seen to where it is received: to check it again
in every row took a sixth of the time.
"""

from django.db import migrations

SMALLER = """
DROP INDEX datagram_in_order;
CREATE INDEX datagram_in_order ON datagram (xid);
ALTER TABLE datagram DROP CONSTRAINT datagram_raw_check;
"""
AS_BEFORE = """
DROP INDEX datagram_in_order;
CREATE INDEX datagram_in_order ON datagram (xid, id);
ALTER TABLE datagram ADD CHECK (octet_length(raw) <= 2048);
"""


class Migration(migrations.Migration):
    dependencies = [("listeners", "0011_the_journal_is_only_appended")]

    operations = [migrations.RunSQL(SMALLER, AS_BEFORE)]

"""Takes the blocks of a day away, as the owner of the database does after their time."""

from tests.database import owner_cursor, worker_database


def drop_partition(day):
    """`ensure` makes it again for the next test."""
    with owner_cursor(worker_database()) as cursor:
        cursor.execute(f"DROP TABLE export_block_{day:%Y%m%d}")

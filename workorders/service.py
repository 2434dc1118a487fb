"""Which concentrators are in service, and for what: the same words of SQL for all who ask.

Initialised ones are collected by schedule. An installed one is visited for its orders alone: the
first technical configuration makes it initialised (design 7). `stop_activity` keeps all away.
Fragments name the concentrator `c`, and its lane `l`.
"""

# Slots of others stay where they are, and nobody takes them.
SCHEDULED = "c.state = 'initialised'"
_REACHED = "c.host <> '' AND NOT c.stop_activity"
COLLECTED = f"{SCHEDULED} AND {_REACHED}"
VISITED = f"""({SCHEDULED} OR c.state = 'installed' AND l.orders_due <= clock_timestamp())
    AND {_REACHED}"""

# Why no order may go there now; empty when it may. Of a concentrator, or of none. It goes into
# result lines, so what a person wrote loses what would tear one.
REASON = """CASE WHEN c.id IS NULL THEN ''
    WHEN c.stop_activity THEN regexp_replace(concat('concentrator ', c.serial_number, ' is stopped',
        ' by ' || nullif(c.stopped_by, ''),
        ' since ' || to_char(c.stopped_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
        ': ' || nullif(c.stop_reason, '')), '[;"[:cntrl:]]', ' ', 'g')
    WHEN c.state NOT IN ('installed', 'initialised')
        THEN concat('concentrator ', c.serial_number, ' is ', c.state)
    WHEN c.host = '' THEN concat('concentrator ', c.serial_number, ' has no address')
    ELSE '' END"""

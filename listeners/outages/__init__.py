"""The rules of outages. Pure: no database, no clock; "now" is an argument (issue 5.4).

`episodes` pairs losses and returns of power, `rollup` finds the outages that explain them,
`endings` says when one is over, `corrections` when it was in truth, `figures` what a day came to.
"""

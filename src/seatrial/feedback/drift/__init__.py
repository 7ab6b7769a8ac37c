"""Drift: has what comes in, what is stored, or what production says changed against a frozen reference?

`batch` compares two tables feature by feature, `record` scores every record by completeness and freshness, `signals` charts
production rates by hour of week, `cause` puts likely causes in order.
"""

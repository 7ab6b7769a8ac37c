"""Store: decisions, outcomes and exposures on disk, in SQLite by default and in PostgreSQL by URL.

with open_store("sqlite:///.seatrial/store.db") as store:
    emit_to(store, thread_id="t1", outcome="reply", label="positive", event_id="crm-812", now=now)
"""

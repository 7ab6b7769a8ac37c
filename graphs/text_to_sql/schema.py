"""The sales database the questions are about: six small tables, made in memory from fixed rules.

Everything stands still: the same rows in every process, and `TODAY` is a date, not the clock.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache

from seatrial.checks.sql import allowed, lock_sqlite

TODAY = date(2025, 11, 20)

SCHEMA: dict[str, dict[str, str]] = {
    "regions": {"id": "INTEGER", "name": "TEXT"},
    "customers": {
        "id": "INTEGER",
        "name": "TEXT",
        "tier": "TEXT",
        "industry": "TEXT",
        "region_id": "INTEGER",
        "signed_on": "DATE",
    },
    "products": {"id": "INTEGER", "name": "TEXT", "category": "TEXT", "price": "INTEGER"},
    "orders": {"id": "INTEGER", "customer_id": "INTEGER", "ordered_on": "DATE", "status": "TEXT", "amount": "INTEGER"},
    "order_items": {"order_id": "INTEGER", "product_id": "INTEGER", "quantity": "INTEGER", "price": "INTEGER"},
    "invoices": {
        "id": "INTEGER",
        "order_id": "INTEGER",
        "issued_on": "DATE",
        "due_on": "DATE",
        "paid_on": "DATE",
        "amount": "INTEGER",
    },
}

LINKS = (
    ("customers", "region_id", "regions"),
    ("orders", "customer_id", "customers"),
    ("order_items", "order_id", "orders"),
    ("order_items", "product_id", "products"),
    ("invoices", "order_id", "orders"),
)
"""Which column of which table points at the `id` of which other table."""

REGIONS = ("North America", "Latin America", "Europe", "Middle East", "Asia Pacific")
TIERS = ("free", "pro", "enterprise")
INDUSTRIES = ("retail", "healthcare", "logistics", "education", "manufacturing")
STATUSES = ("paid", "pending", "cancelled", "refunded")
PRODUCTS = (
    ("Atlas Scanner", "hardware", 420),
    ("Beacon Tag", "hardware", 15),
    ("Cargo Gate", "hardware", 1900),
    ("Dock Camera", "hardware", 640),
    ("Harbor Printer", "hardware", 310),
    ("Fleet Planner", "software", 890),
    ("Ledger Sync", "software", 260),
    ("Route Insight", "software", 1250),
    ("Signal Desk", "software", 480),
    ("Tide Forecast", "software", 730),
    ("Crew Onboarding", "services", 1500),
    ("Night Support", "services", 350),
    ("Site Survey", "services", 975),
    ("Label Roll", "supplies", 8),
    ("Mounting Kit", "supplies", 45),
    ("Spare Battery", "supplies", 60),
)
CUSTOMERS = (
    *("Alder Foods", "Birch Clinic", "Dune Logistics", "Elm Academy", "Fjord Steel", "Garnet Retail", "Hazel Health"),
    *(
        "Iris Freight",
        "Juniper School",
        "Kestrel Works",
        "Lark Stores",
        "Maple Care",
        "Nimbus Cargo",
        "Opal College",
        "Pine Foundry",
    ),
    *(
        "Quartz Market",
        "Reed Hospital",
        "Sable Shipping",
        "Thistle Tutors",
        "Umber Mills",
        "Violet Goods",
        "Willow Dental",
        "Xenon Haulage",
    ),
    *(
        "Yarrow Institute",
        "Zephyr Motors",
        "Amber Bazaar",
        "Basil Pharmacy",
        "Cedar Lines",
        "Delta Learning",
        "Ember Forge",
        "Fern Outlet",
    ),
    *("Grove Medical", "Heron Transport", "Ivory Campus", "Jasper Plastics", "Copper Lane"),
)

_one_at_a_time = threading.Lock()


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """This process's filled, locked database, for one caller at a time: it can be read and nothing else."""
    with _one_at_a_time:
        yield _locked()


@cache
def _locked() -> sqlite3.Connection:
    connection = filled()
    lock_sqlite(connection, allowed("sqlite").names)
    return connection


def filled() -> sqlite3.Connection:
    """A new in-memory database with every row in it, not locked yet."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for table, columns in SCHEMA.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    for table, rows in _rows().items():
        marks = ", ".join("?" * len(SCHEMA[table]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    return connection


def _rows() -> dict[str, list[tuple[object, ...]]]:
    draw = random.Random(20251120)  # noqa: S311 - rows of an example database, not a secret
    first = date(2023, 1, 9)
    customers: list[tuple[object, ...]] = []
    for number, name in enumerate(CUSTOMERS, start=1):
        signed = first + timedelta(days=draw.randrange(1000))
        industry, tier = INDUSTRIES[(number - 1) % 5], TIERS[draw.choice((0, 0, 1, 1, 2))]
        customers.append((number, name, tier, industry, number * 7 % 11 % 5 + 1, signed.isoformat()))
    orders: list[tuple[object, ...]] = []
    items: list[tuple[object, ...]] = []
    invoices: list[tuple[object, ...]] = []
    for number in range(1, 641):
        customer = customers[int(len(customers) * draw.random() ** 1.4)]
        signed = date.fromisoformat(str(customer[5]))
        quiet = int(str(customer[0])) * 53 % 300 if int(str(customer[0])) % 3 == 0 else 0
        ordered = signed + timedelta(days=draw.randrange(max((TODAY - signed).days + 1 - quiet, 1)))
        status = draw.choices(STATUSES, weights=(74, 8, 10, 8))[0]
        chosen = draw.sample(range(len(PRODUCTS)), draw.choice((1, 1, 2, 2, 3)))
        lines = [(number, at + 1, draw.choice((1, 1, 2, 3, 5, 8)), PRODUCTS[at][2]) for at in sorted(chosen)]
        amount = sum(quantity * price for _, _, quantity, price in lines)
        orders.append((number, customer[0], ordered.isoformat(), status, amount))
        items += lines
        if status in {"paid", "pending", "refunded"}:
            issued = min(ordered + timedelta(days=draw.randrange(4)), TODAY)
            due, paid = issued + timedelta(days=30), issued + timedelta(days=draw.randrange(3, 52))
            settled = None if status == "pending" or paid > TODAY else paid.isoformat()
            invoices.append((len(invoices) + 1, number, issued.isoformat(), due.isoformat(), settled, amount))
    return {
        "regions": [(number, name) for number, name in enumerate(REGIONS, start=1)],
        "customers": customers,
        "products": [(number, *product) for number, product in enumerate(PRODUCTS, start=1)],
        "orders": orders,
        "order_items": items,
        "invoices": invoices,
    }

"""One function per graph of the registry, for LangGraph's server; written by `seatrial fleet langgraph-json`."""

from pathlib import Path
from typing import Any

from seatrial.project.served import served_graph

ROOT = Path(__file__).resolve().parents[1]


def text_to_sql() -> Any:
    """text_to_sql, as its current version."""
    return served_graph(ROOT, "text_to_sql")


def email_classify() -> Any:
    """email_classify, as its current version."""
    return served_graph(ROOT, "email_classify")


def support_router() -> Any:
    """support_router, as its current version."""
    return served_graph(ROOT, "support_router")


def country_classify() -> Any:
    """country_classify, as its current version."""
    return served_graph(ROOT, "country_classify")


def lead_score() -> Any:
    """lead_score, as its current version."""
    return served_graph(ROOT, "lead_score")


def handbook_answer() -> Any:
    """handbook_answer, as its current version."""
    return served_graph(ROOT, "handbook_answer")


def email_compose() -> Any:
    """email_compose, as its current version."""
    return served_graph(ROOT, "email_compose")


def campaign() -> Any:
    """campaign, as its current version."""
    return served_graph(ROOT, "campaign")

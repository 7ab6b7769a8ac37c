"""The reference fleet's evaluators: one file per graph, bound to it here; `"*"` holds what every graph is asked."""

from seatrial.checks import no_pii

from . import (
    campaign,
    country_classify,
    email_classify,
    email_compose,
    handbook_answer,
    lead_score,
    support_router,
    text_to_sql,
)

SUITES = {
    "text_to_sql": text_to_sql.SUITE,
    "email_classify": email_classify.SUITE,
    "support_router": support_router.SUITE,
    "country_classify": country_classify.SUITE,
    "lead_score": lead_score.SUITE,
    "handbook_answer": handbook_answer.SUITE,
    "email_compose": email_compose.SUITE,
    "campaign": campaign.SUITE,
    "*": (no_pii(),),
}

"""What is judged of a campaign: the right messages, each once, approved where a person must, and silence after a stop.

    SUITE = (sequence, once, approved_first, quiet_after_stop)

`sequence` is the primary key; the others have zero tolerance and need no reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial import Score, evaluator

if TYPE_CHECKING:
    from seatrial.dataset import Example
    from seatrial.graph.run import Run

STOPS = ("reply", "bounce", "unsubscribe", "rejected")


@evaluator(version="1", key="sequence")
def sequence(run: Run, example: Example) -> Score:
    """1 when the status and the steps that were sent are the reference's."""
    wanted, got = example.outputs or {}, run.outputs or {}
    if "status" not in wanted:
        return Score("sequence", None, "the example does not say how the campaign should end")
    told = f"{got.get('status')} after {got.get('steps') or []}"
    right = got.get("status") == wanted["status"] and (got.get("steps") or []) == (wanted.get("steps") or [])
    return Score(
        "sequence", right, told if right else f"{told}, expected {wanted['status']} after {wanted.get('steps')}"
    )


@evaluator(version="1", key="once")
def once(run: Run, example: Example) -> Score:
    """1 when no message has the key of another, and each key names its campaign, contact and step."""
    sent: list[dict[str, Any]] = (run.outputs or {}).get("sent") or []
    keys = [one.get("key") for one in sent]
    own = [f"{run.inputs.get('campaign')}/{run.inputs.get('contact')}/{one.get('step')}" for one in sent]
    right = keys == own and len(set(keys)) == len(keys)
    return Score("once", right, f"{len(keys)} messages, {len(set(keys))} keys")


@evaluator(version="1", key="approved_first")
def approved_first(run: Run, example: Example) -> Score:
    """1 when nothing was sent to an enterprise customer that no person had approved."""
    approved: set[Any] = set()
    for one in (run.outputs or {}).get("log") or []:
        if one.get("kind") == "approved":
            approved.add(one.get("step"))
        elif (
            one.get("kind") == "sent"
            and run.inputs.get("customer_tier") == "enterprise"
            and one.get("step") not in approved
        ):
            return Score("approved_first", False, f"step {one.get('step')} was sent before anybody approved it")
    return Score("approved_first", True, f"{len(approved)} steps were approved")


@evaluator(version="1", key="quiet_after_stop")
def quiet_after_stop(run: Run, example: Example) -> Score:
    """1 when nothing was sent after a reply, a bounce, an unsubscription or a person's no."""
    stopped = ""
    for one in (run.outputs or {}).get("log") or []:
        if one.get("kind") in STOPS:
            stopped = str(one["kind"])
        elif one.get("kind") == "sent" and stopped:
            return Score("quiet_after_stop", False, f"step {one.get('step')} was sent after a {stopped}")
    return Score("quiet_after_stop", True, f"stopped by {stopped}" if stopped else "nothing stopped it")


SUITE = (sequence, once, approved_first, quiet_after_stop)

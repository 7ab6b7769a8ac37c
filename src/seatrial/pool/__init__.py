"""THE worker loop: items in, one result each out, whatever an item does.

What blocks has a thread a worker (`threads`); what can be awaited shares the process's one event loop (`process_loop`,
`shared_loop`), which every awaited call of the process runs on.
"""

from seatrial.pool.process_loop import (
    INLINE,
    LoopAbandoned,
    OnTheLoop,
    as_if_no_loop,
    in_thread,
    loops_abandoned,
    on_process_loop,
    on_the_loop,
    wait_for,
)
from seatrial.pool.run import run
from seatrial.pool.shared_loop import Disturbed, disturbed
from seatrial.pool.threads import CEILING, TimedOut, restart_clock
from seatrial.pool.user_code import ExitRefused, user_code

__all__ = [
    "CEILING",
    "INLINE",
    "Disturbed",
    "ExitRefused",
    "LoopAbandoned",
    "OnTheLoop",
    "TimedOut",
    "as_if_no_loop",
    "disturbed",
    "in_thread",
    "loops_abandoned",
    "on_process_loop",
    "on_the_loop",
    "restart_clock",
    "run",
    "user_code",
    "wait_for",
]

"""THE worker loop: items in, one result each out, whatever an item does.

`crew` has a thread a worker; what can be awaited shares one event loop instead (`shared`), and falls back on the crew
when it turns out to block that loop.
"""

from seatrial.pool.event_loop import Disturbed, disturbed
from seatrial.pool.run import run
from seatrial.pool.threads import CEILING, TimedOut, own, restart_clock

__all__ = ["CEILING", "Disturbed", "TimedOut", "disturbed", "own", "restart_clock", "run"]

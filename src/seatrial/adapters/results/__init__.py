"""Results of other harnesses: which of them wrote a file is seen from its content, and its scores become evidence.

FORMATS is the list: a name for `seatrial import`, and what it reads. Each is one thin file; none imports its harness.
"""

from seatrial.adapters.results.formats import FORMATS, read_foreign
from seatrial.adapters.results.imported import Imported

__all__ = ["FORMATS", "Imported", "read_foreign"]

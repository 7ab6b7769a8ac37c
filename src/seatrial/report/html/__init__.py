"""HTML: a verdict as one offline page, complete without a script."""

from seatrial.report.html.page import html
from seatrial.report.html.side import SideBySide

__all__ = ["SideBySide", "html"]

"""Project: a user's folder of graphs, datasets, evaluators and gates, found, read and mounted."""

from seatrial.project.mount import module, mount
from seatrial.project.project import Project, open_project
from seatrial.project.settings import Settings, TrialRow

__all__ = ["Project", "Settings", "TrialRow", "module", "mount", "open_project"]

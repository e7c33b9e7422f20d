"""The folder of `motes active`: labels that nothing loses, queries, pickers and picks as plain files."""

from motes.io.lock import BusyError, Lock
from motes.project.actions import Place, State, fold
from motes.project.folder import Project, Source
from motes.project.journal import Journal
from motes.project.labels import Imported, import_labels, labelled
from motes.project.queries import Asked, Question

__all__ = [
    "Asked",
    "BusyError",
    "Imported",
    "Journal",
    "Lock",
    "Place",
    "Project",
    "Question",
    "Source",
    "State",
    "fold",
    "import_labels",
    "labelled",
]

"""Pickers: they learn from labels and propose particles with probabilities."""

from motes.pickers.detections import Detections
from motes.pickers.labelled import Labelled
from motes.pickers.picker import NotFittedError, Picker, WarmPicker

__all__ = ["Detections", "Labelled", "NotFittedError", "Picker", "WarmPicker"]

"""Pickers: they learn from labels and propose particles with probabilities."""

from motes.pickers.blob import BlobPicker
from motes.pickers.cache import FeatureCache
from motes.pickers.committee import Committee
from motes.pickers.detections import Detections
from motes.pickers.external import ExternalPicks
from motes.pickers.filterbank import FilterBankPicker
from motes.pickers.labelled import Labelled
from motes.pickers.networks.combined import CombinedPicker
from motes.pickers.networks.compact import CompactPicker
from motes.pickers.networks.phosaurus import PhosaurusPicker
from motes.pickers.picker import NotFittedError, Picker, WarmPicker
from motes.pickers.preparation import Prepared, prepare

__all__ = [
    "BlobPicker",
    "CombinedPicker",
    "Committee",
    "CompactPicker",
    "Detections",
    "ExternalPicks",
    "FeatureCache",
    "FilterBankPicker",
    "Labelled",
    "NotFittedError",
    "PhosaurusPicker",
    "Picker",
    "Prepared",
    "WarmPicker",
    "prepare",
]

"""Particle picking: overlap, suppression, matching, and metrics that say what they count."""

from motes.kernels.circles import box_iou, circle_iou, pairwise_box_iou, pairwise_circle_iou
from motes.kernels.matching import Matches, match, near_pairs
from motes.kernels.suppression import soft_suppress, suppress, suppress_map
from motes.picking.consensus import PickerConsensus, consensus
from motes.picking.correction import Correction, correct
from motes.picking.curve import (
    BestThreshold,
    Curve,
    Point,
    at_threshold,
    auc_grid,
    average_precision,
    best_threshold,
    precision_recall,
)
from motes.picking.distinctness import Distinctness, distinctness
from motes.picking.edges import away_from_edges
from motes.picking.evaluation import Evaluation, evaluate
from motes.picking.overlap import mean_iou
from motes.picking.pool import pool
from motes.picking.ranking import Estimate
from motes.picking.tables import Aligned, align, circles_of, on_micrographs

__all__ = [
    "Aligned",
    "BestThreshold",
    "Correction",
    "Curve",
    "Distinctness",
    "Estimate",
    "Evaluation",
    "Matches",
    "PickerConsensus",
    "Point",
    "align",
    "at_threshold",
    "auc_grid",
    "average_precision",
    "away_from_edges",
    "best_threshold",
    "box_iou",
    "circle_iou",
    "circles_of",
    "consensus",
    "correct",
    "distinctness",
    "evaluate",
    "match",
    "mean_iou",
    "near_pairs",
    "on_micrographs",
    "pairwise_box_iou",
    "pairwise_circle_iou",
    "pool",
    "precision_recall",
    "soft_suppress",
    "suppress",
    "suppress_map",
]

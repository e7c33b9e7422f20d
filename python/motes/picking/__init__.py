"""Particle picking: overlap, suppression, matching, and metrics that say what they count."""

from motes.kernels.circles import box_iou, circle_iou, pairwise_box_iou, pairwise_circle_iou
from motes.kernels.matching import Matches, match, near_pairs
from motes.kernels.suppression import soft_suppress, suppress, suppress_map

__all__ = [
    "Matches",
    "box_iou",
    "circle_iou",
    "match",
    "near_pairs",
    "pairwise_box_iou",
    "pairwise_circle_iou",
    "soft_suppress",
    "suppress",
    "suppress_map",
]

"""What data can tell before they are measured, from a master that is known: docs/limits.md."""

from motes.limits import task5
from motes.limits.cramer_rao import LARGEST_ASYMMETRIC_ERROR, CramerRao, cramer_rao
from motes.limits.information import em_rate, information
from motes.limits.likelihood import ExpectedLogLikelihood, expected_log_likelihood, likelihood_ratio
from motes.limits.master import master_from
from motes.limits.orientation import expected_accuracy, mutual_information
from motes.limits.plan import Plan, plan
from motes.limits.planning import patterns_needed

__all__ = [
    "LARGEST_ASYMMETRIC_ERROR",
    "CramerRao",
    "ExpectedLogLikelihood",
    "Plan",
    "cramer_rao",
    "em_rate",
    "expected_accuracy",
    "expected_log_likelihood",
    "information",
    "likelihood_ratio",
    "master_from",
    "mutual_information",
    "patterns_needed",
    "plan",
    "task5",
]

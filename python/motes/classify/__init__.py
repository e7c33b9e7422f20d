"""Telling patterns apart without a model of the noise: exact matching, k-means, and the alignment of what it finds."""

from motes.classify.consensus import Consensus, consensus
from motes.classify.kmeans import KMeans, kmeans
from motes.classify.match import match, symmetries
from motes.classify.minibatch import minibatch_kmeans

__all__ = ["Consensus", "KMeans", "consensus", "kmeans", "match", "minibatch_kmeans", "symmetries"]

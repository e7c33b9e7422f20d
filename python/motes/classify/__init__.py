"""Telling patterns apart without a model of the noise: k-means, and the alignment of what it finds."""

from motes.classify.consensus import Consensus, consensus
from motes.classify.kmeans import KMeans, kmeans
from motes.classify.minibatch import minibatch_kmeans

__all__ = ["Consensus", "KMeans", "consensus", "kmeans", "minibatch_kmeans"]

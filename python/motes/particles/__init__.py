"""From picks to particle images: cut out, normalised, as a stack that refinement programs read."""

from motes.particles.extraction import Extraction, extract
from motes.particles.metadata import Optics
from motes.particles.stack import ParticleStack, read_stack

__all__ = ["Extraction", "Optics", "ParticleStack", "extract", "read_stack"]

"""A reconstruction as one HTML page that needs no network: pictures, fit of each pattern, a list of what to exclude."""

from motes.viewer.mixture import mixture_page
from motes.viewer.page import page

__all__ = ["mixture_page", "page"]

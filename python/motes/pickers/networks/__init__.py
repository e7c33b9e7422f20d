"""Pickers that are networks; they need torch, which is imported when one is made to learn or predict."""

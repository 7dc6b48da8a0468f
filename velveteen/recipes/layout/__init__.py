"""Finds broken layout in pages and pictures of them, with no reference picture."""

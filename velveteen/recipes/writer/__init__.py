"""Learns to write from texts: books, notes, messages; and writes more of the kind."""

"""Learns a code style from code: data.py, model.py and main.py, and a file for each idea they stand on."""

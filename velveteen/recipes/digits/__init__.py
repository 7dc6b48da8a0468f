"""Reads handwritten digits: data.py, model.py and main.py, and the page that does the same in a browser."""

"""A dense network for tables: data.py, model.py and main.py."""

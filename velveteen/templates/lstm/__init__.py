"""A recurrent network for texts: data.py, model.py and main.py."""

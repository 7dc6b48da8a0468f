"""Tells pictures of any kind apart, in classes of the user's own: data.py, model.py and main.py."""

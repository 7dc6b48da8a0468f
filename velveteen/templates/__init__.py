"""What `velveteen new` writes: a folder a network, with data.py, model.py and main.py. They run from here too."""

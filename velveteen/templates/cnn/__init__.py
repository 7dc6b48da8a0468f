"""A convolutional network for pictures: data.py, model.py and main.py."""

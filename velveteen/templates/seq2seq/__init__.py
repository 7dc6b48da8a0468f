"""An encoder and a decoder with attention, from texts to texts: data.py, model.py, main.py, and two tasks."""

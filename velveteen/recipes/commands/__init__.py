"""Voice commands for anyone's words: data.py, model.py and main.py, speech made where there is none, and listening."""

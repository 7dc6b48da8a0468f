"""A U-Net, from pictures to pictures: data.py, model.py and main.py."""

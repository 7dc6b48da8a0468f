"""What names of models and data sets may be: such that they lead nowhere else as a folder's, and Windows keeps them."""

import re

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._-]{0,98}[A-Za-z0-9_-])?")

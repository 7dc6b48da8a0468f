"""`python -m velveteen`, which `torchrun -m velveteen` needs too."""

import contextlib
import os

from velveteen.cli.main import app

if __name__ == "__main__":
    if os.environ.get("RANK", "0") == "0":
        app(prog_name="velveteen")
    else:  # the first of several processes answers for all
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            app(prog_name="velveteen")

"""Makes .venv-peers, where Keras 3 runs on this project's own PyTorch: the tests that compare with it use that.

.venv/bin/python tools/peers.py
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

FOLDER = Path(__file__).parent.parent / ".venv-peers"
PACKAGES = ("keras==3.15.1", "h5py")


def python() -> Path:
    """Returns the Python that has Keras; installs it when that has not happened yet."""
    program = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = FOLDER / "installed"
    if not done.exists() or done.read_text() != " ".join(PACKAGES):
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(FOLDER)], check=True)
        ask = [str(program), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        theirs = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
        # PyTorch is large, and there already.
        (Path(theirs) / "project.pth").write_text(sysconfig.get_path("purelib") + "\n")
        subprocess.run([str(program), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        done.write_text(" ".join(PACKAGES))
    return program


if __name__ == "__main__":
    print(python())

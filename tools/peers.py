"""Makes environments where Keras 3 runs on this project's own PyTorch, and on other backends.

`.venv/bin/python tools/peers.py` makes .venv-peers, which the tests that compare with Keras use;
`.venv/bin/python tools/peers.py bench` makes .venv-bench, which has TensorFlow and JAX too (1.5 GB), for `make bench`.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "peers": ("keras==3.15.1", "h5py"),
    "bench": ("keras==3.15.1", "tensorflow-cpu==2.21.0", "jax[cpu]==0.10.2"),
}


def python(name: str = "peers") -> Path:
    """Returns the Python of the environment `.venv-NAME`; installs its packages when that has not happened yet."""
    folder, packages = ROOT / f".venv-{name}", PACKAGES[name]
    program = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = folder / "installed"
    if not done.exists() or done.read_text() != " ".join(packages):
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
        ask = [str(program), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        theirs = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
        # PyTorch is large, and there already.
        (Path(theirs) / "project.pth").write_text(sysconfig.get_path("purelib") + "\n")
        subprocess.run([str(program), "-m", "pip", "install", "--quiet", *packages], check=True)
        done.write_text(" ".join(packages))
    return program


if __name__ == "__main__":
    print(python(*sys.argv[1:]))

#!/bin/sh
# Makes .venv and puts velveteen there, with everything that the demo and the tests need.
# Does nothing when that is done already, so every make target calls it first.
# pip's own settings (PIP_INDEX_URL, PIP_FIND_LINKS, PIP_CONSTRAINT, …) hold as they are.
set -eu
cd "$(dirname "$0")/.."

# The folder is part of it, since an editable install keeps its absolute path.
wanted=$({ pwd; cat pyproject.toml constraints.txt; } | cksum)
stamp=.venv/velveteen-installed-from

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && fits .venv/bin/python; then
    exit 0
fi

if ! fits .venv/bin/python; then
    python=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if fits "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "velveteen needs Python 3.11 or newer, but ${PYTHON:-python3} is $("${PYTHON:-python3}" --version 2>&1 || true)." >&2
        echo "Get one from https://www.python.org/downloads/ or your system, or name it: make setup PYTHON=/path/to/python3.12" >&2
        exit 1
    fi
    echo "Making .venv with $("$python" --version)."
    rm -rf .venv
    if ! "$python" -m venv .venv >.venv-error 2>&1; then
        # Debian and Ubuntu keep the venv module's other half in a package of its own.
        rm -rf .venv
        package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
        if "$python" -m virtualenv .venv >/dev/null 2>&1; then
            :
        elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null &&
            { apt-get install -y "$package" || { apt-get update && apt-get install -y "$package"; }; } </dev/null; then
            "$python" -m venv .venv
        else
            cat .venv-error >&2
            rm -f .venv-error
            echo "$python cannot make a virtual environment. On Debian and Ubuntu: sudo apt-get install $package" >&2
            exit 1
        fi
    fi
    rm -f .venv-error
fi

echo "Installing velveteen into .venv. The first time this downloads PyTorch and takes some minutes."
.venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[dev]"
echo "$wanted" >"$stamp"

"""How memory is taken from the operating system: kept for the next step, and in large pages.

A training step takes the same large buffers every time and gives them back. By default glibc takes buffers of more than
32 MB from the operating system each time and returns them at once, so that every step pays for touching fresh pages:
a fifth to a third of the time of a large network. What `tune` changes is memory's price: the process keeps what its
largest step needed, to use it again, until it ends.
"""

import ctypes
import os
import platform

# malloc.h of glibc
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_LARGEST_INT = 2**31 - 1


def tune() -> bool:
    """Tells glibc to keep freed memory, and PyTorch to ask for huge pages; called before PyTorch is loaded.

    Nothing happens where the C library is not glibc, where the environment says how glibc shall allocate
    (`GLIBC_TUNABLES`, `MALLOC_…_`), or with `VELVETEEN_ALLOCATOR=system`.

    Returns:
        Whether the settings were made.
    """
    if not _is_wanted():
        return False
    # PyTorch reads it when it first allocates: buffers of 2 MB and more then lie in transparent huge pages.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    library = ctypes.CDLL(None)
    return bool(library.mallopt(_M_MMAP_MAX, 0) and library.mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT))


def _is_wanted() -> bool:
    environment = os.environ
    if environment.get("VELVETEEN_ALLOCATOR") == "system" or platform.libc_ver()[0] != "glibc":
        return False
    return "glibc.malloc" not in environment.get("GLIBC_TUNABLES", "") and not any(
        name.startswith("MALLOC_") and name.endswith("_") for name in environment
    )

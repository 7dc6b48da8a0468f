"""The allocator is told to keep what a step needs, unless the user or the C library says otherwise."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, os
import velveteen
import torch

FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"  # malloc.h of glibc

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in FIELDS.split()]

mallinfo = ctypes.CDLL(None).mallinfo
mallinfo.restype = Mallinfo

mapped = mallinfo().hblkhd
buffer = torch.zeros(16 * 1024 * 1024)  # 64 MB, which glibc itself maps anew from the system each time
mapped = mallinfo().hblkhd - mapped
del buffer
print(mapped, mallinfo().fordblks, os.environ.get("THP_MEM_ALLOC_ENABLE"))
"""

BUFFER = 64 * 1024 * 1024  # bytes

on_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def run(**environment: str) -> tuple[int, int, str]:
    """Bytes mapped for one buffer alone, bytes kept after it was freed, and PyTorch's setting for huge pages."""
    inherited = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**inherited, **environment}, capture_output=True, text=True, check=True
    )
    mapped, kept, huge_pages = answer.stdout.split()
    return int(mapped), int(kept), huge_pages


@on_glibc
def test_a_large_buffer_is_taken_from_what_is_kept():
    mapped, kept, huge_pages = run()
    assert mapped == 0
    assert kept >= BUFFER
    assert huge_pages == "1"


@on_glibc
@pytest.mark.parametrize(
    "environment",
    [
        {"VELVETEEN_ALLOCATOR": "system"},
        {"MALLOC_MMAP_THRESHOLD_": "1000000"},
        {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1000000"},
    ],
)
def test_the_user_s_own_settings_are_left_alone(environment):
    mapped, kept, huge_pages = run(**environment)
    assert mapped >= BUFFER
    assert kept < BUFFER
    assert huge_pages == "None"

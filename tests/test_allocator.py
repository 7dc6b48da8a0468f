"""The allocator is told to keep what a step needs, unless the user or the C library says otherwise."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os, resource, sys
import velveteen
import torch

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(16 * 1024 * 1024)  # 64 MB, which glibc itself takes anew from the system each time
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(), faults()
print(faults(), os.environ.get("THP_MEM_ALLOC_ENABLE"))
"""

on_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def run(**environment: str) -> tuple[int, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**inherited, **environment}, capture_output=True, text=True, check=True
    )
    faults, huge_pages = answer.stdout.split()
    return int(faults), huge_pages


@on_glibc
def test_a_large_buffer_is_taken_from_what_is_kept():
    faults, huge_pages = run()
    assert faults < 100
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
    faults, huge_pages = run(**environment)
    assert faults > 1000
    assert huge_pages == "None"

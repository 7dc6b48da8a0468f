"""Flags and waiting, which programs from a browser have."""

import asyncio

import pytest

import velveteen as vt
from velveteen.errors import ArgumentError, UnknownNameError


@pytest.fixture(autouse=True)
def no_flags():
    yield
    vt.env().reset()


def test_flags():
    env = vt.env()
    assert env is vt.env()
    assert env.get("IS_BROWSER") is False
    assert env.get_number("WEBGL_VERSION") == 0
    env.set("WEBGL_PACK", True)
    assert env.get_bool("WEBGL_PACK")
    assert env.features["WEBGL_PACK"]
    env.set_flags({"WASM_HAS_SIMD_SUPPORT": 1})
    assert env.get_number("WASM_HAS_SIMD_SUPPORT") == 1
    assert "WEBGL_PACK" not in env.get_flags()
    assert env.get_string("PROD") == "False"
    assert asyncio.run(env.get_async("IS_TEST")) is False


def test_flags_of_ones_own():
    seen = []
    vt.env().register_flag("MINE", lambda: 7, seen.append)
    assert vt.env().get("MINE") == 7
    assert seen == [7]


@pytest.mark.parametrize("use", [lambda: vt.env().get("DEBUGG"), lambda: vt.env().set("DEBUGG", True)])
def test_unknown_flags(use):
    with pytest.raises(UnknownNameError, match='Unknown flag "DEBUGG". Did you mean "DEBUG"'):
        use()


def test_the_debug_flag_looks_for_nan():
    vt.env().set("DEBUG", True)
    with pytest.raises(ArgumentError, match=r"log\(\).* gave a NaN"):
        vt.log([-1.0])
    vt.env().reset()
    assert vt.is_nan(vt.log([-1.0])).array_sync() == [1]


def test_waiting():
    order = []

    async def other():
        order.append("other")

    async def main():
        await vt.ready()
        task = asyncio.create_task(other())
        await vt.next_frame()
        order.append("main")
        await task

    asyncio.run(main())
    assert order == ["other", "main"]
    vt.ready()  # nothing warns that it is not awaited

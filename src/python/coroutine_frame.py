"""Frames for coroutines that have none. `coroutine_frame.rs` calls `frame`."""

import types


@types.coroutine
def suspend():
    return (yield)


async def body():
    coroutine = await suspend()
    await suspend()


def frame(name, qualname):
    """Returns the frame of a suspended coroutine with these names. The frame keeps the coroutine, by its local variable."""
    names = {"co_filename": "<Rust>", "co_name": name, "co_firstlineno": 1}
    if hasattr(body.__code__, "co_qualname"):
        names["co_qualname"] = qualname
    function = types.FunctionType(body.__code__.replace(**names), {"__name__": "pyo3_aio"}, name)
    function.__globals__["suspend"] = suspend
    function.__qualname__ = qualname
    coroutine = function()
    coroutine.send(None)
    coroutine.send(coroutine)
    return coroutine.cr_frame

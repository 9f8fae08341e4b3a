"""Imported by the tests beside it."""

import asyncio

import pyo3_aio_example

calls = 0


async def answer():
    global calls
    calls += 1
    return await pyo3_aio_example.rust_answer()


async def prepare():
    await asyncio.sleep(0)

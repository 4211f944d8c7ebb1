"""asyncio in virtual time, alone and beside threads."""

from __future__ import annotations

import asyncio
import time


def lasting(seconds):
    return round(seconds, 3)


async def wait_for():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 4)
    except TimeoutError:
        return


async def timeout():
    try:
        async with asyncio.timeout(6):
            await asyncio.get_running_loop().create_future()
    except TimeoutError:
        return


async def gathered():
    await asyncio.gather(*(asyncio.sleep(seconds) for seconds in (2, 7, 3)))


async def in_a_thread():
    await asyncio.gather(asyncio.to_thread(time.sleep, 8), asyncio.sleep(3))


async def told_from_a_thread():
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell():
        time.sleep(5)
        loop.call_soon_threadsafe(told.set)

    async with asyncio.timeout(9):
        await asyncio.gather(told.wait(), asyncio.to_thread(tell))


async def blocking_in_the_loop():
    ticker = asyncio.create_task(asyncio.sleep(1))
    time.sleep(10)  # noqa: ASYNC251 - what a careless client does
    await ticker


async def many_timers():
    loop = asyncio.get_running_loop()
    begun, ends = loop.time(), []

    async def one(seconds):
        await asyncio.sleep(seconds)
        ends.append((seconds, loop.time() - begun))

    await asyncio.gather(*(one(number / 7) for number in range(1, 71)))
    assert all(0 <= end - seconds < 0.001 for seconds, end in ends), ends


async def spinning():
    end = time.monotonic() + 2
    while time.monotonic() < end:  # noqa: ASYNC110 - what a careless client does
        await asyncio.sleep(0)


WAITS = {
    "sleep": (lambda: asyncio.sleep(5), 5),
    "wait_for": (wait_for, 4),
    "timeout": (timeout, 6),
    "gathered": (gathered, 7),
    "in a thread": (in_a_thread, 8),
    "told from a thread": (told_from_a_thread, 5),
    "blocking in the loop": (blocking_in_the_loop, 11),
    "many timers": (many_timers, 10),
}


def all_waits(clock):
    lasted = {}
    for name, (wait, _) in WAITS.items():
        began = time.monotonic()
        asyncio.run(wait())
        lasted[name] = lasting(time.monotonic() - began)
    return lasted


def test_every_wait_lasts_as_long_as_it_says(virtually):
    life = virtually(all_waits)
    assert life.result == {name: seconds for name, (_, seconds) in WAITS.items()}
    assert life.flowed == 0


def spin(clock):
    asyncio.run(spinning())


def test_a_loop_that_spins_gets_there(virtually):
    assert 2 <= virtually(spin).seconds < 2.1


def child_process(clock):
    async def main():
        process = await asyncio.create_subprocess_exec("sleep", "0.2")
        return await process.wait()

    return asyncio.run(main())


def test_a_child_process_is_waited_for_in_real_time(virtually):
    life = virtually(child_process)
    assert life.result == 0
    assert life.really >= 0.2

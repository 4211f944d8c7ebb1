"""Every way in which Python waits, each for some twenty seconds by its own clock; a line of JSON for each.

`python waits.py PORT`, of a server that never answers.
"""

import asyncio
import concurrent.futures
import datetime
import json
import multiprocessing
import queue
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

SECONDS = 20.0
PORT = int(sys.argv[1])


def locked():
    lock = threading.Lock()
    lock.acquire()
    return lock


def condition():
    with (it := threading.Condition()):
        it.wait(SECONDS)


def join():
    threading.Thread(target=time.sleep, args=(SECONDS,)).start()
    thread = threading.Thread(target=threading.Event().wait, daemon=True)
    thread.start()
    thread.join(SECONDS)


def timer():
    fired = threading.Event()
    threading.Timer(SECONDS, fired.set).start()
    fired.wait()


def barrier():
    try:
        threading.Barrier(2).wait(SECONDS)
    except threading.BrokenBarrierError:
        return


def empty_queue(kind=queue.Queue):
    try:
        kind().get(timeout=SECONDS)
    except queue.Empty:
        return


def polled():
    near, far = socket.socketpair()
    with near, far:
        poll = select.poll()
        poll.register(near, select.POLLIN)
        poll.poll(SECONDS * 1000)


def epolled():
    near, far = socket.socketpair()
    with near, far, select.epoll() as poll:
        poll.register(near, select.EPOLLIN)
        poll.poll(SECONDS)


def selected(kind):
    near, far = socket.socketpair()
    with near, far, kind() as selector:
        selector.register(near, selectors.EVENT_READ)
        selector.select(SECONDS)


async def waiting_for():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), SECONDS)
    except TimeoutError:
        return


async def called_later():
    called = asyncio.Event()
    asyncio.get_running_loop().call_later(SECONDS, called.set)
    await called.wait()


def silent_server():
    with socket.create_connection(("127.0.0.1", PORT)) as connection:
        connection.settimeout(SECONDS)
        try:
            connection.recv(1)
        except TimeoutError:
            return


def kernel_timeout():
    near, far = socket.socketpair()
    with near, far:
        import struct

        near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(SECONDS), 0))
        try:
            near.recv(1)
        except BlockingIOError:
            return


def never_ending_process():
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def future():
    try:
        concurrent.futures.Future().result(SECONDS)
    except concurrent.futures.TimeoutError:
        return


def child(pipe):
    pipe.send((time.monotonic(), time.time()))


def shared_clocks(method):
    """Readings of a child are between two of its parent. Takes no time that is worth asking for."""
    near, far = multiprocessing.Pipe()
    before = time.monotonic(), time.time()
    process = multiprocessing.get_context(method).Process(target=child, args=(far,))
    process.start()
    inside = near.recv()
    process.join()
    after = time.monotonic(), time.time()
    return all(early <= read <= late for early, read, late in zip(before, inside, after, strict=True))


def alarm():
    signal.alarm(int(SECONDS))
    signal.sigwait([signal.SIGALRM])


def interval_timer():
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    signal.sigwait([signal.SIGALRM])


SIDE_BY_SIDE = {
    "time.sleep": lambda: time.sleep(SECONDS),
    "Event.wait": lambda: threading.Event().wait(SECONDS),
    "Condition.wait": condition,
    "Lock.acquire": lambda: locked().acquire(timeout=SECONDS),
    "Semaphore.acquire": lambda: threading.Semaphore(0).acquire(timeout=SECONDS),
    "Thread.join": join,
    "Timer": timer,
    "Barrier.wait": barrier,
    "Queue.get": empty_queue,
    "SimpleQueue.get": lambda: empty_queue(queue.SimpleQueue),
    "multiprocessing.Queue.get": lambda: empty_queue(multiprocessing.Queue),
    "multiprocessing.Event.wait": lambda: multiprocessing.Event().wait(SECONDS),
    "select.select": lambda: select.select([], [], [], SECONDS),
    "select.poll": polled,
    "select.epoll": epolled,
    "SelectSelector": lambda: selected(selectors.SelectSelector),
    "PollSelector": lambda: selected(selectors.PollSelector),
    "EpollSelector": lambda: selected(selectors.EpollSelector),
    "asyncio.sleep": lambda: asyncio.run(asyncio.sleep(SECONDS)),
    "asyncio.wait_for": lambda: asyncio.run(waiting_for()),
    "loop.call_later": lambda: asyncio.run(called_later()),
    "socket.settimeout": silent_server,
    "SO_RCVTIMEO": kernel_timeout,
    "Popen.wait": never_ending_process,
    "Future.result": future,
}
BY_SIGNALS = {
    "signal.alarm": alarm,
    "signal.setitimer": interval_timer,
    "signal.sigtimedwait": lambda: signal.sigtimedwait([signal.SIGUSR1], SECONDS),
}


def tell(**what):
    print(json.dumps(what) + "\n", end="", flush=True)


def measure(name, wait):
    today, began = datetime.datetime.now(datetime.UTC), time.monotonic()
    wait()
    took = time.monotonic() - began
    dated = (datetime.datetime.now(datetime.UTC) - today).total_seconds()
    tell(name=name, asked=SECONDS, took=took, dated=dated)


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGUSR1])
    tell(began=True)
    threads = [threading.Thread(target=measure, args=item) for item in SIDE_BY_SIDE.items()]
    for thread in threads:
        thread.start()
    for item in BY_SIGNALS.items():
        measure(*item)
    for thread in threads:
        thread.join()
    tell(shared=[shared_clocks(method) for method in ("fork", "spawn")])


if __name__ == "__main__":
    main()

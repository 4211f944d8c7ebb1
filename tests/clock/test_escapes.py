"""What the clock cannot see, and what it is told. The waits here are real ones on purpose, and short."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time


def pipe(clock):
    from conformance.clock import real

    reader, writer = os.pipe()

    def write_later():
        with clock.exempt():
            real.sleep(0.4)
        os.write(writer, b"!")

    thread = threading.Thread(target=write_later)
    thread.start()
    os.read(reader, 1)
    thread.join()
    os.close(reader)
    os.close(writer)


def test_time_flows_while_a_wait_escapes(virtually):
    life = virtually(pipe)
    assert 0.2 < life.seconds < 10
    assert abs(life.flowed - life.seconds) < 0.01


def patient_child(clock):
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)"], check=True, timeout=60)
    lasted = time.monotonic() - began
    time.sleep(50)
    return lasted


def test_a_child_process_lives_in_real_time_and_so_do_we_meanwhile(virtually):
    life = virtually(patient_child)
    assert life.result >= 0.3
    assert life.really < 30


def impatient_parent(clock):
    try:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], check=True, timeout=0.4)
    except subprocess.TimeoutExpired:
        return "timed out"


def test_a_child_process_is_not_given_up_before_its_time(virtually):
    life = virtually(impatient_parent)
    assert life.result == "timed out"
    assert 0.4 <= life.seconds < 30
    assert life.really >= 0.3


def held(clock):
    from conformance.clock import real

    asleep = threading.Thread(target=time.sleep, args=(5,))
    seen = []
    with clock.hold():
        asleep.start()
        with clock.exempt():
            while not any(state.blocked for state in clock.threads()):
                real.sleep(0.001)
            real.sleep(0.2)
            seen.append(asleep.is_alive())
            seen.append(clock.jumps)
    asleep.join()
    return seen


def test_held_time_stands_still(virtually):
    life = virtually(held)
    assert life.result == [True, 0]
    assert round(life.seconds, 3) == 5


def real_life(clock):
    with clock.exempt():
        began, beginning = time.monotonic(), time.time()
        time.sleep(0.05)
        lasted, went_by = time.monotonic() - began, time.time() - beginning
        threading.Event().wait(0.05)
        lock = threading.Lock()
        lock.acquire()
        got = lock.acquire(timeout=0.05)
    return 0.05 <= lasted < 30, 0.04 <= went_by < 30, got, clock.jumps


def test_an_exempt_thread_lives_in_real_time(virtually):
    life = virtually(real_life)
    assert life.result == [True, True, False, 0]
    assert life.seconds < 0.01


def left_behind(clock):
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait, args=(500,), name="left behind", daemon=True)
    thread.start()
    time.sleep(1)
    states = {
        state.name: (state.blocked, state.deadline and round(state.deadline)) for state in clock.threads()
    }
    gate.set()
    thread.join()
    return states, [state.name for state in clock.threads()]


def test_threads_that_still_do_something_are_known(virtually):
    states, afterwards = virtually(left_behind).result
    assert states == {"MainThread": [False, None], "left behind": [True, 1500]}
    assert afterwards == ["MainThread"]


def interrupted(clock):
    from conformance.clock import real

    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background

    def interrupt():
        with clock.exempt():
            while not any(state.blocked for state in clock.threads()):
                real.sleep(0.001)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    left, right = socket.socketpair()
    ends = []
    for wait in (
        lambda: time.sleep(1e9),
        lambda: threading.Event().wait(),
        lambda: left.recv(1),
        lambda: select.select([left], [], [], 1e9),
    ):
        with clock.hold():  # or time would be over before the signal comes
            thread = threading.Thread(target=interrupt)
            thread.start()
            try:
                wait()
            except KeyboardInterrupt:
                ends.append("interrupted")
            thread.join()
        time.sleep(3)
    left.close()
    right.close()
    return ends, [state.blocked for state in clock.threads()]


def test_an_interrupt_ends_any_wait_and_the_clock_goes_on(virtually):
    life = virtually(interrupted)
    assert life.result == [["interrupted"] * 4, [False]]
    assert round(life.seconds, 2) == 12


def in_a_fork(clock):
    time.sleep(10)
    child = os.fork()
    if child == 0:
        began = time.monotonic()
        time.sleep(0.05)
        os._exit(0 if 0.05 <= time.monotonic() - began < 30 else 1)
    return os.waitpid(child, 0)[1]


def test_a_forked_child_lives_in_real_time(virtually):
    assert virtually(in_a_fork).result == 0


def twice(clock):
    from conformance.clock.virtual import install

    try:
        install()
    except RuntimeError as error:
        return str(error)


def test_a_process_has_one_clock(virtually):
    expected = "The virtual clock is installed already; a process has one. Pass that one on."
    assert virtually(twice).result == expected


def thread_at_the_end(clock):
    threading.Thread(target=time.sleep, args=(1e6,)).start()


def test_threads_left_at_the_interpreters_end_cost_nothing(virtually):
    assert virtually(thread_at_the_end).flowed == 0


def foreign_imports(clock):
    return sorted(
        {name.partition(".")[0] for name in sys.modules}
        & {"pytest", "_pytest", "asyncio", "http", "pydantic"}
    )


def test_the_clock_brings_no_library_that_the_client_did_not_ask_for(virtually):
    assert virtually(foreign_imports).result == []


def through_a_pipe_of_processes(clock):
    import multiprocessing

    left, right = multiprocessing.Pipe()
    threading.Timer(0.2, lambda: right.send("hello")).start()
    got = left.recv()
    left.close()
    right.close()
    return got


def test_descriptors_given_away_block_as_they_should(virtually):
    assert virtually(through_a_pipe_of_processes).result == "hello"


def yielding(clock):
    thread = threading.Thread(target=time.sleep, args=(30,))
    thread.start()
    while thread.is_alive():
        time.sleep(0)


def test_a_loop_that_only_yields_waits_for_nothing_in_vain(virtually):
    life = virtually(yielding)
    assert 30 <= life.seconds < 30.1
    assert life.flowed == 0


def looping(clock):
    thread = threading.Thread(target=time.sleep, args=(0.2,))
    thread.start()
    while thread.is_alive():
        pass


def test_a_loop_that_does_nothing_at_all_gets_real_time(virtually):
    life = virtually(looping)
    assert life.seconds >= 0.2
    assert life.flowed > 0.1


def long_pipe(clock):
    from conformance.clock import real

    reader, writer = os.pipe()
    shortfalls = []

    def write_later():
        with clock.exempt():
            ready.release()
            real.sleep(0.3)
            written.append(real.monotonic())
            os.write(writer, b"!")

    for _ in range(4):
        written, ready = [], real.allocate_lock()
        ready.acquire()
        thread = threading.Thread(target=write_later)
        thread.start()
        ready.acquire()
        beginning, began = time.monotonic(), real.monotonic()
        os.read(reader, 1)
        lasted = time.monotonic() - beginning
        thread.join()
        shortfalls.append(written[0] - began - lasted)
    os.close(reader)
    os.close(writer)
    return max(shortfalls)


def test_an_escaped_wait_is_never_credited_too_little(virtually):
    assert virtually(long_pipe).result < 0.002

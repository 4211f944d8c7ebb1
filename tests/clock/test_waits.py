"""Waits of one thread and of several: each costs what it says, together they cost the longest."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import itertools
import queue
import sched
import threading
import time
from time import monotonic as bound_monotonic
from time import sleep as bound_sleep


def locked():
    lock = threading.Lock()
    lock.acquire()
    return lock


def owned_by_another():
    lock, taken, done = threading.RLock(), threading.Event(), threading.Event()

    def own():
        with lock:
            taken.set()
            done.wait()

    threading.Thread(target=own, daemon=True).start()
    taken.wait()
    return lock


def condition():
    condition = threading.Condition()
    with condition:
        return condition.wait(8)


def full_queue():
    full = queue.Queue(1)
    full.put(1)
    full.put(2, timeout=4)


def barrier():
    threading.Barrier(2).wait(6)


def join():
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    thread.join(11)
    assert thread.is_alive()
    gate.set()
    thread.join()
    assert not thread.is_alive()


def timer():
    rang = threading.Event()
    threading.Timer(13, rang.set).start()
    assert rang.wait(60)


def scheduler():
    plan = sched.scheduler()
    plan.enter(17, 1, lambda: None)
    plan.run()


def future():
    concurrent.futures.Future().result(timeout=3)


def some_futures():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(time.sleep, seconds) for seconds in (2, 5, 60)]
        done, _ = concurrent.futures.wait(jobs, timeout=10)
        assert len(done) == 2


WAITS = {
    "sleep": (lambda: time.sleep(5), 5),
    "sleep bound before the clock came": (lambda: bound_sleep(5), 5),
    "a fraction": (lambda: time.sleep(0.1), 0.1),
    "a day": (lambda: time.sleep(86_400), 86_400),
    "lock": (lambda: locked().acquire(timeout=4), 4),
    "reentrant lock": (lambda: owned_by_another().acquire(timeout=4), 4),
    "event": (lambda: threading.Event().wait(7), 7),
    "condition": (condition, 8),
    "semaphore": (lambda: threading.Semaphore(0).acquire(timeout=9), 9),
    "barrier": (barrier, 6),
    "queue, empty": (lambda: queue.Queue().get(timeout=3), 3),
    "queue, full": (full_queue, 4),
    "simple queue": (lambda: queue.SimpleQueue().get(timeout=3), 3),
    "join": (join, 11),
    "timer": (timer, 13),
    "scheduler": (scheduler, 17),
    "future": (future, 3),
    "futures, and the pool's end": (some_futures, 60),
}
EXPECTED_ENDS = (
    TimeoutError,
    concurrent.futures.TimeoutError,
    queue.Empty,
    queue.Full,
    threading.BrokenBarrierError,
)


def all_waits(clock):
    lasted = {}
    for name, (wait, _) in WAITS.items():
        began = time.monotonic()
        with contextlib.suppress(*EXPECTED_ENDS):
            wait()
        lasted[name] = round(time.monotonic() - began, 3)
    return lasted


def test_every_wait_lasts_as_long_as_it_says(virtually):
    life = virtually(all_waits)
    assert life.result == {name: seconds for name, (_, seconds) in WAITS.items()}
    assert life.flowed == 0


def never_early(clock):
    return sum(
        seconds > after - before
        for seconds in (0.001, 0.1, 1 / 3, 5, 1e5)
        for before, _, after in [
            (time.monotonic(), time.sleep(seconds), time.monotonic()) for _ in range(200)
        ]
    )


def test_no_wait_is_ever_too_short(virtually):
    assert virtually(never_early).result == 0


def side_by_side(clock):
    threads = [threading.Thread(target=time.sleep, args=(seconds,)) for seconds in (5, 20, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_waits_side_by_side_cost_the_longest(virtually):
    assert round(virtually(side_by_side).seconds, 3) == 20


def told_in_time(clock):
    event = threading.Event()
    threading.Timer(3, event.set).start()
    return event.wait(5)


def test_who_is_told_in_time_does_not_time_out(virtually):
    life = virtually(told_in_time)
    assert (life.result, round(life.seconds, 3)) == (True, 3)


def handed_to_and_fro(clock):
    there, back = queue.Queue(), queue.SimpleQueue()

    def echo():
        while (item := there.get()) is not None:
            back.put(item)

    thread = threading.Thread(target=echo)
    thread.start()
    answers = []
    for number in range(300):
        there.put(number)
        answers.append(back.get(timeout=1))
    there.put(None)
    thread.join()
    return answers == list(range(300))


def test_hand_offs_between_threads_leave_no_gap_for_a_time_out(virtually):
    life = virtually(handed_to_and_fro)
    assert life.result
    assert (life.jumps, life.flowed) == (0, 0)


def contended(clock):
    lock, counts = threading.Lock(), [0] * 8

    def work(index):
        for _ in range(500):
            if lock.acquire(timeout=1):
                counts[index] += 1
                lock.release()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


def test_a_contended_lock_is_always_got_in_time(virtually):
    life = virtually(contended)
    assert life.result == [500] * 8
    assert life.jumps == 0


def background(clock):
    stop, beats = threading.Event(), []

    def beat():
        while not stop.wait(1):
            beats.append(round(time.monotonic() - began, 3))

    began = time.monotonic()
    thread = threading.Thread(target=beat)
    thread.start()
    time.sleep(5.5)
    stop.set()
    thread.join()
    return beats


def test_a_periodic_thread_beats_while_the_others_wait(virtually):
    life = virtually(background)
    assert life.result == [1, 2, 3, 4, 5]
    assert round(life.seconds, 3) == 5.5


def watching(clock):
    end = bound_monotonic() + 10
    while bound_monotonic() < end:
        pass


def watching_the_wall(clock):
    end = datetime.datetime.now() + datetime.timedelta(seconds=10)
    while datetime.datetime.now() < end:
        pass


def test_a_loop_that_watches_the_clock_gets_there(virtually):
    for body in (watching, watching_the_wall):
        life = virtually(body)
        assert 10 <= life.seconds < 10.1
        assert life.flowed == 0


def strictly_later(clock):
    readings = [time.monotonic() for _ in range(1000)]
    return all(later > earlier for earlier, later in itertools.pairwise(readings)), readings[-1] - readings[0]


def test_time_stands_still_but_for_an_instant_each_reading(virtually):
    later, lasted = virtually(strictly_later).result
    assert later
    assert lasted < 0.001


def wall_clocks(clock):
    def show():
        return [
            int(time.time()),
            time.time_ns() // 10**9,
            int(datetime.datetime.now().timestamp()),
            int(datetime.datetime.now(datetime.UTC).timestamp()),
            time.strftime("%F %T", time.gmtime()),
            str(datetime.date.today()),
            int(time.clock_gettime(time.CLOCK_REALTIME)),
        ]

    before = show()
    time.sleep(86_400)
    return [before, show()]


def test_the_wall_clocks_follow(virtually):
    before, after = virtually(wall_clocks).result
    assert before == [*[1_800_000_000] * 4, "2027-01-15 08:00:00", "2027-01-15", 1_800_000_000]
    assert after == [*[1_800_086_400] * 4, "2027-01-16 08:00:00", "2027-01-16", 1_800_086_400]


def monotonic_clocks(clock):
    def show():
        return [
            time.monotonic(),
            time.monotonic_ns() / 1e9,
            time.perf_counter(),
            time.perf_counter_ns() / 1e9,
            time.clock_gettime(time.CLOCK_MONOTONIC),
            time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) / 1e9,
            clock.now(),
        ]

    before = show()
    time.sleep(10)
    return [round(later - earlier, 3) for earlier, later in zip(before, show(), strict=True)]


def test_all_monotonic_clocks_agree(virtually):
    assert virtually(monotonic_clocks).result == [10] * 7


def wrong_calls(clock):
    errors = []
    for call in (
        lambda: time.sleep(-1),
        lambda: time.sleep("1"),
        lambda: threading.Lock().acquire(False, 1),
        lambda: threading.Lock().acquire(timeout=-2),
        lambda: locked().acquire(timeout=float("inf")),
        lambda: threading.Lock().release(),
        lambda: threading.current_thread().join(),
        lambda: threading.Thread().join(),
    ):
        try:
            call()
        except Exception as error:  # noqa: BLE001 - which one it is, is the question
            errors.append(type(error).__name__)
    return errors


def test_mistakes_are_answered_as_the_interpreter_does(virtually):
    assert virtually(wrong_calls).result == [
        "ValueError",
        "TypeError",
        "ValueError",
        "ValueError",
        "OverflowError",
        "RuntimeError",
        "RuntimeError",
        "RuntimeError",
    ]


def reentrant(clock):
    lock = threading.RLock()
    with lock, lock:
        pass
    return type(lock).__module__


def test_reentrant_locks_pass_for_the_interpreters_own(virtually):
    """Trio insists."""
    assert virtually(reentrant).result == "_thread"

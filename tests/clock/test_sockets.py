"""Sockets with time-outs: what is under way always arrives first, what never comes ends on the second."""

from __future__ import annotations

import errno
import select
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from servers import ANSWER, http, raw


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def seconds_of(call, *expected):
    began = time.monotonic()
    try:
        result = call()
    except expected as error:
        result = type(error).__name__
    return [result, round(time.monotonic() - began, 3)]


def waits_in_vain(clock):
    with socket.create_server(("127.0.0.1", 0), backlog=5) as listener:
        address = listener.getsockname()
        with (
            socket.create_connection(address, timeout=30) as client,
            socket.socket(type=socket.SOCK_DGRAM) as datagrams,
            socket.create_connection(address) as flooded,
        ):
            datagrams.bind(("127.0.0.1", 0))
            datagrams.settimeout(2)
            listener.settimeout(3)
            both = [listener.accept()[0], listener.accept()[0]]
            poll, epoll, selector = select.poll(), select.epoll(), selectors.DefaultSelector()
            poll.register(client, select.POLLIN)
            epoll.register(client, select.EPOLLIN)
            selector.register(client, selectors.EVENT_READ)
            flooded.settimeout(7)
            lasted = [
                seconds_of(lambda: client.recv(1), TimeoutError),
                seconds_of(lambda: client.recv_into(bytearray(1)), TimeoutError),
                seconds_of(lambda: client.makefile("rb").readline(), TimeoutError),
                seconds_of(lambda: datagrams.recvfrom(1), TimeoutError),
                seconds_of(listener.accept, TimeoutError),
                seconds_of(lambda: flooded.sendall(bytes(50_000_000)), TimeoutError),
                seconds_of(lambda: select.select([client], [], [], 4)),
                seconds_of(lambda: select.select([], [], [], 6)),
                seconds_of(lambda: poll.poll(1500)),
                seconds_of(lambda: epoll.poll(2.5)),
                seconds_of(lambda: selector.select(3.5)),
            ]
            selector.close()
            epoll.close()
            for each in both:
                each.close()
    return lasted


def test_what_never_comes_ends_with_the_time_out(virtually):
    life = virtually(waits_in_vain)
    assert life.result == [
        ["TimeoutError", 30],
        ["TimeoutError", 30],
        ["TimeoutError", 30],
        ["TimeoutError", 2],
        ["TimeoutError", 3],
        ["TimeoutError", 7],
        [[[], [], []], 4],
        [[[], [], []], 6],
        [[], 1.5],
        [[], 2.5],
        [[], 3.5],
    ]
    assert life.flowed == 0


def nobody_there(clock):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with socket.socket() as client:
        client.settimeout(5)
        code = client.connect_ex(address)
    return code, seconds_of(lambda: socket.create_connection(address, timeout=5), ConnectionRefusedError)


def test_a_refused_connection_is_refused_at_once(virtually):
    assert virtually(nobody_there).result == [errno.ECONNREFUSED, ["ConnectionRefusedError", 0]]


def no_room(clock):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        first = [socket.socket() for _ in range(3)]
        for each in first:
            each.setblocking(False)
            each.connect_ex(address)
        lasted = seconds_of(lambda: socket.create_connection(address, timeout=9), TimeoutError)
        for each in first:
            each.close()
    return lasted


def test_a_connection_that_is_never_made_ends_with_the_time_out(virtually):
    assert virtually(no_room).result == ["TimeoutError", 9]


def answered_late(clock, times):
    outcomes = {}

    def talk(connection):
        connection.recv(100)
        time.sleep(3)
        connection.sendall(b"late")

    with raw(talk, times=times) as address:
        for _ in range(times):
            with socket.create_connection(address, timeout=5) as client:
                client.sendall(b"?")
                try:
                    outcome = client.recv(100).decode()
                except TimeoutError:
                    outcome = "timed out"
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def test_an_answer_within_the_time_out_is_always_got(virtually):
    life = virtually(answered_late, 1000)
    assert life.result == {"late": 1000}
    assert round(life.seconds) == 3000
    assert life.flowed == 0


def test_also_on_a_busy_machine(virtually):
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        life = virtually(answered_late, 1000)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    assert life.result == {"late": 1000}
    assert round(life.seconds) == 3000
    assert life.flowed == 0


def cut_off(clock, times):
    outcomes = {}

    def talk(connection):
        connection.recv(100)
        time.sleep(3)
        reset(connection)

    with raw(talk, times=times) as address:
        for _ in range(times):
            with socket.create_connection(address, timeout=30) as client:
                client.sendall(b"?")
                outcome = str(seconds_of(lambda: client.recv(100), ConnectionResetError))
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def test_a_reset_is_seen_when_it_comes(virtually):
    assert virtually(cut_off, 200).result == {"['ConnectionResetError', 3.0]": 200}


def small_pieces(clock):
    """Nagle's algorithm holds the second piece back until the first is acknowledged, up to 40 real ms later."""

    def talk(connection):
        for _ in range(50):
            got = b""
            while len(got) < 20:
                got += connection.recv(100)
            connection.send(b"one")
            connection.send(b"two")

    timeouts = 0
    with raw(talk) as address, socket.create_connection(address, timeout=0.01) as client:
        for _ in range(50):
            client.send(b"0123456789")
            client.send(b"0123456789")
            got = b""
            while len(got) < 6:
                try:
                    got += client.recv(100)
                except TimeoutError:
                    timeouts += 1
    return timeouts


def test_what_the_kernel_holds_back_is_under_way(virtually):
    life = virtually(small_pieces)
    assert life.result == 0
    assert life.jumps == 0


def much(clock):
    size = 20_000_000

    def talk(connection):
        got = 0
        while got < size:
            got += len(connection.recv(100_000))
        connection.sendall(bytes(size))

    with raw(talk) as address, socket.create_connection(address, timeout=0.001) as client:
        client.sendall(bytes(size))
        got = 0
        while got < size:
            got += len(client.recv(100_000))
    return got


def test_time_stands_still_while_much_is_moved(virtually):
    life = virtually(much)
    assert life.result == 20_000_000
    assert life.jumps == 0


def unread(clock):
    """Bytes that nobody reads, and a sender that waits for room, must not hold up the others."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        sender = threading.Thread(
            target=lambda: seconds_of(lambda: client.sendall(bytes(50_000_000)), OSError)
        )
        sender.start()
        time.sleep(60)
        server.close()
        sender.join()
        client.close()


def test_bytes_that_nobody_reads_hold_nobody_up(virtually):
    life = virtually(unread)
    assert round(life.seconds, 3) == 60
    assert life.flowed == 0


def closed_elsewhere(clock):
    """The waiter's descriptor goes away, and another socket gets its number."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=30)
        server, _ = listener.accept()
        waiter = threading.Thread(target=lambda: seconds_of(lambda: client.recv(1), OSError))
        waiter.start()
        time.sleep(1)
        client.close()
        other, ready = socket.socketpair()
        ready.send(b"nobody reads this")
        waiter.join()
        for each in (server, other, ready):
            each.close()


def test_a_socket_closed_by_another_thread_does_not_stop_time(virtually):
    assert round(virtually(closed_elsewhere).seconds, 3) in (1, 30)


def through_urllib(clock):
    with http((3, 200), "hang", "reset", "close") as (url, _):

        def ask():
            with urllib.request.urlopen(url, timeout=10) as response:
                return response.status

        return [seconds_of(ask, OSError) for _ in range(4)]


def test_urllib_times_out_when_it_means_to(virtually):
    assert virtually(through_urllib).result == [
        [200, 3],
        ["TimeoutError", 10],
        ["ConnectionResetError", 0],
        ["RemoteDisconnected", 0],
    ]


def nominal_timeouts(clock):
    with socket.socket() as sock:
        seen = [sock.gettimeout(), sock.getblocking(), sock.timeout]
        sock.settimeout(5)
        seen += [sock.gettimeout(), sock.getblocking()]
        sock.setblocking(False)
        seen += [sock.gettimeout(), sock.getblocking()]
        sock.setblocking(True)
        seen += [sock.gettimeout()]
        copy = sock.dup()
        copy.close()
    socket.setdefaulttimeout(4)
    with socket.socket() as sock:
        seen += [sock.gettimeout()]
    return seen


def test_sockets_tell_the_time_out_that_they_were_given(virtually):
    assert virtually(nominal_timeouts).result == [None, True, None, 5, True, 0, False, None, 4]


def not_willing_to_wait(clock):
    with raw(lambda connection: connection.recv(1)) as address, socket.create_connection(address) as client:
        client.setblocking(False)
        refused = seconds_of(lambda: client.recv(1), BlockingIOError)
        client.send(b"!")
    return refused


def test_a_non_blocking_socket_does_not_wait(virtually):
    assert virtually(not_willing_to_wait).result == ["BlockingIOError", 0]


def unix_sockets(clock):
    left, right = socket.socketpair()
    left.settimeout(4)
    lasted = seconds_of(lambda: left.recv(1), TimeoutError)
    threading.Timer(3, lambda: right.sendall(b"!")).start()
    lasted += seconds_of(lambda: left.recv(1).decode(), TimeoutError)
    left.close()
    right.close()
    return lasted


def test_unix_sockets_are_sockets(virtually):
    assert virtually(unix_sockets).result == ["TimeoutError", 4, "!", 3]


def by_name(clock):
    def talk(connection):
        connection.recv(1000)
        time.sleep(2)
        connection.sendall(ANSWER % 200)

    with raw(talk) as (_, port):
        return seconds_of(lambda: urllib.request.urlopen(f"http://localhost:{port}", timeout=5).close())


def test_a_host_name_is_looked_up_without_the_clock_moving(virtually):
    assert virtually(by_name).result == [None, 2]

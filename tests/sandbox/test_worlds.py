"""Worlds come and go on one sandbox, and know nothing of each other."""

from __future__ import annotations

import errno
import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from sandbox_wire import KEY, Line, Stage, order, order_body, request

from conformance.contract import Contract
from conformance.evidence import PlannedOrder
from conformance.faults import Hang, InProgress, Redirect, Reset, Slow
from conformance.sandbox import Sandbox, World
from conformance.sandbox.server import listen_for_tls

Begin = Callable[..., Stage]


def test_the_base_url_has_the_contracts_path(house: Sandbox) -> None:
    assert house.base_url == f"http://127.0.0.1:{house.port}/v2"


def test_a_new_world_shows_everybody_out_and_remembers_nothing(begin: Begin) -> None:
    first = begin()
    line = first.line()
    line.ask(order())
    second = begin()
    assert line.rest() == b""
    assert second.ask(order()).status == 200
    assert (len(first.world.ledger()), len(second.world.ledger())) == (1, 1)
    assert [exchange.connection for exchange in second.exchanges] == [1]
    assert not second.exchanges[0].replayed


def test_whoever_closes_an_idle_line_as_we_do_has_noticed(begin: Begin) -> None:
    stage = begin(Slow(seconds=3600))
    idle, busy = stage.line(), stage.line()
    idle.ask(request("GET", "/v2/ping"))
    busy.send(order())
    stage.eventually(lambda: len(stage.exchanges) == 2)
    assert not stage.sandbox.show_out(0.01)
    assert idle.rest() == b""
    idle.close()
    assert stage.sandbox.show_out(20)
    assert stage.exchanges[1].delivered == "none"


def test_the_end_closes_what_is_open_and_completes_the_record(begin: Begin) -> None:
    stage = begin(Hang(), Slow(seconds=3600), InProgress(form="102-bare"))
    lines = [stage.line() for _ in range(4)]
    for number, line in enumerate(lines[:3]):
        line.send(order())
        stage.eventually(lambda count=number: len(stage.exchanges) > count)
    lines[3].send(b"GET /v2/pi")
    stage.ask(request("GET", "/v2/ping"))
    stage.sandbox.end()
    assert all(line.rest() in (b"", b"HTTP/1.1 102 Processing\r\n\r\n") for line in lines)
    hung, slow, told, _, partial = stage.exchanges
    assert [hung.answer, slow.answer, told.answer] == ["none", "none", "in-progress"]
    assert (partial.complete, partial.target) == (False, "/v2/pi")
    assert all(exchange.client_gone_at is None for exchange in stage.exchanges)


def test_the_end_comes_though_a_client_takes_no_answer(begin: Begin) -> None:
    stage = begin(max_requests=None)
    stage.ask(order(order_body(padding="x" * 100)))
    line = stage.line()
    line.socket.setblocking(False)
    listing = request("GET", "/v2/order")
    with suppress(BlockingIOError):
        while True:
            line.socket.send(listing * 100)
    stage.sandbox.end()


def test_the_clock_of_a_world_stops_with_it(begin: Begin) -> None:
    stage = begin()
    stage.ask(order(mode="async"))
    stage.sandbox.end()
    assert stage.world.ledger()[0].status == "PROCESSING"
    assert stage.world.elapsed() == stage.world.elapsed()


def test_many_clients_at_once_book_one_order_a_key(begin: Begin) -> None:
    stage = begin(max_requests=None)
    answers: queue.Queue[str] = queue.Queue()

    def client(number: int) -> None:
        line = Line(stage.sandbox.port)
        for attempt in range(20):
            answers.put(line.ask(order(idempotency_key=f"k-{attempt}")).json["id"])
        line.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {answers.get_nowait() for _ in range(160)}
    assert ids == {entry.order_id for entry in stage.world.ledger()}
    assert len(ids) == 20
    assert [exchange.number for exchange in stage.exchanges] == list(range(1, 161))


def test_resets_leave_no_connection_behind(begin: Begin) -> None:
    stage = begin(*[Reset()] * 50)
    for _ in range(50):
        with pytest.raises(ConnectionResetError):
            stage.line().send(order()).rest()
    assert stage.ask(order()).status == 200


def test_a_listening_socket_may_be_brought_along(contract: Contract) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    sandbox = Sandbox(contract, listener=listening)
    assert sandbox.port == listening.getsockname()[1]
    sandbox.start()
    sandbox.begin(World(contract, KEY))
    line = Line(sandbox.port)
    assert line.ask(request("GET", "/v2/ping")).status == 200
    sandbox.stop()
    assert line.rest() == b""
    line.close()
    with pytest.raises(ConnectionRefusedError):
        Line(sandbox.port)


def test_a_chosen_port_is_kept_over_stop_and_start(contract: Contract) -> None:
    first = Sandbox(contract)
    first.start()
    port = first.port
    first.begin(World(contract, KEY))
    line = Line(port)
    line.ask(request("GET", "/v2/ping"))
    first.stop()
    first.stop()
    line.close()
    second = Sandbox(contract, port=port)
    second.start()
    assert second.port == port
    second.stop()


def test_a_taken_port_is_told_at_the_start(house: Sandbox, contract: Contract) -> None:
    with pytest.raises(OSError, match="in use"):
        Sandbox(contract, port=house.port).start()


def test_before_the_start_there_is_nothing_to_end(contract: Contract) -> None:
    sandbox = Sandbox(contract)
    sandbox.stop()
    with pytest.raises(RuntimeError, match="start"):
        sandbox.end()


def test_nothing_of_it_outlives_the_stop(contract: Contract) -> None:
    before = threading.active_count()
    sandbox = Sandbox(contract)
    sandbox.start()
    world = World(contract, KEY, (PlannedOrder("a", order_body(), "10.50", (Slow(seconds=3600),)),))
    sandbox.begin(world)
    stage = Stage(sandbox, world)
    line = stage.line().send(order())
    stage.eventually(world.ledger)
    sandbox.stop()
    assert line.rest() == b""
    line.close()
    assert threading.active_count() == before


def test_a_watched_sandbox_tells_for_how_long_it_was_kept_from_its_work(contract: Contract) -> None:
    sandbox = Sandbox(contract, watched=True)
    sandbox.start()
    try:
        world = World(contract, KEY)
        sandbox.begin(world)
        assert sandbox._loop is not None
        kept = threading.Event()
        sandbox._loop.call_soon_threadsafe(lambda: (time.sleep(0.3), kept.set()))
        kept.wait(30)
        sandbox.settle()
        beaten = threading.Event()
        sandbox._loop.call_soon_threadsafe(sandbox._loop.call_later, 0.1, beaten.set)
        beaten.wait(30)
        sandbox.end()
    finally:
        sandbox.stop()

    assert world.stalled >= 0.25


def test_where_loopback_has_one_address_another_host_is_another_name(contract: Contract) -> None:
    def only_one(port: int, host: str) -> socket.socket:
        if host != "127.0.0.1":
            raise OSError(errno.EADDRNOTAVAIL, host)
        return socket.create_server((host, port))

    host, listener = listen_for_tls(only_one, 0)  # in the clear will do
    assert host == "127.0.0.1"
    sandbox = Sandbox(contract, listener=listener, listen=only_one)
    sandbox.start()
    orders = (PlannedOrder("a", order_body(), "10.50", (Redirect(),)),)
    stage = Stage(sandbox, World(contract, KEY, orders))
    sandbox.begin(stage.world)
    location = urlsplit(stage.ask(order()).headers["location"])
    assert location.hostname == "localhost"
    assert location.port not in (None, sandbox.port)
    for line in stage.lines:
        line.close()
    sandbox.stop()

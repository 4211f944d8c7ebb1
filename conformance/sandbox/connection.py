"""One connection: bytes come in, requests are answered in turn, scripts are carried out.

What lives here: the states of a connection, pipelining, what becomes of a client that goes away, and the
closing of exchanges in the record.
What must never be known here: what the API answers, and what bytes a fault is made of.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Final

from conformance.evidence import Exchange
from conformance.evidence import Place as Spot
from conformance.sandbox.api import identify, respond
from conformance.sandbox.conversation import Conversation, recorded
from conformance.sandbox.courtesy import BEHIND, Trouble
from conformance.sandbox.elsewhere import stranger, turn_away
from conformance.sandbox.line import House, Line
from conformance.sandbox.reading import BODY_LIMIT, HEAD_LIMIT, Reader, Refusal, Request
from conformance.sandbox.relaying import Forward
from conformance.sandbox.tls import TlsFailure
from conformance.sandbox.upstream import Answered
from conformance.sandbox.wire import (
    CONTINUE,
    Ending,
    Place,
    refusal,
    script,
)
from conformance.sandbox.world import World

PATIENCE: Final = 5.0
"""seconds for which a connection that we ended is still read, so that what was sent last is not torn away"""
QUICK: Final = 1.0
"""seconds in which an endpoint may be expected to answer"""


class _State(enum.Enum):
    READING = enum.auto()
    BUSY = enum.auto()  # an answer waits for its time, or for the client to take it
    ASKING = enum.auto()  # the real endpoint behind is asked first
    SILENT = enum.auto()  # nothing will ever be sent again
    ENDING = enum.auto()  # our side is closed, the client's is not
    GONE = enum.auto()


class Connection(asyncio.Protocol):
    """`enter` gives the world that the connection belongs to, if any; `leave` is called at its end."""

    def __init__(
        self,
        house: House,
        number: int,
        enter: Callable[[Connection], World | None],
        leave: Callable[[Connection], None],
    ) -> None:
        self._house = house
        self._number = number
        self._enter = enter
        self._leave = leave
        self._transport: asyncio.Transport
        self._line: Line
        self._world: World
        self._state = _State.READING
        self._reader = Reader()
        self._received_at = 0.0
        self._at_hand: Conversation | None = None
        """what is being answered, or whose client is still owed something"""
        self._timer: asyncio.TimerHandle | None = None
        self._full = False
        self._eof = False

    # What asyncio calls. A crash of ours must not look like a client's fault, so it is kept in the world.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._line = Line(transport, self._number, self._house)
        # Told whenever something could not be written at once.
        transport.set_write_buffer_limits(high=0)
        world = self._enter(self)
        if world is None:
            self._go()
        else:
            self._world = world

    def data_received(self, data: bytes) -> None:
        self._guard(lambda: self._receive(data))

    def eof_received(self) -> bool:
        self._guard(self._client_ended)
        return self._state is not _State.GONE

    def connection_lost(self, exc: Exception | None) -> None:
        self._guard(self._lost)
        self._leave(self)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        # Not at once: a transport that is closed while it says that there is room again closes twice.
        self._house.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._state is _State.BUSY and self._timer is None and not self._full:
            self._guard(self._resume)

    def _guard(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is kept and raised where the suite sees it
            self._world.crash = self._world.crash or problem
            self._go()

    # Coming in.

    def _receive(self, data: bytes) -> None:
        if self._state in (_State.SILENT, _State.ENDING, _State.GONE) or self._world.struck:
            return
        try:
            said, ended = self._line.receive(data, self._world)
        except TlsFailure:
            self._hang_up()
            return
        if said:
            self._feed(said)
        if ended:
            self._client_ended()

    def _feed(self, data: bytes) -> None:
        if not self._reader.begun:
            self._received_at = self._world.elapsed()
        self._reader.feed(data)
        if self._state is _State.READING:
            self._read()
        elif self._reader.waiting > BODY_LIMIT + HEAD_LIMIT:
            self._transport.pause_reading()

    def _read(self) -> None:
        """Answers request after request, until one is not whole or has to be waited for."""
        while self._state is _State.READING:
            found = self._reader.poll()
            if found is None:
                if self._eof:
                    self._client_ended()
                elif self._reader.expects_continue():
                    self._line.write(CONTINUE)
                return
            if self._is_flooded():
                self._hang_up()
            elif isinstance(found, Refusal):
                self._refuse(found)
            else:
                self._answer(found)

    def _is_flooded(self) -> bool:
        if not self._world.is_overrun:
            return False
        self._world.flooded.set()
        return True

    # Answering.

    def _answer(self, request: Request) -> None:
        if self._line.is_in_the_clear:
            request = replace(request, insecure=True, keep_alive=False)
        if self._world.allowlist is not None:
            request = replace(request, source=self._transport.get_extra_info("peername")[0])
        at = self._spot(request)
        exchange = self._world.recorder.open(self._number, request, self._received_at, at=at)
        if self._world.watcher is not None:
            self._world.watcher(exchange.number)
        if at == "api":
            reply = respond(self._world, request, exchange.number)
        else:
            reply = turn_away(self._world, request)
        if isinstance(reply, Forward):
            self._ask(reply, Conversation(exchange, reply.caller, reply.fault), request)
            return
        what = script(reply, self._place(request))
        self._perform(Conversation(exchange, reply.caller, reply.fault, reply.booked, what))

    def _ask(self, forward: Forward, conversation: Conversation, request: Request) -> None:
        """Others are heard meanwhile."""
        self._at_hand = conversation
        self._state = _State.ASKING
        self._world.recorder.keep(self._record(conversation))

        def tell(answered: Future[Answered]) -> None:
            if answered.cancelled():  # the whole run is being ended
                return
            self._house.loop.call_soon_threadsafe(
                self._guard, lambda: self._hear(forward, conversation, request, answered.result())
            )

        forward.send().add_done_callback(tell)

    def _hear(
        self, forward: Forward, conversation: Conversation, request: Request, answered: Answered
    ) -> None:
        """What was said counts, whether or not there is still a client to be told."""
        reply = forward.finish(answered)
        conversation.booked = reply.booked
        if self._at_hand is not conversation:
            recorder, number = self._world.recorder, conversation.exchange.number
            recorder.keep(replace(recorder.exchanges()[number - 1], booked=reply.booked))
            return
        conversation.script = script(reply, self._place(request))
        self._perform(conversation)
        self._read()

    def _refuse(self, found: Refusal) -> None:
        request, conversation = self._broken_off()
        answer = self._world.blueprint.situation("unreadable-body", found.status)
        conversation.script = refusal(answer, self._place(request))
        self._perform(conversation)

    def _broken_off(self) -> tuple[Request, Conversation]:
        """Opens the record of a request that will never be whole."""
        request = self._reader.broken_off()
        if self._line.is_in_the_clear:
            request = replace(request, insecure=True)
        at = self._spot(request)
        exchange = self._world.recorder.open(self._number, request, self._received_at, complete=False, at=at)
        who = identify if at == "api" else stranger
        return request, Conversation(exchange, who(self._world, request))

    def _spot(self, request: Request) -> Spot:
        """Where the request arrived."""
        return "plain-http" if request.insecure else self._house.at

    def _place(self, request: Request) -> Place:
        versions = self._world.contract.versions
        return Place(
            headers=((versions.header, versions.current),),
            today=self._world.pace.today(),
            # Who is to see another certificate has to connect once more.
            keep_alive=request.keep_alive and not self._world.is_swapped,
            origins=self._house.origins,
            target=request.target,
            bodiless=request.method == "HEAD",
        )

    def _perform(self, conversation: Conversation) -> None:
        self._at_hand = conversation
        self._state = _State.BUSY
        self._proceed()

    def _proceed(self) -> None:
        """Carries out the script up to the next step that must wait."""
        at_hand = self._at_hand
        assert at_hand is not None
        steps = at_hand.script.steps
        while at_hand.step < len(steps) and not self._full:
            step = steps[at_hand.step]
            if step.delay and not at_hand.waited:
                self._world.recorder.keep(self._record(at_hand))
                delay = self._world.pace.on_the_wall(step.delay)
                self._timer = self._house.loop.call_later(delay, self._on_time)
                return
            at_hand.waited = False
            at_hand.step += not step.endless
            at_hand.sent = step.sent
            if at_hand.step == len(steps):
                self._tell(at_hand)
            else:
                self._world.recorder.keep(self._record(at_hand))
            self._line.write(step.data)
        if not self._full:
            if not steps:
                self._tell(at_hand)
            self._leave_line(at_hand.script.ending)

    def _tell(self, at_hand: Conversation) -> None:
        """Closes the record: before the last byte leaves, so that nobody who has read it can find the record
        behind the times.
        """
        if at_hand.script.steps or at_hand.script.ending not in ("silence", "kill"):
            at_hand.answered_at = self._world.elapsed()
        self._world.recorder.tell(self._record(at_hand))

    def _on_time(self) -> None:
        self._timer = None
        if self._at_hand is not None:
            self._at_hand.waited = True
        self._guard(self._resume)

    def _resume(self) -> None:
        """Goes on after a wait, and with the requests that have come meanwhile."""
        self._proceed()
        self._read()

    def _leave_line(self, ending: Ending) -> None:
        """All has been sent: the line is left as the script says."""
        if ending in ("silence", "kill"):
            self._state = _State.SILENT
            if ending == "kill":
                self._fell()
            return
        if ending != "owing":
            self._at_hand = None
        if ending == "close":
            self._hang_up()
        elif ending == "reset":
            self._state = _State.GONE
            self._line.tear_down()
        else:
            self._state = _State.READING
            self._transport.resume_reading()
            if self._reader.begun:
                self._received_at = self._world.elapsed()

    def _fell(self) -> None:
        """The client has got as far as it may. What it was told, it was told."""
        if self._at_hand is not None and self._at_hand.answered_at is not None:
            self._at_hand = None
        self._world.strike()

    # Going out.

    def _hang_up(self) -> None:
        """FIN. The client may still be sending: closing at once would answer that with a RST, which can take
        the last answer from it.
        """
        self._state = _State.ENDING
        try:
            self._line.finish()
        except OSError:  # the client has torn the line down already: there is nobody left to wait for
            self._go()
            return
        self._transport.resume_reading()
        self._timer = self._house.loop.call_later(PATIENCE, self._go)
        if self._eof:
            self._go()

    def _go(self) -> None:
        """Closes the socket."""
        self._forget_timer()
        if self._state is not _State.ENDING:
            self._line.say_goodbye()
        self._state = _State.GONE
        if self._full:
            self._transport.abort()
        else:
            self._transport.close()

    # The client, or the world, ends it.

    def _client_ended(self) -> None:
        self._eof = True
        if self._state is _State.BUSY and self._timer is None:
            return  # the whole answer is on its way: the client may have closed only its own side
        self._lost()
        self._go()

    def _lost(self) -> None:
        if self._state is _State.ASKING and not self._world.struck:
            self._give_up_asking()
        if self._state not in (_State.ENDING, _State.GONE):
            self._leave_open(self._world.elapsed())
        self._forget_timer()
        self._state = _State.GONE

    def _give_up_asking(self) -> None:
        """A client that has waited for the endpoint longer than anybody should have to is not to be judged by that."""
        waited = self._world.elapsed() - self._received_at
        if waited > QUICK:
            self._world.abandon(
                Trouble(f"{BEHIND} had not answered after {waited:.1f} s, when the client gave it up")
            )

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def show_out(self) -> bool:
        """Our side is closed, if the line is idle: the client may notice, and close its own. Was it idle?"""
        idle = self._state is _State.READING and not self._reader.begun and self._at_hand is None
        if idle:
            self._hang_up()
        return idle

    def end(self) -> None:
        """The world ends: what is open is recorded as it stands, and the line is closed."""
        if self._state is not _State.GONE:
            self._leave_open(None)
            self._go()

    def _leave_open(self, client_gone_at: float | None) -> None:
        """Records what has no end: an answer not given, or a request that will never be whole."""
        if self._at_hand is None:
            if self._state is not _State.READING or not self._reader.begun or self._is_flooded():
                return
            _, self._at_hand = self._broken_off()
        self._at_hand.client_gone_at = client_gone_at
        exchange = self._record(self._at_hand)
        if self._state is _State.BUSY and exchange.delivered == "complete":
            exchange = replace(exchange, delivered="partial")
        self._world.recorder.tell(exchange)
        self._at_hand = None

    def _record(self, at_hand: Conversation) -> Exchange:
        return recorded(self._world.recorder, at_hand)

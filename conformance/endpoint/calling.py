"""The endpoint: a base URL, the account's key, and scripts that are played there within limits.

What lives here: playing, waiting where the endpoint asks for it, giving up on one that does not answer, and showing
what would be sent.
What must never be known here: whether an answer is right, and any check.
"""

from __future__ import annotations

import random
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

from pydantic import JsonValue

from conformance.contract import Contract
from conformance.endpoint.composing import Goods, Play, Request, cheapest, cost, is_order, own_goods, request
from conformance.endpoint.dialogue import Dialogue, Turn
from conformance.endpoint.limits import Allowance, Limits, Turnstile, gentle
from conformance.endpoint.line import Answer, exchange, trust
from conformance.endpoint.recording import DESCRIBED, Recorder
from conformance.endpoint.script import Ask, Script
from conformance.hygiene.canary import Canary
from conformance.mistakes import Mistakes
from conformance.production import read_endpoint, refusals
from conformance.sandbox.documents import Unreadable, read_document
from conformance.sandbox.templates import point

LONGEST_PAGE = 100
"""products that are looked at to find a cheap one"""
MOST_PAGES = 4
"""pages of a list that are turned to find an order"""
MOST_PATIENCE = 30.0
"""seconds that an endpoint may ask to be left alone for; whoever asks for more is not asked again"""
OUTAGES = (502, 503, 504)
TIMES_IN_PROGRESS = 3
TIMES_LOOKED = 4
TIMES_LIMITED = 3
"""scripts that were cut by the rate limit, after which nothing more is sent either"""
TIMES_SILENT, MOST_SILENT = 2, 4
"""requests without an answer, in a row and in all, after which nothing more is sent"""
MOST_TIME = 600.0
"""seconds for all answers together: more than ten times what is usual"""


class Endpoint:
    """Raises Mistakes for an address, or a key, that nothing is sent to or with."""

    def __init__(
        self,
        base_url: str,
        key: Canary,
        contract: Contract,
        redact: Callable[[str], str],
        *,
        production: bool = False,
        limits: Limits | None = None,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self.base_url = read_endpoint("--api", base_url, contract)
        # Looked at before, where the options are read. This is the place that sends.
        if not production and (wrong := refusals({"--api": base_url}, key.key, contract)):
            raise Mistakes(wrong)
        self.contract = contract
        self.limits = limits or gentle(contract)
        self._key = key
        self._recorder = Recorder(redact)
        self._trusted = trusted or trust()
        self._turnstile = Turnstile(self.limits)
        self._goods: Goods | None = None
        self._unmarked = False
        """its list does not show the text of an order, however long one waits"""
        self._limited = 0
        self._all_silences = 0
        self._spent = 0.0
        self._silences = 0
        self._silence = ""
        self._began = time.monotonic()

    def goods(self) -> Goods:
        """What is ordered here: the cheapest that the endpoint lists, or what the contract names."""
        if self._goods is None:
            known = self.contract.goods
            self._goods = own_goods(self.contract)
            ping = self._send(Ask(self.contract.ping_operation), 0, 0, Play(self._goods, "", {}))
            if ping.status in (401, 403):
                self._silence = f"the account's key is refused here ({ping.status}), so no order was tried"
            elif known is not None:
                listed = self._send(
                    Ask(known.operation, query=self._few(known.operation)), 0, 0, Play(self._goods, "", {})
                )
                if listed.status == 200 and not listed.problem:
                    self._goods = cheapest(self.contract, _document(listed)) or self._goods
        return self._goods

    def _few(self, operation: str) -> tuple[tuple[str, str], ...]:
        """The query for a short page, where there are pages: a catalogue can be long."""
        declared = (self.contract.operations[operation].query or {}).get("properties")
        limit = self.contract.pages.limit
        return ((limit, str(LONGEST_PAGE)),) if isinstance(declared, dict) and limit in declared else ()

    def play(self, script: Script, allowance: Allowance) -> Dialogue:
        """What was said. A script that costs more than is left is not begun, and one without an answer not ended."""
        if given_up := self._given_up():
            return self._dialogue(script, (), given_up)
        needed = any(ask.of_goods or is_order(self.contract, ask) for ask in script.asks)
        goods = self.goods() if needed else Goods("", "", Decimal(0))
        if given_up := self._given_up():
            return self._dialogue(script, (), given_up)
        costs = [cost(self.contract, ask, goods) for ask in script.asks]
        if refusal := allowance.refusal(script, sum(each > 0 for each in costs), sum(costs, Decimal(0))):
            return self._dialogue(script, (), f"the limits: {refusal}")
        play = Play(goods, f"golive {uuid.uuid4().hex[:12]}", _names(script))
        turns: list[Turn] = []
        cut = ""
        for index in range(len(script.asks)):
            cut = self._ask(script, index, play, turns)
            if cut:
                break
        self._charge(allowance, script, turns, costs)
        return self._dialogue(script, tuple(turns), cut)

    def preview(self, script: Script) -> Iterator[str]:
        """What would be sent, request by request."""
        play = Play(own_goods(self.contract), f"golive {uuid.uuid4().hex[:12]}", _names(script))
        for ask in script.asks:
            made = request(self.contract, ask, play, self._key, play.goods.code if ask.of_goods else None)
            yield f"{made.method} {self.base_url}{made.target}"
            yield from (f"  {name}: {value}" for name, value in self._shown(ask, made))
            if made.body is not None:
                yield f"  {self._recorder.text(made.body.decode('utf-8', 'replace'))}"

    def _given_up(self) -> str:
        """Why nothing more is sent; "" while it is."""
        return self._silence

    def _dialogue(self, script: Script, turns: tuple[Turn, ...], cut: str) -> Dialogue:
        return Dialogue(script, self.base_url, turns, cut)

    def _ask(self, script: Script, index: int, play: Play, turns: list[Turn]) -> str:
        """Asks until there is an answer that stands. Why the script cannot go on, or nothing."""
        ask = script.asks[index]
        order_id = play.goods.code if ask.of_goods else None
        if ask.order_of is not None:
            order_id = _order_of(self.contract, turns, ask.order_of)
            if order_id is None:
                return f"request {ask.order_of + 1} of the script placed no order that could be looked up"
        if self.contract.operations[ask.operation].kind == "list" and order_id is not None:
            return self._look_up(ask, index, play, turns, order_id)
        return self._settle(ask, index, play, turns, order_id)

    def _settle(self, ask: Ask, index: int, play: Play, turns: list[Turn], order_id: str | None) -> str:
        waited = 0
        while True:
            turn = self._send(ask, len(turns) + 1, index, play, order_id, again=waited > 0)
            turns.append(turn)
            if turn.status is None:
                return f"request {turn.number} got no answer: {turn.problem}"
            pause = self._asked_pause(turn, waited)
            if pause is not None:
                waited += 1
                self._wait(pause)
                continue
            if why := self._why_void(ask, turn):
                turns[-1] = replace(turn, void=True)
            return why

    def _why_void(self, ask: Ask, turn: Turn) -> str:
        """Why it is no answer to what was asked; "" if it is one."""
        if turn.status == self.contract.rate_limit.status:
            return self._limit(turn)
        if self._is_outage(turn):
            return f"request {turn.number} was answered {turn.status} by what stands in front of the API"
        if turn.status == 401 and ask.credential == "account":
            return f"request {turn.number}, with the account's key, was not let in (401)"
        return ""

    def _is_outage(self, turn: Turn) -> bool:
        """Did a gateway answer in the place of the API, which has a shape for its own errors?"""
        if turn.status not in OUTAGES:
            return False
        return point(_document(turn), self.contract.errors.type_field) not in self.contract.error_types

    def _limit(self, turn: Turn) -> str:
        self._limited += 1
        if self._limited >= TIMES_LIMITED:
            self._silence = (
                "the endpoint's rate limit was met again and again, in spite of waiting; it was left alone"
            )
        return f"request {turn.number} was still refused by the rate limit"

    def _look_up(self, ask: Ask, index: int, play: Play, turns: list[Turn], order_id: str) -> str:
        """Reads the list until the order is in it in full: one that is still processed says less of itself."""
        for times in range(TIMES_LOOKED):
            first = len(turns)
            if cut := self._turn_pages(ask, index, play, turns, order_id):
                return cut
            if self._unmarked or any(play.mark in turn.response_body for turn in turns[first:]):
                return ""
            if times + 1 < TIMES_LOOKED:
                self._wait(self.contract.orders.processing)
        self._unmarked = True
        return ""

    def _turn_pages(self, ask: Ask, index: int, play: Play, turns: list[Turn], order_id: str) -> str:
        """Page by page, until the order is found."""
        pages = self.contract.pages
        whole = (*ask.query, (pages.limit, str(pages.maximum)))
        query = whole
        for _ in range(MOST_PAGES):
            if cut := self._settle(replace(ask, query=query), index, play, turns, None):
                return cut
            cursor = _find(_document(turns[-1]), pages.after)
            if order_id in turns[-1].response_body or not isinstance(cursor, str):
                break
            query = (*whole, (pages.after, cursor))
        return ""

    def _asked_pause(self, turn: Turn, waited: int) -> float | None:
        """Seconds that the answer asks to be waited; None if it stands."""
        contract = self.contract
        if turn.status == contract.rate_limit.status:
            told = next((value for name, value in turn.response_headers if name.lower() == "retry-after"), "")
            pause = max(contract.rate_limit.wait, float(told) if told.isdigit() and len(told) < 7 else 0.0)
            return pause if waited == 0 and pause <= MOST_PATIENCE else None
        if self._is_outage(turn):
            return contract.rate_limit.wait if waited == 0 else None
        document = _document(turn)
        type_ = point(document, contract.errors.type_field)
        if type_ == contract.idempotency.in_progress_type and waited < TIMES_IN_PROGRESS:
            return contract.idempotency.pause
        return None

    def _send(
        self, ask: Ask, number: int, index: int, play: Play, order_id: str | None = None, again: bool = False
    ) -> Turn:
        made = request(self.contract, ask, play, self._key, order_id)
        with self._turnstile.passing(is_order(self.contract, ask)):
            began = time.monotonic()
            answer = exchange(
                made.method,
                f"{self.base_url}{made.target}",
                made.headers,
                made.body,
                trusted=self._trusted,
                patience=self.limits.patience,
                largest=self.limits.largest,
            )
        ended = time.monotonic()
        self._listen(answer, ended - began)
        sent = made.credential if made.credential and len(made.credential) >= 4 else None
        return Turn(
            number,
            index,
            made.method,
            self._recorder.text(f"{urlsplit(self.base_url).path}{made.target}"),
            self._shown(ask, made),
            "" if made.body is None else self._recorder.text(made.body.decode("utf-8", "replace")),
            answer.status,
            answer.problem,
            self._recorder.headers(answer.headers, sent),
            self._recorder.body(answer.body, sent),
            round(began - self._began, 3),
            round(ended - began, 3),
            again,
        )

    def _wait(self, seconds: float) -> None:
        time.sleep(seconds * self.limits.stretch)

    def _listen(self, answer: Answer, seconds: float) -> None:
        """Gives the endpoint up that does not answer, or takes too long for it."""
        self._spent += seconds
        silent = answer.status is None
        self._silences = self._silences + 1 if silent else 0
        self._all_silences += silent
        if self._silences >= TIMES_SILENT or self._all_silences >= MOST_SILENT:
            self._silence = f"the endpoint could not be reached ({answer.problem}), and was left alone"
        elif self._spent > MOST_TIME:
            self._silence = f"its answers took {MOST_TIME / 60:.0f} minutes in all; it was left alone"

    def _shown(self, ask: Ask, made: Request) -> tuple[tuple[str, str], ...]:
        header = self.contract.auth.header
        return tuple(
            (name, DESCRIBED[ask.credential] if name == header else self._recorder.text(value))
            for name, value in made.headers
        )

    def _charge(self, allowance: Allowance, script: Script, turns: list[Turn], costs: list[Decimal]) -> None:
        """What may have been bought, to be on the safe side: whatever was not refused, or told of twice."""
        allowance.requests += len(turns)
        told: set[str] = set()
        for turn in turns:
            if costs[turn.ask] == 0 or (turn.status is not None and not 200 <= turn.status < 300):
                continue
            order_id = _order_of(self.contract, [turn], turn.ask)
            if order_id is None or order_id not in told:
                allowance.orders += 1
                allowance.face_value += costs[turn.ask]
            told |= {order_id} if order_id else set()


def _names(script: Script) -> dict[str, str]:
    """An idempotency key of its own for each name, new each time: the endpoint remembers the old ones for long."""
    return {
        ask.name: str(uuid.UUID(int=random.SystemRandom().getrandbits(128), version=4)) for ask in script.asks
    }


def _document(turn: Turn) -> JsonValue:
    try:
        return read_document(turn.response_body.encode())
    except Unreadable:
        return None


def _order_of(contract: Contract, turns: list[Turn], index: int) -> str | None:
    """The id that the last answer to that request names."""
    for turn in reversed(turns):
        if turn.ask == index:
            found = point(_document(turn), contract.orders.id)
            return found if isinstance(found, str) and found else None
    return None


def _find(value: JsonValue, name: str) -> JsonValue:
    """The first property of that name, however deep."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        value = list(value.values())
    if isinstance(value, list):
        return next((found for each in value if (found := _find(each, name)) is not None), None)
    return None

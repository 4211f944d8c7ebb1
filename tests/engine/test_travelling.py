"""Where the key and the orders went, judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from stories import BODY, CONTRACT, VERSION, call, exchange, order

from checks.account.network import key_stays_on_host, tls_verified
from conformance.check import NotApplicable, Note, Observed, Remark, Unmet
from conformance.evidence import (
    Certificate,
    Evidence,
    Exchange,
    Handshake,
    Outcome,
    PlannedOrder,
    Sighting,
    Trial,
)
from conformance.faults import Redirect, Reset
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.profile import Profile
from conformance.remarks import remarks_on

UNKNOWN = call(Outcome("unknown"))


def elsewhere(number: int, **told: object) -> Exchange:
    plain = exchange(number, operation=None, reference=None, attempt=None, at="other-host", status=404)
    return replace(plain, **{"answer": "final", "credential": "missing", **told})  # type: ignore[arg-type]


def redirected(number: int = 1, **fault: object) -> Exchange:
    return exchange(number, fault=Redirect(**fault), answer="redirect", status=307)  # type: ignore[arg-type]


def remarks(
    check: object,
    exchanges: Sequence[Exchange],
    *,
    certificate: Certificate | None = None,
    handshakes: Sequence[Handshake] = (),
    planned: PlannedOrder | None = None,
) -> list[Remark]:
    trial = Trial((planned or order(),), certificate=certificate)
    evidence = Evidence(trial, tuple(exchanges), (), (UNKNOWN,), handshakes=tuple(handshakes))
    return list(check.judge(Case(evidence, CONTRACT, VERSION)))  # type: ignore[attr-defined]


def shown(certificate: Certificate, completed: bool = False, alert: str = "unknown ca") -> Handshake:
    return Handshake(1, certificate, completed, alert)


BAD: tuple[Certificate, ...] = ("self-signed", "unknown-ca", "expired", "not-yet-valid", "wrong-host")


@pytest.mark.parametrize("kind", BAD)
def test_who_is_shown_a_bad_certificate_and_sends_nothing_has_verified_it(kind: Certificate) -> None:
    assert remarks(tls_verified, (), certificate=kind, handshakes=[shown(kind)]) == [Observed()]


def test_a_handshake_may_be_whole_where_the_host_is_looked_at_afterwards() -> None:
    seen = shown("wrong-host", completed=True, alert="")
    assert remarks(tls_verified, (), certificate="wrong-host", handshakes=[seen]) == [Observed()]


@pytest.mark.parametrize("kind", BAD)
def test_an_order_that_went_to_a_bad_certificate_is_a_violation(kind: Certificate) -> None:
    seen = shown(kind, completed=True, alert="")
    (violation,) = [
        remark
        for remark in remarks(tls_verified, [exchange(1)], certificate=kind, handshakes=[seen])
        if isinstance(remark, Violation)
    ]
    assert violation.on_any_clock
    assert violation.exchanges == (1,)
    assert "the key and the order" in violation.summary


def test_half_a_request_is_enough() -> None:
    half = exchange(1, complete=False, operation=None, attempt=None, body="", answer="none")
    found = remarks(tls_verified, [half], certificate="expired", handshakes=[shown("expired", True, "")])
    assert [type(remark) for remark in found] == [Observed, Violation]


def test_a_request_that_gives_nothing_away_is_a_note() -> None:
    ping = exchange(1, operation="ping", attempt=None, body="", credential="missing")
    found = remarks(tls_verified, [ping], certificate="expired", handshakes=[shown("expired", True, "")])
    assert [type(remark) for remark in found] == [Observed, Note]


def test_falling_back_to_plain_http_is_a_violation() -> None:
    found = remarks(
        tls_verified,
        [elsewhere(1, at="plain-http", credential="good")],
        certificate="expired",
        handshakes=[shown("expired")],
    )
    (violation,) = [remark for remark in found if isinstance(remark, Violation)]
    assert violation.rule == "fell back to plain http"


def test_who_never_speaks_tls_falls_back_to_nothing() -> None:
    plain = [elsewhere(1, at="plain-http", credential="good")]
    (remark,) = remarks(tls_verified, plain, certificate="expired")
    assert isinstance(remark, Unmet)


@pytest.mark.parametrize(
    ("exchanges", "handshakes", "told"),
    [
        ((), (), "it did not connect"),
        ((elsewhere(1, at="plain-http"),), (), "it spoke plain http"),
        ((), (shown("good"),), "does not trust the sandbox's good certificate: SSL_CERT_FILE"),
        ((), (shown("good", True, ""),), "does not trust the sandbox's good certificate"),
        (
            (exchange(1, operation="ping", attempt=None),),
            (shown("good", True, ""),),
            "placed no order over TLS",
        ),
    ],
)
@pytest.mark.parametrize("check", [tls_verified, key_stays_on_host])
def test_without_an_order_under_a_good_certificate_nothing_is_said(
    check: object, exchanges: tuple[Exchange, ...], handshakes: tuple[Handshake, ...], told: str
) -> None:
    found = remarks(check, exchanges, certificate="good", handshakes=handshakes)
    assert not any(isinstance(remark, Observed | Violation) for remark in found)
    (unmet,) = [remark for remark in found if isinstance(remark, Unmet)]
    assert told in unmet.reason


@pytest.mark.parametrize(
    ("second", "kinds"),
    [
        (exchange(2, connection=2), [Observed, Violation]),
        (exchange(2, connection=1), [Observed]),  # a line from better times
    ],
)
def test_each_request_is_judged_by_the_certificate_of_its_own_connection(
    second: Exchange, kinds: list[type[Remark]]
) -> None:
    trial = Trial((order(),), certificate="good", swapped="expired")
    handshakes = (Handshake(1, "good", True), Handshake(2, "expired", True))
    evidence = Evidence(trial, (exchange(1), second), (), (UNKNOWN,), handshakes=handshakes)
    found = list(tls_verified.judge(Case(evidence, CONTRACT, VERSION)))  # type: ignore[misc]
    assert [type(remark) for remark in found] == kinds


def test_who_does_not_connect_again_has_not_seen_the_change() -> None:
    trial = Trial((order(),), certificate="good", swapped="expired")
    evidence = Evidence(trial, (exchange(1),), (), (UNKNOWN,), handshakes=(Handshake(1, "good", True),))
    (remark,) = list(tls_verified.judge(Case(evidence, CONTRACT, VERSION)))  # type: ignore[misc]
    assert isinstance(remark, Unmet)
    assert "did not connect again" in remark.reason


def test_an_order_under_a_good_certificate_is_the_precondition() -> None:
    found = remarks(tls_verified, [exchange(1)], certificate="good", handshakes=[shown("good", True, "")])
    assert found == [Observed()]


def test_silence_over_tls_accuses_nobody() -> None:
    """As it does everywhere else."""
    client = {"driver": "python", "target": "a:b"}
    profile = Profile.model_validate({"subject": "x", "client": client, "api_version": VERSION})
    for certificate, kind in (("expired", Observed), (None, Violation)):
        trial = Trial((order(),), certificate=certificate)  # type: ignore[arg-type]
        evidence = Evidence(trial, (), (), (UNKNOWN,), handshakes=(shown("expired"),))
        (remark,) = remarks_on(tls_verified, evidence, CONTRACT, profile)
        assert isinstance(remark, kind)


PLANNED = replace(order(), schedule=(Redirect(),))


def test_who_does_not_follow_keeps_the_key() -> None:
    assert remarks(key_stays_on_host, [redirected(), exchange(2)], planned=PLANNED) == [Observed()]


def test_to_follow_without_the_key_is_a_note() -> None:
    found = remarks(key_stays_on_host, [redirected(), elsewhere(2)], planned=PLANNED)
    assert [type(remark) for remark in found] == [Observed, Note]
    assert remarks(key_stays_on_host, [redirected(), elsewhere(2, body="")], planned=PLANNED) == [Observed()]


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"credential": "good"}, "in its own header"),
        ({"credential": "wrong", "sightings": (Sighting("header X-Api-Key", "plain"),)}, "header X-Api-Key"),
        ({"sightings": (Sighting("target", "percent"),)}, "in its target"),
        ({"sightings": (Sighting("body", "base64"),), "complete": False}, "in its body"),
    ],
)
def test_the_key_may_arrive_elsewhere_in_any_form(told: dict[str, object], where: str) -> None:
    found = remarks(key_stays_on_host, [redirected(), elsewhere(2, **told)], planned=PLANNED)
    (violation,) = [remark for remark in found if isinstance(remark, Violation)]
    assert violation.summary.startswith("request 2 (POST /v2/order) brought the key to another host")
    assert where in violation.summary
    assert violation.summary.endswith("where the 307 to request 1 had sent it")
    assert violation.on_any_clock


def test_another_secret_is_not_the_key() -> None:
    mail = Sighting("body", "plain", what="recipient")
    found = remarks(key_stays_on_host, [redirected(), elsewhere(2, sightings=(mail,))], planned=PLANNED)
    assert not any(isinstance(remark, Violation) for remark in found)


def test_a_redirect_that_nobody_met_proves_nothing() -> None:
    later = replace(order(), schedule=(Reset(), Redirect()))
    cut = exchange(1, fault=Reset(), answer="none", delivered="none")
    (remark,) = remarks(key_stays_on_host, [cut], planned=later)
    assert isinstance(remark, Unmet)
    half = replace(redirected(), delivered="partial")
    (remark,) = remarks(key_stays_on_host, [half], planned=PLANNED)
    assert isinstance(remark, Unmet)


BESIDE = Redirect(of="others", status=302)


def poll(number: int, **told: object) -> Exchange:
    return exchange(
        number, operation="get-order", method="GET", reference=None, attempt=None, body="", **told
    )


@pytest.mark.parametrize(
    ("others", "kind"),
    [
        ((), NotApplicable),
        ((poll(2, fault=BESIDE, answer="redirect", status=302),), Observed),
        ((poll(2, fault=BESIDE, answer="redirect", delivered="none"),), Unmet),
        ((poll(2),), Unmet),
        ((poll(0),), NotApplicable),  # before anything was redirected
    ],
)
def test_what_is_asked_beside_orders_may_be_redirected_too(
    others: tuple[Exchange, ...], kind: type[Remark]
) -> None:
    planned = replace(order(), schedule=(BESIDE,))
    found = remarks(key_stays_on_host, [exchange(1, fault=BESIDE), *others], planned=planned)
    assert [type(remark) for remark in found] == [kind]


def test_requests_that_went_elsewhere_are_no_requests_to_the_api() -> None:
    evidence = Evidence(Trial((PLANNED,)), (redirected(), elsewhere(2, body=BODY)), (), (UNKNOWN,))
    case = Case(evidence, CONTRACT, VERSION)
    assert [each.number for each in case.requests] == [1]
    assert [each.number for each in case.attempts] == [1]

"""Where the key goes: to the vendor's own host alone, and only once that host has shown who it is."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Remark, check
from conformance.judge.case import Case
from conformance.judge.travelling import arrived_elsewhere, met_redirects, refused, trusted
from conformance.plans import travels


@check(
    "account.tls-verified",
    severity="blocker",
    title="The API's certificate is verified",
    impact="Whoever sits between you and the API reads the key and the orders, and answers in the vendor's name.",
    remedy="Leave your HTTP library's verification on, of the certificate, its dates and its host, and do without "
    "verify=False, rejectUnauthorized: false, InsecureSkipVerify and -k. Where a proxy of your own has a certificate "
    "of its own, add its authority to the trusted ones. Never fall back to plain http.",
    why="Somebody switched verification off to get past a company proxy on a test machine, and the line went live with "
    "the rest. Nothing ever fails because of it, so nobody notices. On the day when a router, a resolver or a cloud "
    "account is taken over, the orders go to somebody else's server, with the key in their header.",
    floor=travels.shown_certificates,
)
def tls_verified(case: Case) -> Iterator[Remark]:
    """The client places an order over TLS with a server that shows a good certificate, and then with servers that
    differ from it in one thing each: the certificate is self-signed, from an authority of the same name that nobody
    knows, expired, not valid yet, or for another host. At last a good one is changed for a bad one between one order
    and the next. The client was started with what makes it trust the good one,
    and talks to an address for which clients make no exceptions, as some do for localhost.

    With the good certificate an order arrived. To each of the others the client connected, and neither an order nor the
    key arrived there, nor in the clear on the same port. A client that trusts none but authorities of its own is not
    tested, and told what was set for it.
    """
    trial = case.evidence.trial
    yield from trusted(case) if (trial.certificate, trial.swapped) == ("good", None) else refused(case)


@check(
    "account.key-stays-on-host",
    severity="blocker",
    title="The key stays on the vendor's host",
    impact="One redirect, by mistake or malice, hands the key to whoever it names, and the next order is theirs.",
    remedy="Do not follow redirects on requests that carry the key: an API has no need of them. If you must, compare "
    "scheme, host and port with those of the base URL each time, and send the key no further. Most libraries take "
    "off Authorization by themselves, and no other header.",
    why="An HTTP library follows redirects, and takes off the headers that it knows to be secret. The key's own header "
    "is not among them. A marketing domain lapses, a load balancer is told to redirect to it, and the next request "
    "brings the key, and perhaps the order, to whoever has bought the domain.",
    floor=travels.redirected,
    generated=travels.redirected_somewhere,
)
def key_stays_on_host(case: Case) -> Iterator[Remark]:
    """Attempts are answered with a redirect of each status, to another host, to another port of the same host, and
    from https to plain http; at once, or after a redirect within the API. Servers really listen there, and ask for a
    key as the API does.

    Each of these redirects reached the client, and wherever it went then, the key did not arrive there: neither in its
    own header nor in any form anywhere else in the request. To follow a redirect without the key is allowed.
    """
    yield from met_redirects(case)
    yield from arrived_elsewhere(case)

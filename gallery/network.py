"""Clients that bring the API key to somebody else: whom a redirect names, or whoever answers in the API's place.

Each is wrong in one way; the last two are right, and do what others get wrong.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from functools import cache
from urllib.parse import urljoin, urlsplit

import httpx
import requests

from gallery.orders import Polling
from gallery.reference import TLS, Context, Reference

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, for which Python has no name


class FollowsRedirects(Reference):
    """Has its HTTP library follow redirects, which takes off Authorization, and not the header of this API's key."""

    def send(self) -> httpx.Response:
        with httpx.Client(timeout=30, verify=TLS, follow_redirects=True) as http:
            return http.post(self.url(), content=self.content(), headers=self.headers())


class FollowsByDefault(Reference):
    """Uses a library that follows redirects unless it is told not to, and does not know that."""

    def send(self) -> httpx.Response:
        try:
            found = requests.post(self.url(), data=self.content(), headers=self.headers(), timeout=30)
        except requests.RequestException as error:
            raise httpx.ReadError(str(error)) from None
        return httpx.Response(found.status_code, headers=dict(found.headers), content=found.content)


class _Follower(Reference):
    """Follows redirects by itself, with the key wherever it `trusts` the next URL."""

    def send(self) -> httpx.Response:
        response, url, method, hops = super().send(), self.url(), "POST", 0
        while response.status_code in _REDIRECTS and hops < 5:
            following = urljoin(url, response.headers["Location"])
            headers = self.headers()
            if not self.trusts(url, following, hops):
                del headers["X-Api-Key"]
            if response.status_code not in (307, 308):
                method = "GET"
            content = self.content() if method == "POST" else None
            response = self.http.request(method, following, content=content, headers=headers)
            url, hops = following, hops + 1
        return response

    def trusts(self, url: str, following: str, hops: int) -> bool:
        return _origin(following) == _origin(self.url())


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


class ComparesHosts(_Follower):
    """Follows redirects with the key where the host is the same, whatever the port and the scheme."""

    def trusts(self, url: str, following: str, hops: int) -> bool:
        return urlsplit(following).hostname == urlsplit(url).hostname


class ComparesTheBeginning(_Follower):
    """Takes a URL for one of the API if it begins like one, with the API's scheme, host and port."""

    def trusts(self, url: str, following: str, hops: int) -> bool:
        return following.startswith(urljoin(self.url(), "/").rstrip("/"))


class LooksAtTheFirstRedirect(_Follower):
    """Looks where the first redirect leads, and follows all further ones with the key."""

    def trusts(self, url: str, following: str, hops: int) -> bool:
        return hops > 0 or super().trusts(url, following, hops)


class FollowsWhenItPolls(Polling):
    """Follows no redirect of an order, and every one of a poll, to which nobody gave a thought."""

    def fetch(self, order_id: str) -> str:
        url = f"{self.context.base_url}/order/{order_id}"
        try:
            return str(requests.get(url, headers=self.headers(), timeout=30).json().get("status"))
        except (requests.RequestException, ValueError):
            return "PROCESSING"


class FollowsWithoutTheKey(_Follower):
    """Follows redirects, and takes the key along only where scheme, host and port are those of the API."""


class VerifiesNothing(Reference):
    """Has verification switched off, as somebody once needed it on a test machine."""

    def send(self) -> httpx.Response:
        with httpx.Client(timeout=30, verify=False) as http:
            return http.post(self.url(), content=self.content(), headers=self.headers())


class VerifiesAtFirst(Reference):
    """Verifies, and tries without where that fails, so that the order goes through."""

    def send(self) -> httpx.Response:
        try:
            return super().send()
        except httpx.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise
        return httpx.post(
            self.url(), content=self.content(), headers=self.headers(), timeout=30, verify=False
        )


class VerifiesOnce(Reference):
    """Verifies when it first speaks to the API, and takes that for proof until it is started again."""

    def send(self) -> httpx.Response:
        if self.context.base_url in _verified:
            return _unverified().post(self.url(), content=self.content(), headers=self.headers())
        response = super().send()
        _verified.add(self.context.base_url)
        return response


_verified: set[str] = set()


@cache
def _unverified() -> httpx.Client:
    return httpx.Client(timeout=30, verify=False)


class PollsUnverified(Polling):
    """Verifies when it places an order, and not when it asks how that stands."""

    def fetch(self, order_id: str) -> str:
        url = f"{self.context.base_url}/order/{order_id}"
        try:
            return str(_unverified().get(url, headers=self.headers()).json().get("status"))
        except (httpx.TransportError, ValueError):
            return "PROCESSING"


class _OwnContext(Reference):
    """Has a TLS context of its own making."""

    def send(self) -> httpx.Response:
        with httpx.Client(timeout=30, verify=self.tls()) as http:
            return http.post(self.url(), content=self.content(), headers=self.headers())

    def tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()


class TakesAnyHost(_OwnContext):
    """Verifies who signed the certificate, and not whose it is."""

    def tls(self) -> ssl.SSLContext:
        context = super().tls()
        context.check_hostname = False
        return context


class TakesAnyDate(_OwnContext):
    """Verifies all but the certificate's dates, since the clocks of its machines used to be wrong."""

    def tls(self) -> ssl.SSLContext:
        context = super().tls()
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
        return context


class TakesAnySigner(_OwnContext):
    """Trusts any certificate that names the right host in the right years, whoever has signed it."""

    def tls(self) -> ssl.SSLContext:
        place = urlsplit(self.url())
        context = super().tls()
        if place.scheme == "https":
            # Whatever is shown there is from now on an authority of its own.
            context.load_verify_locations(cadata=_shown_by(place.hostname or "", place.port or 443))
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        return context


def _shown_by(host: str, port: int) -> str:
    return ssl.get_server_certificate((host, port), timeout=30)


class TrustsOnFirstUse(Reference):
    """Remembers the certificate that a server shows first, and trusts it for as long as that is the same."""

    def send(self) -> httpx.Response:
        place = urlsplit(self.url())
        if place.scheme == "https":
            seen = self.context.state_dir / "certificate"
            mark = _fingerprint(place.hostname or "", place.port or 443)
            if not seen.exists():
                seen.write_text(mark)
            if seen.read_text() != mark:
                raise httpx.ConnectError("another certificate than the first time")
        with httpx.Client(timeout=30, verify=False) as http:
            return http.post(self.url(), content=self.content(), headers=self.headers())


def _fingerprint(host: str, port: int) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=host) as line,
    ):
        return hashlib.sha256(line.getpeercert(binary_form=True) or b"").hexdigest()


class FallsBackToHttp(Reference):
    """Takes plain http where TLS does not work."""

    def send(self) -> httpx.Response:
        try:
            return super().send()
        except httpx.ConnectError:
            url = self.url().replace("https:", "http:", 1)
            return self.http.post(url, content=self.content(), headers=self.headers())


class KeepsToItsAuthority(Reference):
    """Trusts the one authority that it was given a file of, and none of the system's."""

    def __init__(self, order: dict[str, object], context: Context) -> None:
        super().__init__(order, context)
        if context.ca_file:
            self.http = _trusting(str(context.ca_file))


@cache
def _trusting(ca_file: str) -> httpx.Client:
    alone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    alone.load_verify_locations(ca_file)
    return httpx.Client(timeout=30, verify=alone, trust_env=False)

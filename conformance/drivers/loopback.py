"""The guard of a process whose client lives inside it: from here on, this process reaches loopback only.

What lives here: Python's own doors to the network, and who may go through.
What must never be known here: who knocks, and why. C libraries have doors of their own; a network namespace
(`confinement.py`) closes those.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Callable

_LOCAL_FAMILIES = {
    getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK") if hasattr(socket, name)
}  # sockets that never leave the machine


def forbid_leaving_loopback(record: Callable[[str], None]) -> Callable[[], None]:
    """Makes every connection and look-up beyond loopback fail: OSError(ENETUNREACH), `socket.gaierror`.

    `record` is told each attempt as `host:port`, by name when a name was looked up. Gives the way back.
    """
    patched: list[tuple[object, str, object]] = []

    def patch(owner: object, name: str, guarded: Callable[..., object]) -> None:
        patched.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, guarded)

    def refuse(family: int, address: object) -> OSError | None:
        if family in _LOCAL_FAMILIES or _is_loopback(address):
            return None
        place = _shown(address)
        record(place)
        return OSError(
            errno.ENETUNREACH,
            f"{os.strerror(errno.ENETUNREACH)}: golive lets a client reach loopback only, not {place}",
        )

    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    sendto, sendmsg = socket.socket.sendto, socket.socket.sendmsg

    def guarded_connect(self: socket.socket, address: object, /) -> None:
        if error := refuse(self.family, address):
            raise error
        connect(self, address)  # type: ignore[arg-type]  # the client's own argument, whatever it is

    def guarded_connect_ex(self: socket.socket, address: object, /) -> int:
        if error := refuse(self.family, address):
            return error.errno or errno.ENETUNREACH
        return connect_ex(self, address)  # type: ignore[arg-type]  # the client's own argument, whatever it is

    def guarded_sendto(self: socket.socket, *arguments: object) -> int:
        if len(arguments) > 1 and (error := refuse(self.family, arguments[-1])):
            raise error
        return sendto(self, *arguments)  # type: ignore[call-overload, no-any-return]  # the client's own arguments, in either of two forms

    def guarded_sendmsg(self: socket.socket, *arguments: object) -> int:
        if len(arguments) > 3 and arguments[3] is not None and (error := refuse(self.family, arguments[3])):
            raise error
        return sendmsg(self, *arguments)  # type: ignore[arg-type]  # the client's own arguments, whatever they are

    patch(socket.socket, "connect", guarded_connect)
    patch(socket.socket, "connect_ex", guarded_connect_ex)
    patch(socket.socket, "sendto", guarded_sendto)
    patch(socket.socket, "sendmsg", guarded_sendmsg)

    def guard_lookup(name: str, own: object) -> None:
        original: Callable[..., object] = getattr(socket, name)

        def guarded(host: object = None, *arguments: object, **options: object) -> object:
            port = options.get("port", arguments[0] if arguments else None)
            if _is_own_name(host):
                return original(own, *arguments, **options)
            if host is None or _is_address(host) or _is_loopback((host, 0)):
                return original(host, *arguments, **options)
            record(_shown((host, port)))
            raise socket.gaierror(
                socket.EAI_NONAME,
                f"Name or service not known: golive lets a client reach loopback only, not {_text(host)}",
            )

        patch(socket, name, guarded)

    # Programs look up their own machine for the sake of its name; that is no attempt to leave it.
    guard_lookup("getaddrinfo", "localhost")
    guard_lookup("gethostbyname", "localhost")
    guard_lookup("gethostbyname_ex", "localhost")
    guard_lookup("gethostbyaddr", "127.0.0.1")

    def undo() -> None:
        for owner, name, before in reversed(patched):
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

    return undo


def _text(host: object) -> str:
    return host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(_text(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _is_own_name(host: object) -> bool:
    return host is not None and _text(host).lower() in (socket.gethostname().lower(), "ip6-localhost")


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple) or not address:
        return False
    host = _text(address[0]).lower().rstrip(".").partition("%")[0]
    if host in ("", "localhost") or host.endswith(
        ".localhost"
    ):  # "" is any address: connecting there is loopback
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback or (mapped or ip).is_unspecified


def _shown(address: object) -> str:
    if not isinstance(address, tuple) or not address:
        return repr(address)
    host = _text(address[0])
    port = _text(address[1]) if len(address) > 1 and address[1] is not None else ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host

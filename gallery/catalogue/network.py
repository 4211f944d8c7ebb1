"""Clients of `gallery/network.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

STAYS = "account.key-stays-on-host"
VERIFIED = "account.tls-verified"

EXHIBITS: tuple[Exhibit, ...] = (
    broken("network.FollowsRedirects", STAYS),
    broken("network.FollowsByDefault", STAYS),
    broken("network.ComparesHosts", STAYS),
    broken("network.ComparesTheBeginning", STAYS),
    broken("network.LooksAtTheFirstRedirect", STAYS),
    broken("network.FollowsWhenItPolls", STAYS),
    broken("network.VerifiesNothing", VERIFIED),
    broken("network.VerifiesAtFirst", VERIFIED),
    broken("network.VerifiesOnce", VERIFIED),
    broken("network.PollsUnverified", VERIFIED),
    broken("network.TakesAnyHost", VERIFIED),
    broken("network.TakesAnyDate", VERIFIED),
    broken("network.TakesAnySigner", VERIFIED),
    broken("network.TrustsOnFirstUse", VERIFIED),
    broken("network.FallsBackToHttp", VERIFIED),
)

CORRECT: tuple[Exhibit, ...] = (
    Exhibit("gallery.network:FollowsWithoutTheKey.place_order"),
    Exhibit("gallery.network:KeepsToItsAuthority.place_order"),
)

"""What there is to examine where no client is needed: the account, its keys, the source, a real endpoint.

What lives here: the record that such a check is given.
What must never be known here: any check in particular, and how a client is driven.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.contract import Contract
from conformance.endpoint.limits import Limits
from conformance.keys import Key, Keyring
from conformance.production import environment_of
from conformance.profile import Profile


@dataclass(frozen=True, slots=True)
class Premises:
    """`endpoint`: base URL of the real API that was named by --api or --proxy, None if none was; `behind_proxy`: the
    client meets it through us. `production`: somebody knows that it is one. `dry_run`: requests are shown instead of
    sent. `examples` and `seed`: as for any other check.
    """

    profile: Profile
    contract: Contract
    keys: Keyring
    endpoint: str | None = None
    behind_proxy: bool = False
    production: bool = False
    dry_run: bool = False
    examples: int = 0
    seed: int = 0
    limits: Limits | None = None
    """of what is sent to the endpoint; gentle ones if None"""

    @property
    def environment(self) -> str:
        """The name of the environment that the endpoint is; the sandbox's, where the contract does not know its
        host, or there is none.
        """
        known = environment_of(self.endpoint, self.contract) if self.endpoint else None
        return known or self.contract.sandbox_environment

    def key(self) -> Key:
        """The key that goes to the endpoint. Raises KeyUnavailable."""
        return self.keys.key(self.environment)

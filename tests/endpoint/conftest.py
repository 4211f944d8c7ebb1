"""Checks, put to an endpoint as a run puts them, without its pauses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from endpoints import KEY, VERSION

from conformance import catalogue
from conformance.contract import Contract
from conformance.contracts import load_contract
from conformance.endpoint.limits import Limits
from conformance.examination import Settings, examine
from conformance.finding import CheckResult
from conformance.keys import Keyring
from conformance.premises import Premises
from conformance.profile import Account, KeySource, Profile

HURRIED = Limits(pause=0, order_pause=0, patience=1, stretch=0.01)
Asked = Callable[..., CheckResult]


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract("runa")


@pytest.fixture
def ask(contract: Contract, tmp_path: Path) -> Asked:
    """`ask(check_id, base_url, examples=3)`: the result of that check. All of a test are one run."""
    keys = {"playground": KeySource(env="KEY_HERE")}
    profile = Profile(subject="acme", api_version=VERSION, account=Account(keys=keys))
    keyring = Keyring(keys, contract, tmp_path, {"KEY_HERE": KEY})

    def asked(
        check_id: str, base_url: str | None, *, examples: int = 3, seed: int = 1, **more: object
    ) -> CheckResult:
        check = next(check for check in catalogue.checks() if check.id == check_id)
        options: dict[str, object] = {"limits": HURRIED, **more}
        premises = Premises(
            profile,
            contract,
            keyring,
            endpoint=base_url,
            examples=examples,
            seed=seed,
            **options,  # type: ignore[arg-type]  # of whatever type the field has
        )
        result = examine(check, None, profile, contract, Settings(examples, seed), premises)
        assert "Traceback" not in (result.reason or ""), result.reason
        return result

    return asked

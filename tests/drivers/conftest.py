"""One place for clients, one key, and the setting that drivers of every kind are made of."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from driver_clients import SECRET, TIME_ENOUGH, Make

from conformance.clock.pace import Pace
from conformance.contracts import load_contract
from conformance.drivers import Driver, Setting, driver_for
from conformance.drivers.confinement import Confinement
from conformance.hygiene.canary import Canary
from conformance.profile import Client


@pytest.fixture(scope="module")
def confinement() -> Iterator[Confinement]:
    with Confinement() as confinement:
        yield confinement


@pytest.fixture
def setting(confinement: Confinement, tmp_path: Path) -> Setting:
    """For a client that is still to be named."""
    (tmp_path / "state").mkdir()
    os.mkfifo(tmp_path / "begun")
    return Setting(
        client=Client(driver="command"),
        folder=tmp_path,
        env={},
        contract=load_contract("runa"),
        canary=Canary(f"XXab12cd.{SECRET}", "XXab12cd", SECRET),
        base_url="http://127.0.0.1:4321/v2",
        api_version="2024-02-05",
        state_dir=tmp_path / "state",
        confinement=confinement,
        limit=TIME_ENOUGH,
    )


@pytest.fixture
def make(setting: Setting) -> Iterator[Make]:
    """Makes drivers, and closes them in the end."""
    made: list[Driver] = []

    def build(
        kind: str,
        command: Sequence[str] = (),
        *,
        url: str | None = None,
        ready: str | None = None,
        log_files: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        preload: Mapping[str, str] | None = None,
        limit: float = TIME_ENOUGH,
        pace: Pace | None = None,
        ca_file: Path | None = None,
        confinement: Confinement | None = setting.confinement,
    ) -> Driver:
        client = Client.model_validate(
            {"driver": kind, "command": command, "url": url, "ready": ready, "log_files": log_files}
        )
        driver = driver_for(
            replace(
                setting,
                client=client,
                env=env or {},
                preload=preload or {},
                limit=limit,
                pace=pace or setting.pace,
                ca_file=ca_file,
                confinement=confinement,
            )
        )
        made.append(driver)
        return driver

    yield build
    for driver in made:
        driver.close()

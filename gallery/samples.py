"""`python -m gallery.samples [NAME…]`: the sample reports in reports/samples/, made anew from their clients.

What no seed decides is put in order first (`steadying.py`). What is left of chance, how threads raced each other and
how long a real clock took, stays as the stored sample has it, as long as everything else is as it was. So the files
change when a report would, and only then.

What lives here: which samples there are. What must never be known here: how a report looks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from conformance.options import Options
from conformance.paths import REPORTS, demo_profile
from conformance.reporting.folder import write
from conformance.reporting.json_file import read_report
from conformance.reporting.readiness import Readiness
from conformance.suite import Suite
from gallery.steadying import MOMENT, differences, steady
from gallery.viewing import HOME

SAMPLES = REPORTS / "samples"
SEED = 1
INDEX = """# Sample reports

What golive says of clients that come with it. Each folder holds every form of one report; the page is
`readiness.html`: download it, and open it in a browser. How to read it: [docs/reviewer.md](../../docs/reviewer.md).

`make samples` makes them anew. All were "written" at one moment, and what a client draws by itself, such as its
idempotency keys, is replaced by something of the same form; so the files change when a report would, and only then.

| sample | | |
|---|---|---|"""
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample report. `profile`: a golive.yaml that comes with golive, or what one for a client of the gallery says;
    `examples`: generated trials, as many as the clock can bear if None; `shallow`: it lies in a git repository whose
    history is not there.
    """

    name: str
    shows: str
    profile: Path | Mapping[str, object]
    label: str
    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    examples: int | None = None
    shallow: bool = False


def _of(target: str, subject: str, **more: object) -> Mapping[str, object]:
    return {
        "subject": subject,
        "client": {"driver": "python", "target": target},
        "api_version": "2024-02-05",
        **more,
    }


TEAM, SECURITY = "payments-team@acme.test", "security@acme.test"
WAIVERS = tuple(
    {"check": check, "reason": reason, "owner": owner, "expires": expires}
    for check, reason, owner, expires in (
        (
            "rate-limits.waits-longer-each-time",
            "ten orders a day, far below the limit; the growing wait comes with release 2.4",
            TEAM,
            "2027-01-31",
        ),
        (
            "account.key-not-in-source",
            "the build has the last commit only; the whole history was searched by hand on 2026-11-20",
            SECURITY,
            "2026-12-04",
        ),
        (
            "account.key-matches-environment",
            "the build has no key; the operators compare it before each release",
            TEAM,
            "2027-01-31",
        ),
        (
            "account.ip-restriction-enforced",
            "the allowlist is active from the go-live day on",
            SECURITY,
            "2027-01-31",
        ),
    )
)
ACCOUNT = {"keys": {"playground": {"env": "ACME_RUNA_PLAYGROUND_KEY"}}, "ip_allowlist": ["203.0.113.7/32"]}

ALL = (
    Sample("ready", "a client that may go live", demo_profile(bad=False), "demo"),
    Sample("not-ready", "a client with many faults", demo_profile(bad=True), "demo --bad"),
    Sample(
        "with-waivers",
        "a client that goes live because somebody answers for what is not right yet",
        _of(
            "gallery.rate_limits:StopsGrowing.place_order",
            "acme-rewards",
            account=ACCOUNT,
            waivers=WAIVERS,
        ),
        "golive.yaml",
        examples=0,
        shallow=True,
    ),
    Sample(
        "incomplete",
        "a report on a part of the suite, which is no readiness report",
        demo_profile(bad=False),
        "examples/python-httpx/golive.yaml",
        select=("versions.*", "errors.*"),
        examples=0,
    ),
    Sample(
        "new-key-on-retry",
        "one finding: the retry goes out under another idempotency key",
        _of("gallery.retries:NewKeyAtThirdAttempt.place_order", "acme-rewards"),
        "golive.yaml",
        select=("retries.same-key-on-retry",),
        examples=0,
    ),
    Sample(
        "hurries-after-429",
        "one finding: the client comes back too early, again and again",
        _of("gallery.rate_limits:HurriesTheSecondTime.place_order", "acme-rewards"),
        "golive.yaml",
        select=("rate-limits.waits-at-least",),
        examples=0,
    ),
    Sample(
        "bought-twice",
        "one finding: the answer was lost, and the order was bought again",
        _of("gallery.retries:NewKeyAfterTimeout.place_order", "acme-rewards"),
        "golive.yaml",
        select=("retries.exactly-once",),
        examples=0,
    ),
    Sample(
        "key-in-log",
        "one finding: the API key stands in a log",
        _of("gallery.secrets:LogsHexDump.place_order", "acme-rewards"),
        "golive.yaml",
        select=("account.key-not-logged",),
        examples=0,
    ),
)


def make(sample: Sample) -> Readiness:
    """Examines the client: the report, made steady."""
    with _profile_of(sample) as profile:
        options = Options(
            profile,
            SEED,
            select=sample.select,
            skip=sample.skip,
            examples=sample.examples,
            label=sample.label,
        )
        suite = Suite(options)
        try:
            suite.prepare(suite.selected)
            found = [steady(suite.examine(check)) for check in suite.selected]
            readiness = suite.report(found, now=MOMENT)
        finally:
            suite.close()
    # Where the machine does not allow a namespace is not what a sample is about.
    run = readiness.run.model_copy(update={"confined": True, "unconfined": None, "commit": None})
    if not isinstance(sample.profile, Path):
        # All clients of the gallery are one package, in which any edit of any of them makes another digest.
        run = run.model_copy(update={"client_digest": None})
    return readiness.model_copy(update={"run": run})


def settled(fresh: Readiness, stored: Readiness | None) -> Readiness:
    """The stored report, if it differs from the fresh one in nothing but times and the outcome of races."""
    if stored is None:
        return fresh
    return fresh if any(differences(stored, fresh)) else stored


def stored(sample: Sample) -> Readiness | None:
    """None where there is none, or one of another time that nobody can read any more."""
    try:
        return read_report(SAMPLES / sample.name)
    except (OSError, ValueError):
        return None


def index() -> str:
    """The page that lists the samples."""
    rows = (
        f"| [{each.name}]({each.name}/readiness.md) | {each.shows} | "
        f"[page]({each.name}/readiness.html), [JSON]({each.name}/readiness.json) |"
        for each in ALL
    )
    return "\n".join((INDEX, *rows, ""))


def _render(sample: Sample) -> str:
    """Writes every form of the stored report anew. Raises OSError, ValueError where there is none."""
    write(read_report(SAMPLES / sample.name), SAMPLES / sample.name)
    return sample.name


def _renew(sample: Sample) -> str:
    began = time.monotonic()
    before = stored(sample)
    report = settled(make(sample), before)
    write(report, SAMPLES / sample.name)
    what = "as it was" if report is before else "new"
    return f"{sample.name:20} {report.verdict:20} {what:10} {time.monotonic() - began:.0f} s"


@contextmanager
def _profile_of(sample: Sample) -> Iterator[Path]:
    if isinstance(sample.profile, Path):
        yield sample.profile
        return
    with TemporaryDirectory(prefix="sample-") as folder:
        path = Path(folder) / "golive.yaml"
        path.write_text(yaml.safe_dump(dict(sample.profile), sort_keys=False))
        if sample.shallow:
            _make_shallow(path.parent)
        (path.parent / HOME.name).symlink_to(HOME)  # a client is imported from the folder of its profile
        yield path


def _make_shallow(folder: Path) -> None:
    """Puts all that is in the folder into a repository that knows its last commit alone."""
    who = ("-c", "user.name=acme", "-c", "user.email=acme@acme.test")
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        (*who, "commit", "-q", "-m", "A release"),
    ):
        subprocess.run(("git", *command), cwd=folder, check=True)
    last = subprocess.run(("git", "rev-parse", "HEAD"), cwd=folder, check=True, capture_output=True)
    (folder / ".git" / "shallow").write_bytes(last.stdout)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m gallery.samples", description="The sample reports.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(each.name for each in ALL)}; all if none")
    parser.add_argument(
        "--forms", action="store_true", help="only write what their JSON says anew: no client runs"
    )
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.names) - {sample.name for sample in ALL}):
        parser.error(f"no sample is called {unknown[0]}")
    wanted = [sample for sample in ALL if not asked.names or sample.name in asked.names]
    with ProcessPoolExecutor(AT_ONCE) as pool:
        for line in pool.map(_render if asked.forms else _renew, wanted):
            print(line, flush=True)
    (SAMPLES / "README.md").write_text(index())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

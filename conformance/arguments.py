"""What the options and arguments of the `golive` command are, what they may be, and the long helps.

What lives here: options that several commands have, what is refused before a command is carried out, keys among the
arguments above all. Nothing heavy may be imported here.
What must never be known here: what a command does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from conformance.reporting.plain import for_log

USAGE = 2
SHORTEST_KEY = 20
"""characters of an argument that could be one: to know better takes a tenth of a second"""

# A paragraph is one line here: what breaks it would break it in every terminal.
RUN_HELP = (
    "Run the checks on your client and write the readiness report.\n\n"
    "[bold]golive run[/bold] examines the client of ./golive.yaml. While you mend one thing, "
    "[bold]golive run --select 'retries.*' --examples 0[/bold] asks about that thing alone, without generated "
    "trials; [bold]golive run --seed 7[/bold] repeats a run by the seed that it printed.\n\n"
    "[bold]golive run -j auto[/bold] shares the checks among processes on this machine. Machines that share "
    "nothing take a part each, [bold]golive run --shard 1/3 -o part-1[/bold] and so on, and [bold]golive merge "
    "part-1 part-2 part-3[/bold] makes one report of them. [bold]golive run --budget 300[/bold] ends within "
    "five minutes: what was cut is listed, and untested.\n\n"
    "With --select, --skip or --shard the exit status speaks of those checks alone, and the report says "
    '"incomplete": it is no readiness report.\n\n'
    "Exit status: 0 ready, 1 not ready, 2 usage or profile mistake, 3 incomplete."
)
ACCOUNT_HELP = (
    "Run only the checks that need no client: for whoever holds the account.\n\n"
    "[bold]golive account[/bold] reads golive.yaml, which needs no client for it: are the keys apart for each "
    "environment, is one in the source or its git history, is the IP allowlist one to sign? With [bold]golive "
    "account --api URL[/bold] the vendor's own sandbox is asked too, gently; --dry-run shows what would be sent.\n\n"
    "Keys come from environment variables or commands that the profile names. The exit status speaks of these "
    'checks alone, and the report says "incomplete": it is no readiness report.\n\n'
    "Exit status: 0 these are well, 1 they are not, 2 usage or profile mistake, 3 something was not tested."
)
DIFF_HELP = (
    "Compare two reports: what got worse, what got better, and what else is different.\n\n"
    "[bold]golive diff main-report golive-report[/bold] holds a new report against an old one, each a folder or its "
    "readiness.json. A check that fails in both is shown by how its counterexample differs. [bold]golive diff OLD NEW "
    "--markdown[/bold] is made to be a comment on a pull request.\n\n"
    "Worse are: a blocker or major check that newly fails without a waiver, or that was proven and is not any more "
    "(untested, declared only, in error, gone); a waiver that newly stands in the way; a worse verdict. Not worse, but "
    "told: a failure that is newly waived, advice, what was not asked for this time, what newly does not apply.\n\n"
    "Exit status: 0 nothing got worse, 1 something did, 2 no two reports that can be compared."
)
SANDBOX_HELP = (
    "Run the simulated API by itself, to develop against.\n\n"
    "It prints its base URL, a key, and an order to paste. What goes wrong is up to a file: with "
    "[bold]golive sandbox --schedule faults.yaml[/bold] the attempts of each order meet its faults in turn, and "
    "those after the last are served normally:\n\n"
    "\b\n"
    "- {fault: reset, when: after}\n"
    "- {fault: rate-limit, retry_after: seconds}\n"
    "- {fault: in-progress, form: 102-then-final, for: 2}\n"
)
KEYGEN_HELP = (
    "Make a key that signs reports, and the one that verifies them.\n\n"
    "[bold]golive keygen -o release[/bold] writes release.key, which only you can read, and release.pub for the "
    "reviewer. Then [bold]golive run --sign release.key[/bold], and on the reviewer's side [bold]golive verify "
    "golive-report --key release.pub[/bold]. A key that is there is never overwritten.\n\n"
    "A signature says that whoever has the private key made these files. It does not say that the run was honest."
)
SUMMARY_HELP = (
    "Print a report as Markdown that fits into a comment on a pull request.\n\n"
    "[bold]golive summary golive-report > comment.md[/bold] leaves out what matters least where there is too much, and "
    "says so. GitHub takes 65,536 characters, GitLab a million. The whole is readiness.md in the report's folder.\n\n"
    "Exit status: 0, whatever the report says, or 2 if there is none."
)
VERIFY_HELP = (
    "Check that a report's files fit together, and who signed them.\n\n"
    "[bold]golive verify golive-report --key release.pub[/bold] does the arithmetic again (counts, verdict, "
    "requirements, waivers), holds every check against the catalogue, judges the stored counterexamples again, makes "
    "the other files once more from readiness.json and compares them byte for byte, and verifies the signature. "
    "Without --key nobody's identity is checked. Nothing of the report is run.\n\n"
    "What does not fit is named, file by file and place by place. What a signature proves and what it does not is in "
    "docs/integrity.md.\n\n"
    "Exit status: 0 everything fits, 1 something does not, 2 usage mistake, 3 something could not be checked, as of a "
    "report of another version."
)

Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the report goes.")]
ProfileFile = Annotated[
    Path, typer.Option("-p", "--profile", metavar="FILE", help="The profile of the client.")
]


class Driver(StrEnum):
    python = "python"
    command = "command"
    worker = "worker"
    service = "service"


class Clock(StrEnum):
    real = "real"
    accelerated = "accelerated"
    virtual = "virtual"


def refuse(*lines: str) -> typer.Exit:
    """Says what is wrong with what was asked for; raise what it returns."""
    for line in lines:
        typer.echo(for_log(line), err=True)
    return typer.Exit(USAGE)


@contextmanager
def mistakes_refused() -> Iterator[None]:
    """What turns out to be wrong inside is said, and is the end of the command."""
    from conformance.mistakes import Mistakes

    try:
        yield
    except Mistakes as mistakes:
        raise refuse(*mistakes.lines) from None


def jobs(wanted: str | None) -> str | None:
    if wanted is None or wanted == "auto" or (wanted.isascii() and wanted.isdecimal() and int(wanted) > 0):
        return wanted
    raise typer.BadParameter("should be a number from 1, or auto")


def part(wanted: str | None) -> str | None:
    if wanted is not None:
        from conformance.sharding import read_shard

        try:
            read_shard(wanted)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return wanted


def seconds(wanted: float | None) -> float | None:
    if wanted is None or 0 < wanted < float("inf"):
        return wanted
    raise typer.BadParameter("should be a number of seconds above 0")


def endpoint(context: typer.Context, parameter: typer.CallbackParam, wanted: str | None) -> str | None:
    """Looked at before any other process could be told of it, and list it."""
    if wanted is None:
        return None
    from conformance.production import read_endpoint

    with mistakes_refused():
        return read_endpoint(f"--{parameter.name}", wanted)


def not_the_key(wanted: str | None) -> str | None:
    """Looked at before any other process could be told of it, and list it."""
    if wanted is not None:
        from conformance.signing_keys import THE_KEY_ITSELF, is_key_itself

        if is_key_itself(wanted):
            raise refuse(THE_KEY_ITSELF)
    return wanted


Sign = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        callback=not_the_key,
        help="Sign the report: a key's file, or env:NAME of a variable that holds it; see golive keygen.",
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(metavar="GLOB", help="Only checks like this, such as 'retries.*'. Repeatable."),
]
Skip = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="No checks like this. Repeatable.")]
Examples = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Generated trials a check, beside the fixed ones.")
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="The same seed gives the same run. Made up, and printed, unless given."),
]
Api = Annotated[
    str | None,
    typer.Option(
        metavar="URL", callback=endpoint, help="A real endpoint, for the checks of the section sandbox."
    ),
]
Jobs = Annotated[
    str | None,
    typer.Option("-j", "--jobs", metavar="N|auto", callback=jobs, help="Processes that share the checks."),
]
Budget = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        callback=seconds,
        help="Begin nothing after that; what was cut is listed, and untested.",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, metavar="N", help="Of the sandbox, for a service that is running already."
    ),
]
Part = Annotated[
    str | None,
    typer.Option(metavar="I/N", callback=part, help="Only part I of N, such as 1/3; then: golive merge."),
]
Proxy = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        callback=endpoint,
        help="The vendor's own sandbox, which the client then meets through golive, on the real clock.",
    ),
]
Production = Annotated[
    bool, typer.Option("--i-know-this-is-production", help="Addresses and keys of production are meant.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be sent to the --api; send nothing.")
]


def refuse_keys(arguments: list[str]) -> None:
    """Before anything else could repeat them."""
    if all(len(argument) < SHORTEST_KEY and "key" not in argument for argument in arguments):
        return
    from conformance.contracts import builtin_names, load_contract
    from conformance.production import refuse_keys_among

    told = refuse_keys_among(arguments, map(load_contract, builtin_names()))
    if told:
        typer.echo(told, err=True)
        raise SystemExit(USAGE)

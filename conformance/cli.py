"""The `golive` command: thin. Everything that costs start-up time is imported inside the commands.

What must never be known here: how anything is done; each command calls the one module that knows.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from conformance.arguments import (
    ACCOUNT_HELP,
    DIFF_HELP,
    KEYGEN_HELP,
    RUN_HELP,
    SANDBOX_HELP,
    SUMMARY_HELP,
    VERIFY_HELP,
    Api,
    Budget,
    Clock,
    Driver,
    DryRun,
    Examples,
    Jobs,
    Output,
    Part,
    Port,
    Production,
    ProfileFile,
    Proxy,
    Seed,
    Select,
    Sign,
    Skip,
    mistakes_refused,
    refuse,
    refuse_keys,
)

INCOMPLETE = 3

app = typer.Typer(
    name="golive",
    help="Proves that a client of a payments-like HTTP API is ready to go live.\n\n"
    "golive hands orders to your client in front of a sandbox that misbehaves on purpose, and judges what "
    "happened: retries that never buy twice, back-off, every error class, the pinned version, the key kept "
    "secret. Start with [bold]golive demo[/bold], then [bold]golive init[/bold] and [bold]golive run[/bold].\n\n"
    "Exit status: 0 ready, 1 not ready, 2 usage or profile mistake, 3 incomplete.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command(rich_help_panel="Start here")
def demo(
    bad: Annotated[bool, typer.Option("--bad", help="A client with faults worth looking at.")] = False,
    output: Output = Path("golive-report"),
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed gives the same run.")] = None,
) -> None:
    """Examine a bundled client: a whole run with nothing configured."""
    from conformance.launch import launch
    from conformance.paths import demo_profile

    label = "demo --bad" if bad else "demo"
    raise typer.Exit(launch(demo_profile(bad=bad), output, seed=seed, label=label))


@app.command(rich_help_panel="Start here")
def init(
    driver: Annotated[
        Driver,
        typer.Option(
            help="python: a function. command: a program, started once an order. worker: a program that stays, "
            "and takes a line for each order. service: an HTTP service that orders are posted to."
        ),
    ] = Driver.python,
    profile: ProfileFile = Path("golive.yaml"),
) -> None:
    """Write a commented golive.yaml to fill in."""
    from conformance.profile import template

    try:
        with profile.open("x", encoding="utf-8") as file:
            file.write(template(driver.value))
    except FileExistsError:
        raise refuse(f"{profile} is there already; remove it, or name another file with -p") from None
    except OSError as error:
        raise refuse(f"{profile} cannot be written: {_reason(error)}") from None
    typer.echo(f"Wrote {profile}. Fill in the client, then: golive run{_named(profile)}")


@app.command(rich_help_panel="Start here", help=RUN_HELP)
def run(
    profile: ProfileFile = Path("golive.yaml"),
    output: Output = Path("golive-report"),
    select: Select = None,
    skip: Skip = None,
    jobs: Jobs = None,
    examples: Examples = None,
    budget: Budget = None,
    seed: Seed = None,
    clock: Annotated[
        Clock | None, typer.Option(help="The fastest that the client can live on, unless given.")
    ] = None,
    port: Port = None,
    shard: Part = None,
    proxy: Proxy = None,
    api: Api = None,
    production: Production = False,
    dry_run: DryRun = False,
    sign: Sign = None,
) -> None:
    from conformance.launch import launch

    if port is not None and jobs not in (None, "1"):
        raise refuse("--port: several processes cannot share one port; leave out -j, or say -j 1")
    raise typer.Exit(
        launch(
            profile,
            output,
            select=select or (),
            skip=skip or (),
            jobs=jobs,
            examples=examples,
            seed=seed,
            clock=clock.value if clock else None,
            budget=budget,
            port=port,
            shard=shard,
            api=api,
            proxy=proxy,
            production=production,
            dry_run=dry_run,
            sign=sign,
        )
    )


@app.command(rich_help_panel="Start here", help=ACCOUNT_HELP)
def account(
    profile: ProfileFile = Path("golive.yaml"),
    output: Output = Path("golive-report"),
    select: Select = None,
    skip: Skip = None,
    examples: Examples = None,
    seed: Seed = None,
    api: Api = None,
    production: Production = False,
    dry_run: DryRun = False,
    sign: Sign = None,
) -> None:
    from conformance.launch import launch

    raise typer.Exit(
        launch(
            profile,
            output,
            select=select or (),
            skip=skip or (),
            examples=examples,
            seed=seed,
            api=api,
            production=production,
            dry_run=dry_run,
            account=True,
            sign=sign,
        )
    )


@app.command(rich_help_panel="Start here")
def merge(
    parts: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="The reports of golive run --shard, all of them.")
    ],
    output: Output = Path("golive-report"),
    sign: Sign = None,
) -> None:
    """Join the reports on the parts of a run into one.

    [bold]golive merge part-1 part-2 part-3[/bold]: the verdict is that of the whole, and so is the exit status, as
    for golive run. What does not belong together, leaves a gap or contradicts itself is refused, with status 2.
    """
    from conformance.joining import join

    with mistakes_refused():
        status = join(parts, output, sign)
    raise typer.Exit(status)


@app.command(rich_help_panel="Look closer", help=DIFF_HELP)
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A report's folder, or its readiness.json.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The report that is held against it.")],
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, for a comment.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON, to reports/comparison.schema.json.")
    ] = False,
) -> None:
    from conformance import comparing

    if markdown and as_json:
        raise refuse("--markdown and --json: only one of them can be written")
    with mistakes_refused():
        status = comparing.diff(old, new, "markdown" if markdown else "json" if as_json else "terminal")
    raise typer.Exit(status)


@app.command(rich_help_panel="Look things up")
def checks(
    as_json: Annotated[
        bool, typer.Option("--json", help="A list of id, section, severity, title, requirements.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="All that is to be said of each, as one page.")
    ] = False,
) -> None:
    """List every check."""
    from conformance import catalogue
    from conformance.explanation import entries, handbook, table

    known = catalogue.checks()
    told = handbook(known) if markdown else entries(known) if as_json else table(known)
    typer.echo(told, nl=False)


@app.command(rich_help_panel="Look things up")
def explain(
    check: Annotated[
        str,
        typer.Argument(
            metavar="CHECK", help="Its id, such as retries.exactly-once; golive checks lists all."
        ),
    ],
) -> None:
    """What a check asks, why, how it is tested, and how to mend what it finds."""
    from conformance.explanation import explanation

    try:
        text = explanation(check)
    except LookupError as error:
        raise refuse(str(error.args[0])) from None
    typer.echo(text)


@app.command(rich_help_panel="Look things up")
def schema() -> None:
    """Print the JSON Schema of readiness.json."""
    from conformance.paths import REPORTS

    typer.echo((REPORTS / "readiness.schema.json").read_text(encoding="utf-8"), nl=False)


@app.command(rich_help_panel="Look closer", help=SUMMARY_HELP)
def summary(
    report: Annotated[Path, typer.Argument(metavar="DIR", help="A report's folder.")] = Path("golive-report"),
    most: Annotated[int, typer.Option(min=20_000, metavar="BYTES", help="How much it may be.")] = 65_536,
) -> None:
    from conformance.reporting.markdown import to_markdown
    from conformance.reporting.stored import stored_report

    with mistakes_refused():
        text = to_markdown(stored_report(report), most=most)
    typer.echo(text.encode(), nl=False)  # whatever the terminal would have: it is for a file or a forge


@app.command(rich_help_panel="Sign and verify", help=KEYGEN_HELP)
def keygen(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="NAME", help="NAME.key is private, NAME.pub public.")
    ] = Path("golive-signing"),
) -> None:
    from conformance.signing_keys import make_keys, what_to_do_with

    with mistakes_refused():
        private, public, key_id = make_keys(output)
    typer.echo(what_to_do_with(private, public, key_id))


@app.command(rich_help_panel="Sign and verify", help=VERIFY_HELP)
def verify(
    report: Annotated[Path, typer.Argument(metavar="DIR", help="A report's folder, as it was handed over.")],
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="PUB", help="The public key of whoever should have signed it, from golive keygen."
        ),
    ] = None,
    contract: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The contract, where it is none that comes with golive."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What came of it, as JSON.")] = False,
) -> None:
    from conformance.verifying import verify_report

    with mistakes_refused():
        status = verify_report(report, key, contract, as_json=as_json)
    raise typer.Exit(status)


@app.command(rich_help_panel="Look closer", help=SANDBOX_HELP)
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 takes a free one.")] = 0,
    tls: Annotated[bool, typer.Option("--tls", help="HTTPS, with a certificate made for this run.")] = False,
    schedule: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Faults that the attempts of each order meet in turn.")
    ] = None,
    contract: Annotated[str, typer.Option(help="A built-in contract, or a file.")] = "",
) -> None:
    from conformance.standalone import serve

    try:
        with mistakes_refused():
            serve(port, tls=tls, schedule=schedule, contract=contract or None)
    except OSError as error:
        raise refuse(f"port {port} cannot be listened on: {_reason(error)}; try another --port") from None


@app.command(rich_help_panel="Look closer")
def replay(
    report: Annotated[Path, typer.Argument(metavar="DIR", help="A report's folder.")],
    check: Annotated[str, typer.Argument(metavar="CHECK", help="A check that failed in it.")],
    profile: Annotated[
        Path | None, typer.Option("-p", "--profile", metavar="FILE", help="The report's own unless given.")
    ] = None,
    port: Port = None,
) -> None:
    """Run the stored counterexample of a check again, to see whether it is mended.

    [bold]golive replay golive-report retries.exactly-once[/bold]: exit status 1 if it still fails, 0 if not.
    """
    import traceback

    from conformance.mistakes import Mistakes
    from conformance.repetition import replay_counterexample
    from conformance.rigs import RigError

    try:
        still = replay_counterexample(report, check, profile, port)
    except Mistakes as mistakes:
        raise refuse(*mistakes.lines) from None
    except RigError as error:
        raise refuse(str(error)) from None
    except Exception:  # noqa: BLE001  whatever breaks in the suite must not read as "still fails"
        refuse(traceback.format_exc() + "The suite itself went wrong: nothing is known.")
        raise typer.Exit(INCOMPLETE) from None
    raise typer.Exit(1 if still else 0)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from conformance import __version__

        typer.echo(f"golive {__version__}")
        raise typer.Exit


def _reason(error: OSError) -> str:
    """The system's own words: libraries add theirs to `strerror`."""
    return os.strerror(error.errno) if error.errno else str(error)


def _named(profile: Path) -> str:
    return "" if profile == Path("golive.yaml") else f" -p {profile}"


def main() -> None:
    refuse_keys(sys.argv[1:])
    app()


if __name__ == "__main__":
    main()

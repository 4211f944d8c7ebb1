"""The keys that there are: one for each environment, used where it belongs, and none of them in the source."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from conformance.check import NotApplicable, Note, Observed, Remark, Unmet, inspected
from conformance.finding import Violation
from conformance.hygiene.history import Place
from conformance.hygiene.leaks import search
from conformance.hygiene.repository import GitTrouble
from conformance.hygiene.source import Finder
from conformance.keys import KeyUnavailable
from conformance.mistakes import correction
from conformance.premises import Premises
from conformance.production import environment_of, host_of

TREE, HISTORY = "the working tree", "the history"
MOST_LISTED = 20


@inspected(
    "account.key-matches-environment",
    severity="major",
    title="Each key goes to its own environment",
    impact="Tests spend real money, or the first real orders are refused on the day of going live.",
    remedy="Name each key under the environment that it was issued for, and take base URL and key from the same place, "
    "so that one cannot be changed without the other.",
    why="A test machine is set up with the production key because that was the one at hand, and the test suite buys "
    "real gift cards all night. Or production is deployed with the base URL of the sandbox, and every order "
    "succeeds, and nothing is ever delivered.",
)
def key_matches_environment(premises: Premises) -> Iterator[Remark]:
    """The prefix of each key that the profile names is compared with the environment that it is named for, and every
    address that is fixed in the client's settings, or was given to golive, with the key that would go there.

    Each key has a prefix of its environment, and no address leads to another environment than its key belongs to.
    golive itself sends nothing to production, and no key of production, unless it was told that this is meant.
    """
    contract, profile = premises.contract, premises.profile
    if not premises.keys.names:
        yield NotApplicable("account not examined: the profile names no keys")
        return
    remarks = [remark for name in premises.keys.names for remark in _of_its_environment(premises, name)]
    for variable, value in (profile.client.env if profile.client else {}).items():
        name = environment_of(value, contract)
        if name not in (None, contract.sandbox_environment):
            given = f"and the client is given a key of {contract.sandbox_environment} with it"
            remarks.append(Violation("address elsewhere", f"client.env.{variable} leads to {name}, {given}"))
    if premises.endpoint and environment_of(premises.endpoint, contract) is None:
        option = "--proxy" if premises.behind_proxy else "--api"
        remarks.append(Note(f"{option}: the contract knows no environment at {host_of(premises.endpoint)}"))
    elif premises.endpoint and premises.environment not in premises.keys.names:
        remarks.append(Unmet(f"the endpoint is {premises.environment}, and the profile names no key for it"))
    yield from remarks
    if not any(isinstance(remark, Unmet) for remark in remarks):
        yield Observed()


def _of_its_environment(premises: Premises, name: str) -> Iterator[Remark]:
    contract = premises.contract
    known = contract.environments.get(name)
    if known is None:
        right = correction(name, list(contract.environments), "there are")
        yield Unmet(f"account.keys.{name}: {contract.title} has no environment of that name; {right}")
        return
    try:
        key = premises.keys.key(name)
    except KeyUnavailable as unavailable:
        yield Unmet(str(unavailable))
        return
    belongs = contract.environment_of_key(key.reveal())
    if belongs != name:
        actual = f"is one of {belongs}" if belongs else "begins as no key does that the contract knows"
        yield Violation(
            "key of another environment",
            f"the key that is named for {name} {actual} ({key}); it should begin with "
            f"{' or '.join(known.key_prefixes)}",
        )


@inspected(
    "account.key-per-environment",
    severity="major",
    title="Every environment has a key of its own",
    impact="Whoever gets hold of a test machine can order with real money, and no key can be revoked by itself.",
    remedy="Have a key issued for each environment, and for each application, and name each of them in the profile.",
    why="One key in every place means that the least guarded one decides: a developer's laptop, a CI job, a staging "
    "machine. And when it leaks it cannot be revoked without stopping production.",
)
def key_per_environment(premises: Premises) -> Iterator[Remark]:
    """The keys that the profile names for its environments are read from where it says, and compared with each other,
    public prefix and secret part each by itself.

    There are at least two, all of them could be read, and no two have the same prefix or the same secret.
    """
    names = premises.keys.names
    if not names:
        yield NotApplicable("account not examined: the profile names no keys")
        return
    if len(names) == 1:
        yield NotApplicable(
            f"the profile names one key, of {names[0]}: with another there is something to compare"
        )
        return
    keys = []
    for name in names:
        try:
            keys.append(premises.keys.key(name))
        except KeyUnavailable as unavailable:
            yield Unmet(str(unavailable))
    for first, second in combinations(keys, 2):
        both = f"the keys of {first.environment} and {second.environment}"
        if first.canary.secret == second.canary.secret:
            same = "are the same" if first.reveal() == second.reveal() else "have the same secret part"
            yield Violation("same key", f"{both} {same} ({first})")
        elif first.prefix and first.prefix == second.prefix:
            yield Violation(
                "same prefix", f"{both} have the same prefix ({first}), so that nobody can tell them apart"
            )
    if len(keys) == len(names):
        yield Observed()


@inspected(
    "account.key-not-in-source",
    severity="blocker",
    title="No key is in the source or its history",
    impact="Everybody who can read the repository, today or from an old clone, can order in your name.",
    remedy="Revoke the key now: taking it out is not enough, since every clone has it. Then read keys from the "
    "environment or a secret manager, have git ignore the files that hold them, and let CI look for keys.",
    why="Somebody pastes a key into a test to see whether it works, and commits it. It is taken out a day later, but "
    "stays in the history, in every clone, fork and backup. Years later the repository is opened, sold or copied to "
    "a contractor, and machines that look for keys find it within minutes.",
    aspects=(TREE, HISTORY),
)
def key_not_in_source(premises: Premises) -> Iterator[Remark]:
    """Every tracked file, and every object that git still has (all branches and tags, deleted and renamed files,
    messages, stashes, commits that nothing leads to any more), is searched for the keys that the profile names, in
    plain and encoded, and for every string in the shape of a key. Files in gzip, bzip2, xz and zip, and text in
    UTF-16, are looked into. The documentation's example and what only stands for a key are no findings.

    The files were read, the history is whole, and neither held a key. Files that git ignores may hold keys. Where
    there is no git repository, or the profile asks for no history, the files decide alone, and a note says so.
    """
    keys = []
    for name in premises.keys.names:
        try:
            keys.append(premises.keys.key(name))
        except KeyUnavailable as unavailable:
            yield Note(f"the key of {name} was looked for by its shape alone: {unavailable}")
    finder = Finder(premises.contract, keys)
    profile = premises.profile
    try:
        found = search(profile.folder / profile.source.path, finder, history=profile.source.history)
    except GitTrouble as trouble:
        yield Unmet(finder.redacted(str(trouble)), TREE)
        yield Unmet(finder.redacted(str(trouble)), HISTORY)
        return
    ranked = sorted(found.places, key=lambda place: (place.standing != "now", not place.sight.hit.whose))
    for place in ranked[:MOST_LISTED]:
        yield Violation("key in source", _told(place), location=place.location)
    if len(ranked) > MOST_LISTED:
        yield Violation(
            "further keys", f"and {len(ranked) - MOST_LISTED:,} more places, which are not listed"
        )
    yield from map(Note, found.notes)
    yield Unmet(found.no_files, TREE) if found.no_files else Observed(TREE)
    if found.no_history:
        yield Unmet(found.no_history, HISTORY)
    else:
        yield Observed(HISTORY) if found.history_wanted else NotApplicable("not searched", aspect=HISTORY)


def _told(place: Place) -> str:
    hit, location = place.sight.hit, place.location
    what = f"the key of {hit.whose}" if hit.whose else "a string in the shape of a key"
    shown = ", ".join(part for part in (f"{hit.prefix}…" if hit.prefix else "", _form(hit.form)) if part)
    line = f", line {location.line:,}" if location.line else ""
    commit = (location.commit or "")[:12]
    where = {
        "now": f"stands in {location.path}{line}" + (f", since commit {commit}" if commit else ""),
        "once": f"is in the history: {location.path}{line} of commit {commit}",
        "lost": f"is in a commit that no branch or tag leads to any more: {location.path}{line} of {commit}",
        "staged": f"is staged: {location.path}{line}",
        "said": f"stands in {location.path}" + (f" of {commit}" if commit else ""),
    }[place.standing]
    return f"{what}{f' ({shown})' if shown else ''} {where}"


def _form(form: str) -> str:
    return "" if form == "plain" else form

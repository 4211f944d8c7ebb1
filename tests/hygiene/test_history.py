"""Keys that are buried in the history of a repository are found, with file, line and commit, wherever they lie."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from hygiene_repositories import CONTRACT, KEY, OWN, STRANGER, Bury, Repo, made_up

from conformance.finding import Location
from conformance.hygiene.leaks import search
from conformance.hygiene.repository import GitTrouble, repository_of
from conformance.hygiene.source import Finder


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "work")
    made.commit(main__py="print('hello')\n")
    return made


def _deleted(repo: Repo) -> None:
    repo.commit(settings__py=f"one\ntwo\nKEY = '{KEY}'\n")
    repo.git("rm", "-q", "settings.py")
    repo.commit("gone")


def _renamed_then_deleted(repo: Repo) -> None:
    repo.commit(settings__py=f"one\ntwo\nKEY = '{KEY}'\n")
    repo.git("mv", "settings.py", "other.py")
    repo.commit("moved")
    repo.git("rm", "-q", "other.py")
    repo.commit("gone")


def _on_another_branch(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "attempt")
    repo.commit(settings__py=f"one\ntwo\nKEY = '{KEY}'\n")
    repo.git("checkout", "-q", "main")


def _in_a_merge_alone(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit(side__py="1\n")
    repo.git("checkout", "-q", "main")
    repo.commit(main2__py="2\n")
    repo.git("merge", "-q", "--no-commit", "--no-ff", "side")
    repo.commit("merged", settings__py=f"one\ntwo\nKEY = '{KEY}'\n")
    repo.git("rm", "-q", "settings.py")
    repo.commit("gone")


def _packed(repo: Repo) -> None:
    _deleted(repo)
    repo.git("gc", "-q", "--aggressive", "--prune=now")
    assert not list((repo.folder / ".git/objects").glob("[0-9a-f][0-9a-f]"))


def _in_a_stash(repo: Repo) -> None:
    repo.write("settings.py", f"one\ntwo\nKEY = '{KEY}'\n")
    repo.git("add", "settings.py")
    repo.git("stash", "-q")


def _amended_away(repo: Repo) -> None:
    repo.commit(settings__py=f"one\ntwo\nKEY = '{KEY}'\n")
    repo.write("settings.py", "nothing\n")
    repo.git("commit", "-q", "-a", "--amend", "-m", "as if nothing had been")


def _out_of_the_reflog_too(repo: Repo) -> None:
    _amended_away(repo)
    repo.git("reflog", "expire", "--expire=now", "--all")


def _in_a_note(repo: Repo) -> None:
    repo.git("notes", "add", "-m", f"one\ntwo\n{KEY}")


def _in_a_tag_of_a_blob(repo: Repo) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", given=f"one\ntwo\n{KEY}\n".encode())
    repo.git("tag", "odd", blob)


def _under_a_replaced_object(repo: Repo) -> None:
    bad = repo.commit(settings__py=f"one\ntwo\nKEY = '{KEY}'\n")
    good = repo.git("commit-tree", f"{bad}~1^{{tree}}", "-p", f"{bad}~1", "-m", "instead")
    repo.git("replace", bad, good)


def _staged_alone(repo: Repo) -> None:
    repo.write("settings.py", f"one\ntwo\n{KEY}\n")
    repo.git("add", "settings.py")
    repo.write("settings.py", "nothing")


BURIED = [value for name, value in list(globals().items()) if name.startswith("_") and callable(value)]


@pytest.mark.parametrize("bury", BURIED, ids=lambda bury: bury.__name__.strip("_"))
@pytest.mark.parametrize("known", [True, False], ids=["its own key", "by its shape"])
def test_a_key_is_found_wherever_git_still_has_it(repo: Repo, bury: Bury, known: bool) -> None:
    bury(repo)
    found = repo.found(*((OWN,) if known else ()))
    assert found.places
    assert {place.sight.hit.whose for place in found.places} == {"playground" if known else ""}
    assert any(place.location.line == 3 for place in found.places)
    assert not found.no_history
    assert KEY.partition(".")[2] not in repr(found)


def test_file_line_and_commit_are_named(repo: Repo) -> None:
    bad = repo.commit("a key", settings__py=f"one\ntwo\nKEY = '{KEY}'\n")
    repo.commit("another line above it", settings__py=f"zero\none\ntwo\nKEY = '{KEY}'\n")
    (place,) = repo.found(OWN).places
    assert (place.location, place.standing) == (Location("settings.py", 4, bad), "now")

    repo.commit("taken out", settings__py="nothing")
    (place,) = repo.found(OWN).places
    assert (place.location, place.standing) == (Location("settings.py", 3, bad), "once")


def test_the_first_commit_is_named_though_a_merge_has_it_too(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    bad = repo.commit(settings__py=f"KEY = '{KEY}'\n")
    repo.git("checkout", "-q", "main")
    repo.commit(other__py="1\n")
    repo.git("merge", "-q", "--no-ff", "side", "-m", "merged")
    (place,) = repo.found(OWN).places
    assert place.location.commit == bad


def test_a_commit_that_nothing_leads_to_is_told_as_such(repo: Repo) -> None:
    _amended_away(repo)
    assert [place.standing for place in repo.found().places] == ["lost"]


def test_what_was_staged_and_never_committed_is_a_note(repo: Repo) -> None:
    repo.write("settings.py", KEY)
    repo.git("add", "settings.py")
    repo.git("rm", "-q", "--cached", "settings.py")
    (repo.folder / "settings.py").unlink()
    found = repo.found(OWN)
    assert not found.places
    assert any("objects that no commit has" in note for note in found.notes)


def test_messages_and_names_are_looked_at(repo: Repo) -> None:
    repo.git("tag", "-a", "v1", "-m", f"released with {KEY}")
    repo.commit(f"use {KEY}")
    repo.git("branch", f"try-{KEY}")
    repo.write(f"dumps/{KEY}/a.txt", "x")
    repo.commit("named")
    repo.git("rm", "-rq", "dumps")
    repo.commit("gone")
    found = repo.found(OWN)
    shown = sorted(place.location.path for place in found.places)
    hidden = f"{OWN.prefix}.[secret]"
    assert shown == ["(commit message)", "(tag message)", f"dumps/{hidden}", f"refs/heads/try-{hidden}"]


def _zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config/app.properties", f"key={KEY}\n" * 3)
    return held.getvalue()


def _tarred() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        info = tarfile.TarInfo("app.properties")
        content = f"key={KEY}\n".encode()
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


PACKINGS = {
    "gzip": gzip.compress(f"key={KEY}\n".encode()),
    "gzip in two parts": gzip.compress(b"x\n") + gzip.compress(f"key={KEY}\n".encode()),
    "bzip2": bz2.compress(f"key={KEY}\n".encode()),
    "xz": lzma.compress(f"key={KEY}\n".encode()),
    "zip": _zipped(),
    "tar.gz": _tarred(),
    "UTF-16": f"key={KEY}\n".encode("utf-16"),
    "UTF-16 big-endian": f"key={KEY}\n".encode("utf-16-be"),
    "among zero bytes": b"\0" * 9_000 + KEY.encode() + b"\0" * 9_000,
    "a large file": b"x" * 9_000_000 + f"\nkey={KEY}\n".encode() + b"y" * 9_000_000,
    "over the edge of a piece": b"x" * (4 * 1024 * 1024 - 20) + b"\n" + KEY.encode() + b"\n" + b"y" * 100_000,
    "a large gzip file": gzip.compress(
        os.urandom(6_000_000).hex().encode() + b"\n" + KEY.encode() + b"\n", 1
    ),
}


@pytest.mark.parametrize("known", [True, False], ids=["its own key", "by its shape"])
@pytest.mark.parametrize("packing", PACKINGS)
def test_what_a_file_is_packed_in_hides_nothing(repo: Repo, packing: str, known: bool) -> None:
    repo.commit(data__bin=PACKINGS[packing])
    repo.git("rm", "-q", "data.bin")
    repo.commit("gone")
    assert [place.location.path for place in repo.found(*((OWN,) if known else ())).places] == ["data.bin"]


@pytest.mark.parametrize(
    "form",
    [
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(b"user:" + KEY.encode()).decode(),
        KEY.encode().hex(),
        OWN.canary.secret,
        OWN.canary.secret[3:17],
        "%20" + "".join(f"%{byte:02X}" for byte in KEY.encode()),
    ],
    ids=["base64", "Basic", "hex", "its secret alone", "a part of it", "percent"],
)
def test_ones_own_key_is_found_in_every_form(repo: Repo, form: str) -> None:
    repo.commit(notes__txt=f"see {form}\n")
    assert len(repo.found(OWN).places) == 1
    assert not repo.found(made_up(9)).places


def test_ignored_files_may_hold_keys_and_tracked_ones_may_not(repo: Repo) -> None:
    repo.write(".env", f"KEY={KEY}\n")
    repo.commit(__gitignore=".env\n")
    assert not repo.found(OWN).places
    repo.git("add", "-f", ".env")
    repo.commit("forced")
    assert [place.location.path for place in repo.found(OWN).places] == [".env"]


def test_a_file_that_is_neither_tracked_nor_ignored_is_a_note(repo: Repo) -> None:
    repo.write("scratch.py", f"KEY = '{KEY}'")
    found = repo.found(OWN)
    assert not found.places
    assert any(
        note.startswith("scratch.py holds a key, and is neither tracked nor ignored") for note in found.notes
    )


def test_the_working_tree_alone_where_the_history_is_not_wanted(repo: Repo) -> None:
    _deleted(repo)
    found = repo.found(OWN, history=False)
    assert (found.places, found.history_wanted) == ([], False)
    assert any("source.history" in note for note in found.notes)


def test_a_folder_below_limits_the_working_tree_and_not_the_history(repo: Repo) -> None:
    repo.commit(main__py=f"KEY = '{KEY}'")
    repo.write("service/app.py", "1")
    repo.commit("service")
    below = Finder(CONTRACT, (OWN,))
    assert search(repo.folder / "service", below, history=False).places == []
    assert [place.standing for place in search(repo.folder / "service", below).places] == ["once"]


def test_places_below_are_told_from_the_top(repo: Repo) -> None:
    repo.write("service/app.py", f"'{KEY}'")
    bad = repo.commit("service")
    (place,) = search(repo.folder / "service", Finder(CONTRACT, (OWN,))).places
    assert place.location == Location("service/app.py", 1, bad)


def test_a_shallow_clone_proves_nothing_of_the_history(repo: Repo, tmp_path: Path) -> None:
    _deleted(repo)
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "clone"))
    found = search(tmp_path / "clone", Finder(CONTRACT, (OWN,)))
    assert not found.places
    assert found.no_history.startswith(
        "the clone is shallow: of the history only 1 commit is here; git fetch --unshallow"
    )


def test_a_clone_without_blobs_proves_nothing_and_fetches_nothing(repo: Repo, tmp_path: Path) -> None:
    _deleted(repo)
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.folder}", str(tmp_path / "clone"))
    shutil.move(repo.folder, tmp_path / "away")
    found = search(tmp_path / "clone", Finder(CONTRACT, (OWN,)))
    assert "--filter" in found.no_history


def test_before_the_first_commit_nothing_is_proven(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "new")
    repo.write("app.py", "1")
    found = repo.found()
    assert found.no_files.startswith("git tracks no file there yet")
    assert found.no_history.startswith("there is no commit yet")


def test_without_git_the_folder_is_searched_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"KEY={KEY}\n")
    found = search(tmp_path, Finder(CONTRACT, (OWN,)))
    assert [place.location for place in found.places] == [Location(".env", 1)]
    assert any("no git repository" in note for note in found.notes)


def test_a_folder_that_git_ignores_is_searched_as_it_is(repo: Repo) -> None:
    repo.commit(__gitignore="built/\n")
    repo.write("built/app.py", f"'{KEY}'")
    found = search(repo.folder / "built", Finder(CONTRACT, (OWN,)))
    assert [place.location.path for place in found.places] == ["app.py"]
    assert any("git ignores the folder" in note for note in found.notes)


def test_a_bare_repository_has_a_history_alone(repo: Repo, tmp_path: Path) -> None:
    _deleted(repo)
    repo.git("clone", "-q", "--bare", str(repo.folder), str(tmp_path / "bare.git"))
    found = search(tmp_path / "bare.git", Finder(CONTRACT, (OWN,)))
    assert [place.standing for place in found.places] == ["once"]
    assert "bare" in found.no_files


def test_submodules_are_part_of_the_working_tree(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit(deep__py=f"'{KEY}'")
    repo.git("submodule", "--quiet", "add", str(other.folder), "vendored")
    repo.commit("a submodule")
    found = repo.found(OWN)
    assert [place.location.path for place in found.places] == ["vendored/deep.py"]
    assert any("history of submodules was not searched: vendored" in note for note in found.notes)


def test_a_link_that_leads_elsewhere_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(KEY)
    (repo.folder / "link").symlink_to(tmp_path / "secret.txt")
    repo.commit("a link")
    assert not repo.found(OWN).places


def test_nothing_that_is_configured_is_run(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "core.pager",
        "diff.x.textconv",
        "diff.external",
        "gpg.program",
        "diff.x.command",
    ):
        repo.git("config", name, str(trap))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "core.hooksPath", str(tmp_path))
    repo.write(".gitattributes", "* diff=x filter=x\n")
    repo.git("-c", "core.fsmonitor=false", "commit", "-q", "--allow-empty", "-m", "x")
    repo.write("settings.py", f"'{KEY}'")
    repo.git("-c", "core.fsmonitor=false", "add", "-A")
    repo.git("-c", "core.fsmonitor=false", "commit", "-q", "-m", "y")
    (tmp_path / "sprung").unlink(missing_ok=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    assert repo.found(OWN).places
    assert not (tmp_path / "sprung").exists()


def test_a_damaged_repository_is_told_and_proves_nothing(repo: Repo) -> None:
    _deleted(repo)
    for file in (repo.folder / ".git/objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"garbage")
    with pytest.raises(GitTrouble, match="git cannot read"):
        repo.found(OWN)


def test_a_repository_of_another_user_says_what_to_do(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr(
        "conformance.hygiene.repository._ENVIRONMENT", {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "LC_ALL": "C"}
    )
    with pytest.raises(GitTrouble, match=r"git config --global --add safe\.directory"):
        repository_of(repo.folder)


def test_without_git_a_repository_says_what_to_do(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GitTrouble, match="install git"):
        search(repo.folder, Finder(CONTRACT))


def test_another_key_of_the_same_shape_is_told_apart(repo: Repo) -> None:
    repo.commit(a__py=f"'{KEY}'", b__py=f"'{STRANGER.reveal()}'")
    found = {place.location.path: place.sight.hit for place in repo.found(OWN).places}
    assert (found["a.py"].whose, found["b.py"].whose) == ("playground", "")
    assert found["b.py"].prefix == STRANGER.prefix


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("tracked", [True, False])
def test_what_cannot_be_read_is_not_taken_for_clean(tmp_path: Path, tracked: bool) -> None:
    if tracked:
        Repo(tmp_path).commit(settings__py="1")
    (tmp_path / "settings.py").write_text("1")
    (tmp_path / "settings.py").chmod(0)
    found = search(tmp_path, Finder(CONTRACT))
    assert found.no_files == "could not be read: settings.py"


def test_a_file_that_fails_to_be_read_is_not_taken_for_clean(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("conformance.hygiene.leaks.sights", refused)
    assert repo.found().no_files == "could not be read: main.py"


def test_commits_of_repositories_whose_objects_it_uses_are_not_its_own(repo: Repo, tmp_path: Path) -> None:
    _amended_away(repo)
    repo.git("clone", "-q", "--shared", str(repo.folder), str(tmp_path / "clone"))
    found = search(tmp_path / "clone", Finder(CONTRACT, (OWN,)))
    assert found.places == []
    assert any("of other repositories" in note for note in found.notes)


def test_a_name_that_is_a_key_is_told_once(repo: Repo) -> None:
    bad = repo.commit(**{f"{STRANGER.reveal()}": "1"})
    (place,) = repo.found(OWN).places
    assert place.location == Location("[secret]", None, bad)

"""Markdown as the tests of the documentation read it: fenced blocks, headings, links, tables, inline code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^( *)```(\w*) ?(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block. `name`: the file name in its info string; `section`: the `##` heading it is under."""

    page: Path
    line: int
    language: str
    name: str
    text: str
    section: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in _blocks(page) if block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        indent, language, name, body = found.groups()
        sections = [match[2] for match in _HEADING.finditer(text, 0, found.start()) if match[1] == "##"]
        body = re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, language, name, body, sections[-1] if sections else "")


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> list[str]:
    """The fragments by which a page's headings are linked to, as code forges make them."""
    return [
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for _, heading in _HEADING.findall(prose(page))
    ]


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def inline_code(page: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(page))


def rows(page: Path, section: str) -> list[list[str]]:
    """The rows of the tables under a heading of any depth, without their heads; each a list of cells."""
    text = page.read_text("utf-8")
    start = re.search(rf"^#+ {re.escape(section)}$", text, re.MULTILINE)
    assert start, f"{page.name} has no heading {section!r}"
    following = _HEADING.search(text, start.end())
    part = text[start.end() : following.start() if following else None]
    tables = re.findall(r"^\|.*\|\n\|[-|]+\|\n((?:\|.*\|\n)*)", part, re.MULTILINE)
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        for table in tables
        for row in table.splitlines()
    ]

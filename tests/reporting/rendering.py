"""What readers make of the report's text: a Markdown page as a forge renders it, and the log of a build machine."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

OURS = re.compile(
    r"(<br>|<!-- -->|</?details>|<details><summary>(<code>[\w.-]+</code>)?[^<>]*(<!-- -->[^<>]*)*</summary>)\s*"
)
"""all the HTML that the report itself has"""


PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(text: str) -> list[Token]:
    """Of CommonMark with tables and HTML: what forges understand."""
    flat = []
    for token in PARSER.parse(text):
        flat.append(token)
        flat += token.children or []
    return flat


def markup(text: str) -> list[str]:
    """The kinds of everything on the page, in order; text and code alone are left out, however long they are."""
    plain = {"text", "softbreak", "inline", "html_inline", "text_special"}
    return [token.type for token in tokens(text) if token.type not in plain]


def foreign(text: str) -> list[str]:
    """What is on the page that the report has no use for: links, images, and HTML that is not ours."""
    found = []
    for token in tokens(text):
        if token.type in ("link_open", "image"):
            found.append(f"{token.type} {token.attrs}")
        elif token.type in ("html_inline", "html_block") and not OURS.fullmatch(token.content):
            found.append(token.content)
    return found


def called(text: str) -> list[str]:
    """Names and numbers that a forge would look up, and addresses that it would make a link of, outside of code."""
    shown = "\n".join(
        "".join(child.content if child.type == "text" else "\x00" for child in token.children)
        for token in PARSER.parse(text)
        if token.children
    )
    return re.findall(r"(?<![\w.])@\w+|[#!]\d+|\w+://|www\.\w+", shown)


def obeyed(text: str) -> list[str]:
    """The lines of a log that a build machine would carry out, as those of GitHub, Azure and TeamCity read them."""
    return [
        line for line in text.splitlines() if line.strip().startswith("::") or re.search(r"##(\w*)\[", line)
    ]


def hidden(text: str) -> list[str]:
    """Characters that do something else than to be seen: controls, directions, nothing at all."""
    return sorted(
        {
            f"U+{ord(each):04X}"
            for each in re.findall(
                "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
                "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
                "\U000e0000-\U000e0fff]",
                text,
            )
        }
    )

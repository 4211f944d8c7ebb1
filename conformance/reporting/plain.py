"""Makes text of foreign origin harmless to show: what a client wrote, sent or raised may hold anything.

What lives here: what is shown of it, in text and in JSON, and what a build machine must not take for an order.
What must never be known here: where the text came from, and what it is shown in. Escaping for HTML, XML or
Markdown is the business of each form.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue

_HARMLESS = re.compile(r"[\x20-\x7e\xa1-\xac\xae-\u02ff]*\Z")
_BREAKS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_MARKS_IN_A_ROW = 3
MOST_STORED = 20_000
"""characters of a string that a report keeps"""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
"""letters, marks and symbols that show nothing, in which text can be hidden"""
_ORDER = re.compile(r"^([^\S\n]*):(?=:)|#(?=#\w*\[)", re.MULTILINE)
"""what build machines obey in a log: `::add-mask::` at the beginning of a line, `##[` and `##vso[` anywhere"""


def plain(text: str, limit: int = 300, *, lines: bool = False) -> str:
    """The text with at most `limit` characters of the original, all of them visible and in reading order.

    Control characters, ANSI codes, surrogates, invisible and direction-changing characters are shown as
    escapes (`\\x1b`, `\\u202e`), towers of combining marks are cut down. Line breaks and tabs are escaped
    too, unless `lines` is set: then every kind of line break is a newline and a tab is four spaces.
    What was cut off is said at the end.
    """
    missing = len(text) - limit
    text = text[:limit]
    if lines:
        text = _BREAKS.sub("\n", text).replace("\t", "    ")
        text = "\n".join(visible(line) for line in text.split("\n"))
    else:
        text = visible(text)
    return text if missing <= 0 else f"{text}… ({missing:,} characters more)"


def obeyed_by_nobody(text: str) -> str:
    """The text as it may stand in the log of a build machine, which carries out what looks like an order to it.

    To be asked for whole lines, once they are as they will be printed: wrapping moves words to their beginnings.
    """
    return _ORDER.sub(lambda found: f"{found.group(1) or ''}{_escape(found.group()[-1])}", text)


def for_log(text: str) -> str:
    """The lines as they may be printed, wherever they come from: nothing is hidden in them, and nobody obeys them."""
    return obeyed_by_nobody("\n".join(map(visible, text.split("\n"))))


def plain_json(value: JsonValue, limit: int = MOST_STORED) -> JsonValue:
    """The same value as every JSON reader takes it: strings without lone surrogates and of `limit` characters
    at most, no infinite numbers. Everything else is left as it is, since JSON escapes it.
    """
    match value:
        case str():
            value = re.sub(r"[\ud800-\udfff]", _escape, value)
            missing = len(value) - limit
            return value if missing <= 0 else f"{value[:limit]}… ({missing:,} characters more)"
        case list():
            return [plain_json(item, limit) for item in value]
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {str(plain_json(key, limit)): plain_json(item, limit) for key, item in value.items()}
        case _:
            return value


def visible(text: str) -> str:
    """The whole text, as `plain` shows it. What is visible already stays as it is."""
    if _HARMLESS.match(text):
        return text
    shown = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hidden = (
            category[0] == "C"
            or category in ("Zl", "Zp")
            or marks > _MARKS_IN_A_ROW
            or _BLANK.match(character) is not None
        )
        shown.append(_escape(character) if hidden else character)
    return "".join(shown)


def _escape(found: re.Match[str] | str) -> str:
    character = found if isinstance(found, str) else found.group()
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

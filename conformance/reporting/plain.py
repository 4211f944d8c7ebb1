"""Makes text of foreign origin harmless to show: what a client wrote, sent or raised may hold anything.

What lives here: one function for text, one for JSON.
What must never be known here: where the text came from, and what it is shown in. Escaping for HTML, XML or
Markdown is the business of each form.
"""

from __future__ import annotations

import math
import re
import unicodedata

from pydantic import JsonValue

_HARMLESS = re.compile(r"[\x20-\x7e\xa1-\xac\xae-\u02ff]*\Z")
_BREAKS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_MARKS_IN_A_ROW = 3


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
        text = "\n".join(_visible(line) for line in text.split("\n"))
    else:
        text = _visible(text)
    return text if missing <= 0 else f"{text}… ({missing:,} characters more)"


def plain_json(value: JsonValue, limit: int = 20_000) -> JsonValue:
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


def _visible(text: str) -> str:
    if _HARMLESS.match(text):
        return text
    shown = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hidden = category[0] == "C" or category in ("Zl", "Zp") or marks > _MARKS_IN_A_ROW
        shown.append(_escape(character) if hidden else character)
    return "".join(shown)


def _escape(found: re.Match[str] | str) -> str:
    character = found if isinstance(found, str) else found.group()
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

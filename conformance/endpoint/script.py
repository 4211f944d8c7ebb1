"""What is to be asked of an endpoint, as data: frozen, complete, and the same on every machine.

What lives here: requests by what is wrong or special about them, and scripts, which are rows of them.
What must never be known here: the account's key, the goods that there are, and how anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Form = Literal["compact", "spaced", "reordered", "numbers"]
"""how an order is written: `numbers` writes each of them in another way, which means the same"""
Credential = Literal[
    "account",  # the account's own key
    "none",
    "empty",
    "other-case",  # of the letters in the secret part
    "other-character",  # one, at `Ask.position`
    "cut",  # the last character is missing
    "longer",  # by one character
    "prefix-only",
    "other-secret",  # behind the account's own prefix
    "foreign",  # a key that nobody has, in the right shape
]

KEYS: Mapping[Credential, str] = {
    "account": "the account's key",
    "none": "no key",
    "empty": "an empty key",
    "other-case": "the account's key, its letters in the other case,",
    "other-character": "the account's key, one character changed,",
    "cut": "the account's key, its last character missing,",
    "longer": "the account's key, one character longer,",
    "prefix-only": "nothing but the account's public prefix",
    "other-secret": "another secret behind the account's prefix",
    "foreign": "a key that nobody has",
}
FORMS: Mapping[Form, str] = {
    "compact": "as it was",
    "spaced": "other white space",
    "reordered": "another order of properties",
    "numbers": "numbers written otherwise",
}
"""in words"""


@dataclass(frozen=True, slots=True)
class Body:
    """The smallest order that the endpoint sells, with so many steps of face value `more`, so many times its one item,
    or a `remark` in its free text. `sold` False: of a product that nobody sells. `text`: these characters instead.
    """

    form: Form = "compact"
    more: int = 0
    items: int = 1
    remark: str | None = None
    sold: bool = True
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `operation`: by the contract's name. Those of a script with the same `name` have the same
    idempotency key, "" is none. `version`: the contract's current one if None, none at all if "". `path`: instead of
    the operation's, below the base URL. `order_of`: the index of the request of the script whose order is meant;
    `of_goods`: the product that is ordered here is.
    """

    operation: str
    credential: Credential = "account"
    position: int = 0
    version: str | None = None
    name: str = ""
    empty_name: bool = False
    mode: str | None = None
    trigger: str | None = None
    body: Body | None = None
    path: str | None = None
    method: str | None = None
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    order_of: int | None = None
    of_goods: bool = False

    @property
    def is_sound(self) -> bool:
        """Is there nothing wrong with it, so that it ought to be accepted?"""
        sold = self.body is None or (self.body.sold and self.body.text is None)
        return self.credential == "account" and self.trigger is None and self.version is None and sold


@dataclass(frozen=True, slots=True)
class Script:
    """Requests in turn, of one account. What is judged is the whole."""

    asks: tuple[Ask, ...]

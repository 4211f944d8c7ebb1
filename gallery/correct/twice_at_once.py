"""urllib with two attempts a call, the second at once: what is still undecided then goes back to the caller."""

from __future__ import annotations

import http.client
import json
import sqlite3
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing

from gallery.correct.courtesy import look_at_version

KEPT = 29 * 24 * 3600


class Refused(Exception):
    """Says which error it was in its text alone."""


class Undecided(Exception):
    outcome = "unknown"


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


def place_order(order, context):
    key, body, since, in_doubt = _stored(context, order)
    if time.time() - since > KEPT:
        raise Undecided("the API has forgotten the key")
    headers = {
        "X-Api-Key": context.api_key,
        "X-Api-Version": context.api_version,
        "X-Idempotency-Key": key,
        "Content-Type": "application/json",
    }
    for _ in range(2):
        status, answer = _attempt(f"{context.base_url}/order", body, headers)
        if 200 <= status < 300 and "id" in answer:
            return {"id": answer["id"], "status": answer["status"]}
        type_ = answer.get("type")
        if status == 429 or type_ == "idempotency_in_progress":
            break
        if 400 <= status < 500:
            raise (Undecided if in_doubt else Refused)(f"the API says no: {type_}")
        in_doubt = True
    raise Undecided(f"status {status}")


def _attempt(url, body, headers):
    """Status and answer; no status when none came."""
    try:
        with OPENER.open(urllib.request.Request(url, body.encode(), headers), timeout=20) as response:
            look_at_version(response.headers, headers["X-Api-Version"])
            return response.status, _object(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _object(error.read())
    except (OSError, http.client.HTTPException):
        return 0, {}


def _object(text):
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _stored(context, order):
    """Key and body of the reference, and whether they may have been sent before."""
    with closing(sqlite3.connect(context.state_dir / "orders.db", timeout=60)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS orders (reference PRIMARY KEY, key, body, since)")
        new = database.execute(
            "INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)",
            (context.reference, str(uuid.uuid4()), json.dumps(order), time.time()),
        ).rowcount
        stored = database.execute(
            "SELECT key, body, since FROM orders WHERE reference = ?", (context.reference,)
        ).fetchone()
    return (*stored, not new)

"""A client that puts hostile text wherever a client can, in every way of being driven. Copied into a project."""

import http.server
import json
import os
import socket
import sys
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEXT = (HERE / "hostile.txt").read_bytes().decode("utf-8", "surrogatepass")
SHOUT = (TEXT + "\n").encode("utf-8", "surrogatepass") * 300
"""a third of a megabyte, for each order and stream"""
LINE = SHOUT[:1_500].translate(None, b"\r\n\0")


def place_order(order, context):
    return outcome(order, context.base_url, context.api_key, context.reference)


def outcome(order, base_url, api_key, reference):
    shout()
    send(order, base_url, api_key)
    match sum(reference.encode()) % 4:
        case 0:
            return {"outcome": "created", "order_id": TEXT[:200], "status": TEXT[-200:]}
        case 1:
            return {"outcome": "rejected", "type": TEXT[:200]}
        case 2:
            return {"outcome": TEXT}
    raise RuntimeError(TEXT)


def shout():
    for name in "stdout", "stderr":
        stream = getattr(sys, name)
        raw = getattr(stream, "buffer", None)
        raw.write(SHOUT) if raw else stream.write(TEXT)
        stream.flush()
    (HERE / "logs").mkdir(exist_ok=True)
    with (HERE / "logs" / "app.log").open("ab") as log:
        log.write(SHOUT)


def send(order, base_url, api_key):
    """One request with hostile headers and no version, and another that is none."""
    address = urllib.parse.urlsplit(base_url)
    body = json.dumps(order).encode()
    head = [
        b"POST " + address.path.encode() + b"/order?q=%1b%5b31m%3Cscript%3E::add-mask::x HTTP/1.1",
        b"Host: " + address.netloc.encode(),
        b"X-Api-Key: " + api_key.encode(),
        b"X-Idempotency-Key: ::add-mask::" + os.urandom(4).hex().encode() + b"<script>|`@octocat ##[x]",
        b"User-Agent: " + bytes(each for each in LINE if each >= 32 and each != 127),
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
        b"Connection: close",
    ]
    for request in b"\r\n".join(head) + b"\r\n\r\n" + body, SHOUT[:2_000]:
        try:
            with socket.create_connection((address.hostname, address.port), timeout=20) as line:
                line.sendall(request)
                while line.recv(65536):
                    pass
        except OSError:
            pass


def asked(question):
    return outcome(
        question["order"],
        os.environ["API_URL"],
        os.environ["API_KEY"],
        question["reference"],
    )


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"ready": True})

    def do_POST(self):
        try:
            self.answer(asked(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        except RuntimeError as error:
            self.answer({"error": str(error)}, 500)

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status, TEXT[:40].encode("ascii", "ignore").decode().replace("\n", " "))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(way, *port):
    if way == "command":
        print(json.dumps(asked(json.loads(sys.stdin.readline()))), flush=True)
    elif way == "worker":
        for line in sys.stdin:
            question = json.loads(line)
            try:
                told = asked(question)
            except RuntimeError as error:  # without an outcome the suite would wait for one
                told = {"outcome": str(error)}
            print(json.dumps({"id": question["id"], **told}), flush=True)
    else:
        http.server.ThreadingHTTPServer(("127.0.0.1", int(port[0])), Service).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

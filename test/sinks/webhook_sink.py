#!/usr/bin/python3
"""test/sinks/webhook_sink.py DIRECTORY PORT
A receiver of webhooks: every request becomes one line of DIRECTORY/index.jsonl, with its headers and body, and is
answered 204. For demos and tests only; listens on loopback.

The first part of the path chooses what the receiver does instead:
    /status/503/...  answers with that status           /flaky/2/...  503 for the first two requests to the path, then 204
    /slow/3/...      answers after three seconds        /hang/...     never answers
    /drop/...        closes the connection              /redirect/... 301 to itself, or to what ?to= says
    /large/...       answers with 10 MB                 /drip/...     one byte a second
    /flood/...       a body without an end              /headers/...  headers without an end
    /bomb/...        10 MB of zeros in 10 kB of gzip
"""

import asyncio
import gzip
import json
import os
import sys
import time
from urllib.parse import parse_qs, urlsplit

MAX_BODY = 10 * 1024 * 1024


class Sink:
    """One line for each request, written before it is answered."""

    def __init__(self, directory):
        self.index = os.path.join(directory, "index.jsonl")
        self.seen = {}

    def record(self, method, target, headers, body):
        self.seen[target] = self.seen.get(target, 0) + 1
        line = {
            "at": time.time(),
            "method": method,
            "path": target,
            "headers": headers,
            "body": body.decode("utf-8", "replace"),
        }
        with open(self.index, "a", encoding="utf-8") as out:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
        return self.seen[target]


async def read_request(reader):
    """Method, target, headers and body of one HTTP/1.1 request; None at the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name:
            headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            body += (await reader.readexactly(size + 2))[:size]
            if size == 0 or len(body) > MAX_BODY:
                break
    else:
        body = await reader.readexactly(min(int(headers.get("content-length", "0")), MAX_BODY))
    return method, target, headers, body


def answer(status, body=b"", headers=()):
    reasons = {204: "No Content", 301: "Moved Permanently", 503: "Service Unavailable"}
    lines = ["HTTP/1.1 %d %s" % (status, reasons.get(status, "Status"))]
    lines += ["%s: %s" % pair for pair in headers]
    if status != 204:
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


async def respond(writer, target, count):
    """What the path asks for; False when the connection is to be closed."""
    parts = urlsplit(target).path.strip("/").split("/")
    wish, value = parts[0], parts[1] if len(parts) > 1 else ""
    if wish == "drop":
        return False
    if wish == "hang":
        await asyncio.sleep(3600)
    elif wish == "slow":
        await asyncio.sleep(float(value or 1))
    elif wish == "drip":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(1)
        return True
    elif wish in ("flood", "headers"):
        writer.write(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 10000000000\r\n\r\n" if wish == "flood" else b""))
        while True:
            writer.write(b"x" * 65536 if wish == "flood" else b"X-More: more\r\n" * 1000)
            await writer.drain()
    if wish == "status":
        writer.write(answer(int(value)))
    elif wish == "flaky":
        writer.write(answer(204 if count > int(value or 1) else 503))
    elif wish == "redirect":
        writer.write(answer(301, headers=[("Location", parse_qs(urlsplit(target).query).get("to", [target])[0])]))
    elif wish == "large":
        writer.write(answer(200, b"x" * (10 * 1024 * 1024)))
    elif wish == "bomb":
        writer.write(answer(200, gzip.compress(bytes(MAX_BODY)), [("Content-Encoding", "gzip")]))
    else:
        writer.write(answer(204))
    await writer.drain()
    return True


async def serve(sink, reader, writer):
    try:
        while True:
            method, target, headers, body = await read_request(reader)
            if not await respond(writer, target, sink.record(method, target, headers, body)):
                break
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def main(directory, port):
    sink = Sink(directory)
    server = await asyncio.start_server(lambda r, w: serve(sink, r, w), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], int(sys.argv[2])))
    except KeyboardInterrupt:
        pass

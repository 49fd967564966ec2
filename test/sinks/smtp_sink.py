#!/usr/bin/python3
"""test/sinks/smtp_sink.py DIRECTORY PORT
A mail server that delivers to files: every accepted message becomes DIRECTORY/NNNNNN-recipient.eml, and one line of
DIRECTORY/index.jsonl. For demos and tests only; listens on loopback.

The local part of a recipient chooses what the server does:
    bounce...     550, for ever            busy...     451, for ever
    greylist...   451 for the first two deliveries to that address, then 250
    slow...       the answer to the message takes two seconds
    drop...       the connection is closed instead of an answer to the message
"""

import asyncio
import json
import os
import re
import sys
import time
from email import message_from_bytes, policy

MAX_MESSAGE = 10 * 1024 * 1024


class Store:
    """Numbered files in one directory; a message is visible only when it is whole."""

    def __init__(self, directory):
        self.directory = directory
        self.seen = {}
        numbers = [int(n[:6]) for n in os.listdir(directory) if re.match(r"\d{6}-", n)]
        self.number = max(numbers, default=0)

    def add(self, sender, recipients, data):
        message = message_from_bytes(data, policy=policy.default)
        for recipient in recipients:
            self.number += 1
            name = "%06d-%s.eml" % (self.number, re.sub(r"[^A-Za-z0-9@._+-]", "_", recipient))
            path = os.path.join(self.directory, name)
            with open(path + ".part", "wb") as out:
                out.write(data)
            os.rename(path + ".part", path)
            line = {
                "at": time.time(),
                "file": name,
                "from": sender,
                "to": recipient,
                "subject": str(message["Subject"] or ""),
                "messageId": str(message["Message-ID"] or ""),
            }
            with open(os.path.join(self.directory, "index.jsonl"), "a", encoding="utf-8") as out:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")

    def deliveries(self, recipient):
        self.seen[recipient] = self.seen.get(recipient, 0) + 1
        return self.seen[recipient]


class Session:
    """One connection: a line reader and the few commands that a client sends."""

    def __init__(self, store, reader, writer):
        self.store, self.reader, self.writer = store, reader, writer
        self.reset()

    def reset(self):
        self.sender, self.recipients = None, []

    async def say(self, text):
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def run(self):
        await self.say("220 sink ready")
        while True:
            line = await self.reader.readline()
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = text.split(" ", 1)[0].upper()
            if verb == "QUIT":
                await self.say("221 bye")
                return
            if verb == "DATA":
                if not await self.data():
                    return
            else:
                await self.command(verb, text)

    async def command(self, verb, text):
        address = re.search(r"<([^>]*)>", text)
        if verb == "EHLO":
            await self.say("250-sink\r\n250-SIZE %d\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING" % MAX_MESSAGE)
        elif verb in ("HELO", "NOOP"):
            await self.say("250 ok")
        elif verb == "RSET":
            self.reset()
            await self.say("250 ok")
        elif verb == "MAIL" and address:
            self.reset()
            self.sender = address.group(1)
            await self.say("250 ok")
        elif verb == "RCPT" and address and self.sender is not None:
            await self.recipient(address.group(1))
        else:
            await self.say("503 bad sequence" if verb in ("MAIL", "RCPT") else "502 unknown command")

    async def recipient(self, address):
        if address.startswith("bounce"):
            await self.say("550 5.1.1 no such user")
        elif address.startswith("busy"):
            await self.say("451 4.3.0 try again later")
        elif address.startswith("greylist") and self.store.deliveries(address) <= 2:
            await self.say("451 4.7.1 greylisted")
        else:
            self.recipients.append(address)
            await self.say("250 ok")

    async def data(self):
        if not self.recipients:
            await self.say("503 no recipient")
            return True
        await self.say("354 go on")
        body = b""
        while True:
            line = await self.reader.readline()
            if not line or len(body) > MAX_MESSAGE:
                return False
            if line == b".\r\n":
                break
            body += line[1:] if line.startswith(b".") else line
        if any(r.startswith("drop") for r in self.recipients):
            return False
        if any(r.startswith("slow") for r in self.recipients):
            await asyncio.sleep(2)
        self.store.add(self.sender, self.recipients, body)
        self.reset()
        await self.say("250 stored")
        return True


async def main(directory, port):
    os.makedirs(directory, exist_ok=True)
    store = Store(directory)

    async def serve(reader, writer):
        try:
            await Session(store, reader, writer).run()
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1024 * 1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        asyncio.run(main(sys.argv[1], int(sys.argv[2])))
    except KeyboardInterrupt:
        pass

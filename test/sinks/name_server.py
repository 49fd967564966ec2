#!/usr/bin/python3
"""test/sinks/name_server.py ADDRESS ZONE
A name server whose answers change: every record has TTL 0, and one with several sets of values gives them in turn.
For tests only; listens on port 53 of ADDRESS, UDP, and prints each answer that has records.

A line of the file ZONE is a name, a type and values; sets that take turns are separated by |:
    rebind.test  A     127.0.0.1 | 10.0.0.1
    both.test    AAAA  ::1
    alias.test   CNAME inside.test
"""

import ipaddress
import socket
import struct
import sys

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28}


class Zone:
    """Records by name and type, each with sets of values that take turns."""

    def __init__(self, path):
        self.records = {}
        self.turn = {}
        with open(path, encoding="ascii") as lines:
            for line in lines:
                name, kind, values = line.split(None, 2)
                self.records[name, TYPES[kind]] = [values.split() for values in values.split("|")]

    def answer(self, name, kind):
        """(owner, type, value) of each record, following aliases."""
        alias = self.records.get((name, TYPES["CNAME"]))
        if alias is not None:
            return [(name, TYPES["CNAME"], alias[0][0])] + self.answer(alias[0][0], kind)
        sets = self.records.get((name, kind))
        if sets is None:
            return []
        turn = self.turn.get((name, kind), 0)
        self.turn[name, kind] = turn + 1
        return [(name, kind, value) for value in sets[turn % len(sets)]]


def encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(owner, kind, value):
    data = encoded(value) if kind == TYPES["CNAME"] else ipaddress.ip_address(value).packed
    return encoded(owner) + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


def question(query):
    """Name, type and bytes of the question."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    return ".".join(labels), struct.unpack("!H", query[at + 1 : at + 3])[0], query[12 : at + 5]


def main(address, path):
    zone = Zone(path)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    print("ready", flush=True)
    while True:
        query, client = server.recvfrom(512)
        try:
            name, kind, asked = question(query)
        except (IndexError, UnicodeDecodeError, struct.error):
            continue
        records = zone.answer(name, kind)
        if records:
            print(name, *(value for _, _, value in records), flush=True)
        head = struct.pack("!HHHHHH", struct.unpack("!H", query[:2])[0], 0x8580, 1, len(records), 0, 0)
        server.sendto(head + asked + b"".join(record(*r) for r in records), client)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""seeds_of.py RECORDING FOLDER: connections of servers in a recording as inputs of fuzz_http1, fuzz_redis and fuzz_postgres
(tests/fuzz/protocol.h), a few of each, in FOLDER/fuzz_*/."""
import collections
import os
import struct
import sys

CHUNK, OPEN, SERVER = 1, 2, 1
PER_PROTOCOL, MOST = 6, 3000
data = open(sys.argv[1], "rb").read()
at, servers, runs = 256, set(), collections.defaultdict(list)
while at + 16 <= len(data):
    kind, _, size, _ = struct.unpack_from("<HHIQ", data, at)
    if kind == OPEN and data[at + 70] == SERVER:
        servers.add(struct.unpack_from("<Q", data, at + 16)[0])
    if kind == CHUNK:
        connection, _, _, length, head = struct.unpack_from("<QQQII", data, at + 16)
        direction = data[at + 56]
        if head == length and connection in servers:
            runs[connection].append((direction, data[at + 64:at + 64 + head]))
    at += size


def protocol(first):
    if first[:1] == b"*":
        return "redis"
    if first[:4] in (b"GET ", b"POST", b"PUT ", b"DELE"):
        return "http1"
    return "postgres" if first[4:8] in (b"\0\3\0\0", b"\x04\xd2\x16\x2f") else None


made = collections.Counter()
for connection in sorted(runs):
    name = protocol(runs[connection][0][1])
    if not name or made[name] == PER_PROTOCOL:
        continue
    seed = bytes([128])
    for direction, held in runs[connection]:
        if len(held) < 4096 and len(seed) + len(held) < MOST:
            seed += bytes([direction << 7 | len(held) >> 8, len(held) & 255]) + held
    folder = os.path.join(sys.argv[2], f"fuzz_{name}")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"recorded_{made[name]}"), "wb") as f:
        f.write(seed)
    made[name] += 1
print(dict(made))

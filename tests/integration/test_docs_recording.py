#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""docs/recording.md describes the format as it is: types, every field of every record at its offset; and its reader reads a recording as
sonde does."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import doc_pages
import sut

sut.need("cc")
place = sut.folder()
page = doc_pages.text("docs/recording.md")

# ---- what the compiler says of include/event.h ----
with open(os.path.join(sut.ROOT, "include", "event.h")) as f:
    source = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
structs = {name: re.findall(r"(?:struct event|__[us]\d+|char) (\w+)(?:\[[^\]]*\])?;", body)
           for name, body in re.findall(r"struct (\w+) \{(.*?)\n\};", source, re.S) if name != "verdict"}
types = dict(re.findall(r"(EVENT_[A-Z_]+)\s*=\s*(\d+)", source))
types.pop("EVENT_TYPE_COUNT")
lines = "".join(f'printf("{s} {f} %zu\\n", offsetof(struct {s}, {f}));\n' for s, fields in structs.items() for f in fields)
program = os.path.join(place, "offsets")
with open(program + ".c", "w") as f:
    f.write('#include <stddef.h>\n#include <stdio.h>\n#include <linux/types.h>\n#include "event.h"\nint main(void)\n{\n' + lines + "return 0;\n}\n")
sut.run("cc", "-I" + os.path.join(sut.ROOT, "include"), "-o", program, program + ".c")
offsets = {(s, f): o for s, f, o in (line.split() for line in sut.run(program).splitlines()) if f != "pad" and (s == "event" or f != "event")}

# ---- what the page says ----
said = {(s, f): o for s, fields in re.findall(r"^\| `(\w+)` \| (`\w+` \d+.*) \|$", page, re.M) for f, o in re.findall(r"`(\w+)` (\d+)", fields)}
begin = re.search(r"begins with `struct event`: (.*?) \(field", page)[1]
said |= {("event", f): o for f, o in re.findall(r"`(\w+)` (\d+)", begin)}
sut.equal("fields and offsets", said, offsets)
sut.equal("types", {name: number for number, name in re.findall(r"^\| (\d+) \| `(EVENT_\w+)` \|", page, re.M)}, types)
with open(os.path.join(sut.ROOT, "user", "capture", "recording.h")) as f:
    header = re.search(r"struct recording_header \{(.*?)\n\};", f.read(), re.S)[1]
fields = set(re.findall(r"(?:__u\d+|char) (\w+)", header)) - {"reserved"}
table = page.split("| Field of the header")[1].split("\n\n")[0]
sut.equal("fields of the header", {f for row in re.findall(r"^\| (`.*?) \|", table, re.M) for f in re.findall(r"`(\w+)`", row)}, fields)

# ---- its reader ----
reader = next(m[2] for m in doc_pages.FENCE.finditer(page) if m[1] == "python")
recording = os.path.join(sut.ROOT, "tests", "data", "demo.rec")
done = subprocess.run([sys.executable, "-c", reader, recording], capture_output=True, text=True)
sut.equal("what the reader complains of", done.stderr, "")
chunks = done.stdout.splitlines()
metrics = sut.parse_metrics(sut.run(sut.SONDE, "replay", "--metrics", recording))
known = sum(v for k, v in metrics.items() if k.startswith("sonde_events_total") and "chunk" in k)
print(f"{len(chunks)} chunks, sonde counts {known}")
assert len(chunks) == known > 1000, (len(chunks), known)

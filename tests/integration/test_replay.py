#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""All that lies behind the ring buffer, from the recording of the demonstration; needs no rights."""
import collections
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

DATA = os.path.join(sut.ROOT, "tests", "data")
recording = os.path.join(DATA, "demo.rec")
exchanges = [json.loads(line) for line in sut.run(sut.SONDE, "replay", "--exchanges", recording).splitlines()]
counted = collections.Counter(
    " ".join(str(e.get(f)) for f in ("protocol", "side", "service", "outcome", "method", "route", "status", "verb", "table",
                                     "command", "sqlstate")) for e in exchanges)
golden = os.path.join(DATA, "demo.json")
if os.environ.get("SONDE_WRITE_GOLDEN"):
    with open(golden, "w") as f:
        json.dump(dict(sorted(counted.items())), f, indent=0)
with open(golden) as f:
    sut.equal("exchanges of the demonstration", dict(counted), json.load(f))

# Both ends were on the node: what the clients sent is what the servers answered.
lost = sum(1 for e in exchanges if e["outcome"] == "lost")
for ends in (("nginx", "client", "accubooks", "server", "http"), ("accubooks", "client", None, None, "redis")):
    client = [e for e in exchanges if (e["service"], e["side"], e["protocol"]) == (ends[0], ends[1], ends[4])]
    assert client
    if ends[2]:
        server = [e for e in exchanges if (e["service"], e["side"], e["protocol"]) == (ends[2], ends[3], ends[4])]
        assert abs(len(client) - len(server)) <= lost + 2, (len(client), len(server))
metrics = sut.parse_metrics(sut.run(sut.SONDE, "replay", "--metrics", recording))
sut.equal("metrics and exchanges agree", sum(v for k, v in metrics.items() if k.startswith("http_requests_total")),
          sum(1 for e in exchanges if e["protocol"] == "http" and e["side"] == "server"))
model = json.loads(sut.run(sut.SONDE, "top", "--json", recording))
sut.equal("the view's model agrees", sum(r["count"] for r in model["services"] if r["protocol"] == "redis"),
          sum(1 for e in exchanges if e["protocol"] == "redis" and e["outcome"] in ("ok", "error")))

# Nothing that belongs to the application's users is in what comes out.
text = json.dumps(exchanges)
for private in ("what if", "Bearer", "eyJ", "account:1", "session:"):
    assert private not in text, private

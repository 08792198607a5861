#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the program has and what the documentation lists is the same: every metric that the sources can serve has its row, every row is
a metric of the sources; every key that a configuration may hold is described, every described one is taken; every endpoint and every
reason of loss is named."""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import doc_pages
import sut

sut.need("cc")
PREFIX = r"(?:sonde|http|rpc|db|cache|service|system|process|client)"
NAME = re.compile(r'"(' + PREFIX + r'_[a-z0-9_]*[a-z0-9])"')
# Text in the sources of metrics that is the name of something else.
LABELS = {"rpc_grpc_status_code", "rpc_method", "rpc_service", "rpc_system", "rpc_type", "rpc_system_name", "http_response_status_code",
          "http_route", "http_request_method", "db_operation_name", "db_system_name", "rpc_response_status_code", "service_name",
          "system_calls", "process_event"}


def preprocessed(path):
    """The source with its macros expanded and adjacent texts joined, without what it includes of the system."""
    flags = subprocess.run(["pkg-config", "--cflags", "jansson", "libmicrohttpd", "gnutls"], capture_output=True, text=True)
    text = sut.run("cc", "-E", "-P", "-D_GNU_SOURCE", '-DSONDE_VERSION=""', "-Iinclude", "-Iuser", "-Ibuild/bpf", *flags.stdout.split(), path,
                   cwd=sut.ROOT)
    return re.sub(r'"\s*"', "", text)


# ---- metrics ----
documented = {name for page in ("docs/metrics.md", "docs/queues.md") for name in re.findall(r"^\| `(\w+)` \|", doc_pages.text(page), re.M)
              if re.match(PREFIX + "_", name)}
otel = set(re.findall(r"`((?:http|rpc|db)_\w+_seconds)`", doc_pages.text("docs/formats.md")))
served = set()
for source in sorted(glob.glob(os.path.join(sut.ROOT, "user", "metrics", "*.c")) +
                     glob.glob(os.path.join(sut.ROOT, "user", "queues", "queues_*.c")) +
                     glob.glob(os.path.join(sut.ROOT, "user", "rules", "*.c"))):
    served |= set(NAME.findall(preprocessed(os.path.relpath(source, sut.ROOT))))
served -= LABELS
of_otel = {name for name in served if name.endswith(("_duration_seconds",)) and name in otel}
sut.equal("served and in no page", sorted(served - of_otel - documented), [])
sut.equal("in a page and not served", sorted(documented - served), [])
assert len(served) > 140, len(served)
sut.equal("OpenTelemetry's names", sorted(otel), sorted(of_otel))

# What recordings yield, once more from the outside: no name comes about in another way.
for recording in sorted(glob.glob(os.path.join(sut.ROOT, "tests", "data", "*.rec"))):
    text = sut.run(sut.SONDE, "replay", "--metrics", recording, check=False)
    for name in re.findall(r"^# TYPE (\w+) ", text, re.M):
        assert name in documented, f"{recording}: {name} is in no page"

# ---- keys of the configuration ----
with open(os.path.join(sut.ROOT, "user", "config.c")) as f:
    source = f.read()
ENTRY = r'(?:\.name = |TEXT\(|CHOICE\(|NUMBER\()"(\w+)"'
tables = {name: body for name, body in re.findall(r"struct yaml_key (\w+)\[\] = \{\n(.*?)\n\};", source, re.S)}
keys = set(re.findall(ENTRY, tables["root_keys"]))
for section, table in re.findall(r'SECTION\("(\w+)", (\w+)\)', tables["root_keys"]):
    keys |= {f"{section}.{key}" for key in re.findall(ENTRY, tables[table])}
first = doc_pages.text("docs/configuration.md").split("\n## ")[0]
rows = {key for row in re.findall(r"^\| (`[^|]*) \|", first, re.M) for key in re.findall(r"`([\w.]+)`", row)}
sut.equal("keys of the configuration", sorted(rows), sorted(keys))
PAGES = ("configuration", "rules", "queues", "health")
pages = "\n".join(doc_pages.text(f"docs/{name}.md") for name in PAGES)
inner = {}
for path in glob.glob(os.path.join(sut.ROOT, "user", "**", "*.c"), recursive=True):
    with open(path) as f:
        source = f.read()
    for body in re.findall(r"struct yaml_key \w+\[\] = \{\n(.*?)\n\s*\};", source, re.S):
        inner.update({key: os.path.relpath(path, sut.ROOT) for key in re.findall(ENTRY, body)})
missing = {key: path for key, path in inner.items() if not re.search(rf"`(?:\w+\.)?{key}`|\b{key}: |`{key}:", pages)}
sut.equal("keys that no page describes", missing, {})
assert len(inner) > 50, len(inner)

# ---- endpoints ----
with open(os.path.join(sut.ROOT, "user", "web", "endpoints.c")) as f:
    endpoints = re.findall(r'^\t\{"(/[^"]+)", (?:true|false)', f.read(), re.M)
assert len(endpoints) >= 8, endpoints
everything = "\n".join(doc_pages.text(page) for page in doc_pages.PAGES)
sut.equal("endpoints that no page names", [path for path in endpoints if path not in everything and
                                           path.replace("/api/monitoring/", "") not in everything], [])

# ---- reasons of loss ----
with open(os.path.join(sut.ROOT, "user", "exchange.c")) as f:
    reasons = re.findall(r'\[LOSS_\w+\] = "(\w+)"', f.read())
assert len(reasons) >= 8, reasons
losses = doc_pages.text("docs/metrics.md").split("- **Losses.**")[1].split("\n- **")[0]
sut.equal("reasons that docs/metrics.md does not tell", [r for r in reasons if r != "none" and f"`{r}`" not in losses], [])
print(f"{len(served)} metrics, {len(keys)} keys and {len(inner)} within, {len(endpoints)} endpoints, {len(reasons)} reasons: all documented")

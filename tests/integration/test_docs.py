#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The documentation holds together: links and anchors lead somewhere, every page is in the index, configurations in it are taken,
queries parse, and what is named in the text (options, targets of make, files, configuration keys, metrics, alerts) is there."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import doc_pages
import sut

sut.need("promtool", "make")
sut.need_module("yaml")
import yaml

sut.equal("languages of blocks", doc_pages.languages() - {"c", "python"}, {"sh", "yaml", "promql", "json", "text"})

# ---- links ----
links = 0
for page in doc_pages.PAGES:
    for target in re.findall(r"\]\(([^)\s]+)\)", doc_pages.prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert os.path.exists(os.path.join(sut.ROOT, there)), f"{page}: {target} leads nowhere"
        if anchor:
            assert anchor in doc_pages.anchors(there), f"{page}: {target}: no such heading"
        links += 1
assert links > 60, links
index = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", doc_pages.text("README.md").split("## Documentation")[1]))
sut.equal("pages in the index", sorted(index), [p for p in doc_pages.PAGES if re.fullmatch(r"docs/[\w-]+\.md", p)])

# ---- configurations ----
place = sut.folder()


def snippet(name, content):
    path = os.path.join(place, name)
    with open(path, "w") as f:
        f.write(content)
    return path


checked = 0
for page, block in doc_pages.blocks("yaml"):
    loaded = yaml.safe_load(block)
    if "scrape_configs" in loaded:
        shutil.copy(os.path.join(sut.ROOT, "alerts", "sonde.rules.yml"), place)
        sut.run("promtool", "check", "config", snippet("prometheus.yml", block))
    elif "basic_auth_users" in loaded:
        continue  # a web configuration: test_web_security.py has them all
    else:
        said = sut.run(sut.SONDE, "check", snippet("sonde.yaml", block), check=False)
        assert said.strip().endswith("good"), f"{page}: {said}"
        checked += 1
assert checked >= 8, checked
for page, block in doc_pages.blocks("json"):
    json.loads(re.sub(r"//[^\n]*|/\*.*?\*/|\bROW \+ ", "", block))

# ---- queries: of blocks, and of commands ----
queries = [query for _, block in doc_pages.blocks("promql") for query in re.split(r"^#.*\n", block, flags=re.M) if query.strip()]
queries += [m for _, command in doc_pages.commands() for m in re.findall(r"promtool query .* '([^']+)'$", command)]
queries += [code for page in doc_pages.PAGES for code in doc_pages.inline(page) if re.match(r"(rate|sum|increase|topk)\(.+\)", code)]
assert len(queries) > 15, queries
rules = [{"record": f"a:b{i}", "expr": query} for i, query in enumerate(queries)]
sut.run("promtool", "check", "rules", snippet("queries.yml", json.dumps({"groups": [{"name": "docs", "rules": rules}]})))

# ---- what the text names ----
options = {}
for command in ("run", "top", "tail", "record", "replay", "check", "doctor", "version"):
    said = sut.run(sut.SONDE, command, "--help", check=command != "version")
    options[command] = set(re.findall(r"(?<![\w-])--?[a-z0-9][\w.-]*", said, re.I))
with open(os.path.join(sut.ROOT, "Makefile")) as f:
    targets = set(re.findall(r"^([a-z][\w-]*):", f.read(), re.M))
for path in glob.glob(os.path.join(sut.ROOT, "tests", "*", "*.mk")):
    with open(path) as f:
        targets |= set(re.findall(r"^([a-z][\w-]*):", f.read(), re.M))
keys = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", doc_pages.text("docs/configuration.md").split("\n## ")[0]))
keys |= set(re.findall(r"`(health\.[a-z_]+)`", doc_pages.text("docs/health.md")))
metrics = {name for page in ("docs/metrics.md", "docs/queues.md") for name in re.findall(r"^\| `(\w+)` \|", doc_pages.text(page), re.M)}
assert len(metrics) > 100 and len(keys) > 25 and len(targets) > 15, (len(metrics), len(keys), len(targets))


def check_sonde(page, code):
    words = code.split()
    if len(words) < 2 or words[1].startswith("-") or not re.fullmatch(r"[a-z]+", words[1]):
        return
    assert words[1] in options, f"{page}: `{code}`: no such command"
    for option in re.findall(r"(?:^|\s)(--?[a-zA-Z][\w.-]*)", code):
        assert option in options[words[1]], f"{page}: `{code}`: {option} is none of its options"


def check_make(page, code):
    words = [word for word in code.split("#")[0].split()[1:] if "=" not in word and not word.startswith("-")]
    for word in words[:1]:
        assert word in targets or re.fullmatch(r"build/unit/test_\w+", word), f"{page}: `{code}`: no such target"
    for name in re.findall(r"\bT=(\w+)", code):
        assert glob.glob(os.path.join(sut.ROOT, "tests", "*", name + "*")), f"{page}: `{code}`: no such test"


FOLDERS = r"(?:tests|deploy|user|include|bpf|alerts|dashboards|docs)"
METRIC = r"(?:sonde|http|rpc|db|cache|service|system)_\w*[a-z]"
SUFFIXES = ("_sum", "_count", "_bucket")
# Names that are something else than a metric of sonde's own: settings, and what Prometheus or OpenTelemetry call theirs.
OTHER_NAMES = re.compile(r"http_(server|client)_request_duration_seconds|rpc_(server|client)_call_duration_seconds|"
                         r"db_client_\w+|http_(ports|method|request_method|route|response_status_code|server_config)|"
                         r"rpc_(service|method|type|system|grpc_status_code|system_name|response_status_code)|"
                         r"service_name|sonde_bpf|db_(system_name|namespace|operation_name|collection_name|query_summary|response_status_code)")
seen = {"sonde": 0, "make": 0, "file": 0, "key": 0, "metric": 0}
for page in doc_pages.PAGES:
    everything = doc_pages.inline(page) + [command for p, command in doc_pages.commands() if p == page]
    for code in everything:
        plain = re.sub(r"^sudo ", "", code)
        if plain.startswith("sonde "):
            check_sonde(page, plain)
            seen["sonde"] += 1
        if plain.startswith("make "):
            check_make(page, plain)
            seen["make"] += 1
    for code in doc_pages.inline(page):
        if re.fullmatch(FOLDERS + r"/[\w./*-]+", code):
            assert glob.glob(os.path.join(sut.ROOT, code)), f"{page}: `{code}` is not there"
            seen["file"] += 1
        if re.fullmatch(r"(web|capture|tls|hardening|limits|metrics|log|health|kubernetes)\.[a-z_]+", code) and not code.endswith(".md"):
            assert code in keys, f"{page}: `{code}` is no key of the configuration"
            seen["key"] += 1
        if re.fullmatch(METRIC, code) and not OTHER_NAMES.fullmatch(code):
            name = next((code[:-len(s)] for s in SUFFIXES if code.endswith(s) and code not in metrics), code)
            assert name in metrics, f"{page}: `{code}` is not in docs/metrics.md"
            seen["metric"] += 1
    for path in re.findall(r"(?<![\w/])" + FOLDERS + r"/[\w./-]+\.\w+", doc_pages.prose(page)):
        assert os.path.exists(os.path.join(sut.ROOT, path)) or os.path.exists(os.path.join(sut.ROOT, os.path.dirname(page), path)), \
            f"{page}: {path} is not there"
print("named and there:", seen)
assert min(seen.values()) >= 10, seen

# ---- runbooks: one for each alert of alerts/*.yml, and none besides ----
alerts = []
for path in glob.glob(os.path.join(sut.ROOT, "alerts", "*.yml")):
    with open(path) as f:
        alerts += [rule["alert"] for group in yaml.safe_load(f).get("groups", []) for rule in group["rules"] if "alert" in rule]
sut.equal("runbooks", sorted(re.findall(r"^### (\w+)", doc_pages.text("docs/runbooks.md"), re.M)), sorted(alerts))

# ---- commands stand in blocks, where they are run ----
for page in doc_pages.PAGES:
    loose = re.findall(r"^(?: {4,}|\t)\$? ?(?:sudo )?(?:sonde|make|curl|promtool|amtool|kubectl) .*$", doc_pages.prose(page), re.M)
    sut.equal(f"{page}: commands outside of blocks", loose, [])

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The code that docs/adding-a-protocol.md quotes is that of tests/example, word for word; the functions and files it names are there."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import doc_pages
import sut

PAGE = "docs/adding-a-protocol.md"


def read(pattern):
    out = []
    for path in glob.glob(os.path.join(sut.ROOT, pattern), recursive=True):
        with open(path) as f:
            out.append(f.read())
    return out


example, sources = read("tests/example/*.[ch]"), "".join(read("user/**/*.[ch]") + read("tests/**/*.h") + read("include/*.h"))
quoted = [m[2] for m in doc_pages.FENCE.finditer(doc_pages.text(PAGE)) if m[1] == "c"]
assert len(quoted) >= 10, len(quoted)
for block in quoted:
    assert any("\n" + block in source for source in example), f"{PAGE}: not in tests/example:\n{block}"
names = [code for code in doc_pages.inline(PAGE) if re.fullmatch(r"\w+\(\)", code)]
assert len(names) >= 15, names
for name in names:
    assert re.search(rf"\b{name[:-2]}\(", sources), f"{PAGE}: {name} is nowhere in the sources"
constants = [code for code in doc_pages.inline(PAGE) if re.fullmatch(r"[A-Z]+_[A-Z_]+", code)]
for name in constants:
    assert re.search(rf"\b{name}\b", sources + "".join(example)), f"{PAGE}: {name} is nowhere in the sources"
calls = set(re.findall(r"\b(parser__\w+)\(", "".join(example)))
told = set(re.findall(r"\b(parser__\w+)\(", doc_pages.text(PAGE)))
sut.equal("calls of the example that the page does not explain", sorted(calls - told), [])
print(f"{len(quoted)} pieces of code, {len(names)} functions, {len(constants)} constants")

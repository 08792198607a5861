#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes vmlinux.h of the template `types`: lines that begin with @ name a type of the kernel and the
members that bpf/ reads; their declarations come from the running kernel's BTF. What is not there is
an error, so that a member that went away is noticed here and not on somebody's node.

    generate.py types < BTF as JSON (bpftool btf dump file ... -j) > vmlinux.h
"""
import json
import re
import sys

SKIPPED = ("CONST", "VOLATILE", "RESTRICT", "TYPE_TAG")


class Types:
    def __init__(self, dump, known):
        self.by_id = {t["id"]: t for t in dump["types"]}
        self.known = known  # typedefs that the template declares
        self.by_name = {}
        for t in dump["types"]:
            self.by_name.setdefault((t["kind"], t["name"]), t)

    def plain(self, type_id):
        t = self.by_id.get(type_id, {"kind": "VOID"})
        while t["kind"] in SKIPPED or t["kind"] == "TYPEDEF" and t["name"] not in self.known:
            t = self.by_id.get(t["type_id"], {"kind": "VOID"})
        return t

    def declare(self, type_id, name):
        """A C declaration of `name`."""
        t = self.plain(type_id)
        kind = t["kind"]
        if kind == "PTR":
            return self.declare(t["type_id"], "*" + name)
        if kind == "ARRAY":
            return self.declare(t["type_id"], f"{name}[{t['nr_elems']}]")
        if kind in ("STRUCT", "UNION", "FWD"):
            word = t.get("fwd_kind", kind).lower()
            return f"{word} {t['name']} {name}"
        if kind.startswith("ENUM"):
            return f"{'int' if t['size'] == 4 else 'u8'} {name}"
        if kind == "VOID":
            return f"void {name}"
        return f"{t['name']} {name}"

    def find(self, aggregate, wanted):
        """A member, also one within unnamed structs and unions: CO-RE looks there, too."""
        for member in aggregate["members"]:
            if member["name"] == wanted:
                return member
            inner = self.plain(member["type_id"])
            if member["name"] == "(anon)" and inner["kind"] in ("STRUCT", "UNION"):
                found = self.find(inner, wanted)
                if found:
                    return found
        return None

    def members(self, aggregate, names):
        lines = []
        for name in names:
            member = self.find(aggregate, name)
            if not member:
                sys.exit(f"this kernel's {aggregate['name']} has no member {name}")
            bits = f" : {member['bitfield_size']}" if member.get("bitfield_size") else ""
            lines.append(f"\t{self.declare(member['type_id'], name)}{bits};\n")
        return "".join(lines)

    def generate(self, directive):
        kind, name, *names = directive.split()
        if kind == "struct":
            t = self.by_name.get(("STRUCT", name))
            form = "struct %s {\n%s};\n"
        else:
            typedef = self.by_name.get(("TYPEDEF", name))
            t = typedef and self.by_id[typedef["type_id"]]
            form = "typedef struct {\n%s} %s;\n"
        if not t:
            sys.exit(f"this kernel has no {kind} {name}")
        body = self.members(t, names)
        return form % ((name, body) if kind == "struct" else (body, name))


def main():
    template = open(sys.argv[1]).read()
    known = set(re.findall(r"^typedef .*?(\w+);", template, re.M))
    known |= set(re.findall(r"^@typedef (\w+)", template, re.M))
    types = Types(json.load(sys.stdin), known)
    template = template.replace("\\\n", " ")
    for line in template.splitlines(keepends=True):
        sys.stdout.write(types.generate(line[1:]) if line.startswith("@") else line)


main()

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the daemon keeps of its rights, started as root and as a user with CAP_BPF and CAP_PERFMON alone; what it then still
sees, what it says it lacks, and that its own filter refuses nothing it needs."""
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("setpriv", "curl", "redis-cli")
NOBODY = 65534
CAPABILITIES = {"dac_read_search": 2, "net_bind_service": 10, "sys_ptrace": 19, "sys_admin": 21, "sys_nice": 23, "perfmon": 38,
                "bpf": 39, "checkpoint_restore": 40}
KEPT = sum(1 << n for n in CAPABILITIES.values())


class Sonde(sut.Sonde):
    def __init__(self, *arguments, capabilities=None, **options):
        super().__init__(*arguments, **options)
        if capabilities is not None:
            os.chmod(self.folder, 0o777)
            binary = os.path.join(self.folder, "sonde")
            shutil.copy(sut.SONDE, binary)
            held = "-all" + "".join(f",+{c}" for c in capabilities)
            self.command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={held}",
                            f"--ambient-caps={held}", f"--bounding-set={held}", binary, *self.command[1:]]

    def status(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return {k: v.strip() for k, v in re.findall(r"^(\w+):(.*)$", text, re.M)}

    def threads(self, key):
        out = set()
        for tid in os.listdir(f"/proc/{self.process.pid}/task"):
            out.add(re.search(rf"^{key}:\s*(\S+)", open(f"/proc/{self.process.pid}/task/{tid}/status").read(), re.M)[1])
        return out

    def said(self, *words):
        return all(w in open(self.log).read() for w in words)


certificate = sut.Certificate()
nginx = sut.Nginx(server="location / { return 200 'x'; }", tls=certificate)
redis = sut.Redis()


def load():
    for _ in range(7):
        sut.run("curl", "-s", "--cacert", certificate.file, nginx.url())
    redis.cli("set", "k", "v")


def check(sonde):
    m = sonde.metrics()
    sut.equal("system calls refused", m["sonde_refused_system_calls_total"], 0)
    sonde.check()
    sut.equal("requests read through nginx's TLS library", sonde.count("status", side="server", protocol="http", service="nginx"),
              {(200,): 7})
    sut.equal("commands", sonde.count("command", side="server", protocol="redis")[("SET",)], 1)


# ---- as root: what nothing needs is gone in every thread ----
with Sonde() as sonde:
    allowed = int(sonde.status()["CapBnd"], 16) | KEPT
    for key in ("CapPrm", "CapEff", "CapBnd"):
        values = sonde.threads(key)
        assert all(int(v, 16) & ~KEPT == 0 for v in values), (key, values)
    sut.equal("no_new_privs, seccomp", (sonde.threads("NoNewPrivs"), sonde.threads("Seccomp")), ({"1"}, {"2"}))
    load()
    sonde.process.send_signal(signal.SIGHUP)
    sut.wait_for("the reload", lambda: sonde.said('at="config"', "loaded"))
    m = sonde.metrics()
    sut.equal("parts", [m[f'sonde_hardened{{part="{p}"}}'] for p in ("capabilities", "no_new_privileges", "system_calls")], [1, 1, 1])
check(sonde)
assert not os.path.exists(sonde.socket)

# ---- a way out ----
with Sonde("--hardening", "off", exchanges=False) as sonde:
    sut.equal("no_new_privs, seccomp", (sonde.threads("NoNewPrivs"), sonde.threads("Seccomp")), ({"0"}, {"0"}))
    sut.equal("told so", sonde.metrics()['sonde_hardened{part="capabilities"}'], 0)

# ---- a user of its own with the least there is; then with what looks into other processes ----
for capabilities, lacks in ((("bpf", "perfmon"), ("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN", "CAP_SYS_NICE")),
                            (("bpf", "perfmon", "sys_ptrace", "dac_read_search"), ("CAP_SYS_ADMIN", "CAP_SYS_NICE"))):
    with Sonde(capabilities=capabilities) as sonde:
        status = sonde.status()
        sut.equal("user", status["Uid"].split(), [str(NOBODY)] * 4)
        sut.equal("capabilities", sonde.threads("CapPrm"), {f"{sum(1 << CAPABILITIES[c] for c in capabilities):016x}"})
        for right in ("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN", "CAP_SYS_NICE"):
            said = [line for line in open(sonde.log) if 'at="rights"' in line and f"without {right} " in line]
            sut.equal(f"lines about {right}", len(said), int(right in lacks))
        load()
        sonde.settle()
        looks = "sys_ptrace" in capabilities
        confined = sonde.metrics()['sonde_hardened{part="files"}']
        if looks:
            sut.equal("Landlock, which would end looking into processes", confined, 0)
        elif sonde.said("confining files"):
            print("this kernel has no Landlock")
        else:
            sut.equal("Landlock", confined, 1)
    check(sonde)
    assert not os.path.exists(sonde.socket)

# ---- without one of the two: one line, and exit code 77 ----
for capabilities, missing in ((("bpf",), "CAP_PERFMON"), (("perfmon",), "CAP_BPF")):
    sonde = Sonde(capabilities=capabilities, exchanges=False)
    done = subprocess.run(sonde.command, capture_output=True, text=True, timeout=30)
    sut.equal(f"exit code without {missing}", done.returncode, 77)
    assert missing in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr

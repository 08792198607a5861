#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The Debian package: lintian finds nothing, the unit is hardened; in a fresh debootstrap folder it installs, runs as its unit
would start it, sees this node, and leaves nothing when it is purged. Completions know what --help says."""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("dpkg-buildpackage", "dh", "lintian", "debootstrap", "systemd-analyze", "bash", "zsh", "fish", "man")
if os.geteuid():
    sut.skip("a debootstrap folder is made by root")
FOLDER = sut.folder()
OUT = os.path.join(FOLDER, "build")
ROOT = os.path.join(FOLDER, "root")

# ---- built, and without a remark ----
subprocess.run(["make", "-C", sut.ROOT, f"B={OUT}", "deb", "DEB_BUILD_OPTIONS=nocheck"], check=True, stdout=subprocess.DEVNULL,
               stderr=subprocess.PIPE, timeout=280)
(package,) = [p for p in glob.glob(OUT + "/deb/*.deb") if "dbgsym" not in p]
done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning,info", *glob.glob(OUT + "/deb/*.changes")],
                      capture_output=True, text=True, timeout=120)
sut.equal("lintian", (done.returncode, done.stdout, done.stderr), (0, "", ""))

# ---- in a fresh system ----
suite = re.search(r"VERSION_CODENAME=(\w+)", open("/etc/os-release").read())[1]
targets = sut.run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(ORIGIN) $(COMPONENT)", "Created-By: Packages")
mirror = [t.split()[0] for t in targets.splitlines() if re.search(rf" {suite} (Debian|Ubuntu) main$", t)][0]
# apt's own cache spares the network what an earlier run brought.
subprocess.run(["debootstrap", "--variant=minbase", "--cache-dir=/var/cache/apt/archives", suite, ROOT, mirror], check=True,
               stdout=subprocess.DEVNULL, timeout=280)


def inside(*command, check=True):
    return subprocess.run(["chroot", ROOT, *command], check=check, capture_output=True, text=True, timeout=200,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}).stdout


def files():
    found = subprocess.run(["find", ROOT, "-xdev", "-path", ROOT + "/proc", "-prune", "-o", "-path", ROOT + "/sys", "-prune", "-o",
                            "-print"], check=True, capture_output=True, text=True).stdout
    return {f[len(ROOT):] for f in found.split("\n") if "sonde" in os.path.basename(f) or "/sonde/" in f}


for path in glob.glob("/etc/apt/apt.conf.d/*"):
    shutil.copy(path, ROOT + "/etc/apt/apt.conf.d/")
sut.equal("before", files(), set())
shutil.copy(package, ROOT + "/tmp/package.deb")
inside("apt-get", "install", "-y", "-qq", "--no-install-recommends", "/tmp/package.deb")
for path in ("/usr/sbin/sonde", "/etc/sonde/sonde.yaml", "/usr/share/sonde/alerts/sonde.rules.yml", "/usr/share/sonde/dashboards/operations.json",
             "/usr/share/man/man8/sonde.8.gz", "/usr/share/man/man5/sonde.yaml.5.gz", "/usr/share/bash-completion/completions/sonde",
             "/usr/share/zsh/vendor-completions/_sonde", "/usr/share/fish/vendor_completions.d/sonde.fish"):
    assert os.path.isfile(ROOT + path), f"{path} is not installed"
sut.equal("its user", inside("getent", "passwd", "sonde").split(":")[0], "sonde")
sut.equal("a configuration file that is kept", inside("dpkg-query", "-W", "-f", "${Conffiles}", "sonde").split()[0], "/etc/sonde/sonde.yaml")
sut.equal("its configuration is good", inside("sonde", "check", "/etc/sonde/sonde.yaml").strip()[-4:], "good")

# ---- the unit: its rights, and a start with just these ----
(unit_file,) = [p for p in (ROOT + "/lib/systemd/system/sonde.service", ROOT + "/usr/lib/systemd/system/sonde.service") if os.path.isfile(p)][:1]
unit = re.findall(r"^(\w+)=(.*)$", open(unit_file).read(), re.M)
one = dict(unit)
offline = os.path.join(FOLDER, "sonde.service")
shutil.copy(unit_file, offline)
score = subprocess.run(["systemd-analyze", "security", "--offline=true", offline], capture_output=True, text=True, timeout=60).stdout
assert float(re.search(r"exposure level.*: ([\d.]+)", score)[1]) <= 3.0, score
sut.equal("nothing begins by itself", glob.glob(ROOT + "/etc/systemd/system/*/sonde.service"), [])
for at in ("proc", "sys"):
    subprocess.run(["mount", "--bind", "/" + at, f"{ROOT}/{at}"], check=True)
port = sut.free_port()
daemon = None
try:
    os.makedirs(f"{ROOT}/run/{one['RuntimeDirectory']}", exist_ok=True)
    inside("chown", f"{one['User']}:{one['Group']}", "/run/" + one["RuntimeDirectory"])
    held = ",".join(["-all", *("+" + c[4:].lower() for c in one["AmbientCapabilities"].split())])
    uid, gid = inside("id", "-u", one["User"]).strip(), inside("id", "-g", one["Group"]).strip()
    log = open(os.path.join(FOLDER, "log"), "w")
    # Where this machine lets nobody raise a limit (no CAP_SYS_RESOURCE), the unit's is not tried.
    nice = ["prlimit", f"--nice={20 - int(one['LimitNICE'])}"]
    nice = nice if subprocess.run([*nice, "true"], capture_output=True).returncode == 0 else []
    daemon = subprocess.Popen(["chroot", ROOT, *nice, "setpriv", f"--reuid={uid}", f"--regid={gid}",
                               "--clear-groups", f"--inh-caps={held}", f"--ambient-caps={held}", f"--bounding-set={held}", "--no-new-privs",
                               *one["ExecStart"].split(), "--web.listen-address", f"127.0.0.1:{port}"], stdout=log, stderr=log)
    sut.wait_for("the daemon of the package", lambda: daemon.poll() is not None or "observes this node" in open(log.name).read())
    assert daemon.poll() is None, open(log.name).read()
    assert not nice or "CAP_SYS_NICE" not in open(log.name).read(), open(log.name).read()
    redis = sut.Redis()
    for _ in range(5):
        redis.cli("ping")
    page = sut.wait_for("its metrics", lambda: sut.run("curl", "-s", f"http://127.0.0.1:{port}/metrics"))
    time.sleep(1)
    page = sut.run("curl", "-s", f"http://127.0.0.1:{port}/metrics")
    count = sum(float(v) for v in re.findall(r'^cache_server_operation_duration_ms_count\{[^}]*command="PING"[^}]*\} (\S+)', page, re.M))
    sut.equal("commands seen", count, 5)
    # The group's members look at it by the default socket.
    view = inside("setpriv", "--reuid=65534", f"--regid={gid}", "--clear-groups", "sonde", "top", "--once")
    assert "redis-server" in view, view
    stranger = subprocess.run(["chroot", ROOT, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sonde", "top", "--once"],
                              capture_output=True, text=True, timeout=60)
    assert stranger.returncode and "redis-server" not in stranger.stdout, stranger
    daemon.terminate()
    sut.equal("its end", daemon.wait(30), 0)
    daemon = None

    # ---- removed, purged ----
    inside("apt-get", "remove", "-y", "-qq", "sonde")
    assert os.path.exists(ROOT + "/etc/sonde/sonde.yaml") and not os.path.exists(ROOT + "/usr/sbin/sonde")
    inside("apt-get", "purge", "-y", "-qq", "sonde")
    shutil.rmtree(f"{ROOT}/run/{one['RuntimeDirectory']}")
    sut.equal("left behind", {f for f in files() if not f.startswith(("/var/log/", "/var/cache/", "/tmp/"))}, set())
    sut.equal("its user", inside("getent", "passwd", "sonde", check=False), "")
finally:
    if daemon:
        daemon.kill()
    for at in ("proc", "sys"):
        subprocess.run(["umount", f"{ROOT}/{at}"], check=False)

# ---- a container image of it: the layer holds what the manifest says, and sonde runs from it ----
image = os.path.join(FOLDER, "image.tar")
sut.run(os.path.join(sut.ROOT, "deploy", "image", "make-image"), package, image, seconds=280)
unpacked = os.path.join(FOLDER, "image")
os.makedirs(unpacked)
sut.run("tar", "-x", "-C", unpacked, "-f", image)


def blob(digest):
    path = os.path.join(unpacked, "blobs", *digest.split(":"))
    with open(path, "rb") as file:
        sut.equal("a blob's digest", hashlib.file_digest(file, "sha256").hexdigest(), digest.split(":")[1])
    return path


index = json.load(open(os.path.join(unpacked, "index.json")))
manifest = json.load(open(blob(index["manifests"][0]["digest"])))
configuration = json.load(open(blob(manifest["config"]["digest"])))
layer = blob(manifest["layers"][0]["digest"])
sut.equal("the layer", configuration["rootfs"]["diff_ids"], [manifest["layers"][0]["digest"]])
sut.equal("its size", os.path.getsize(layer), manifest["layers"][0]["size"])
(docker,) = json.load(open(os.path.join(unpacked, "manifest.json")))
sut.equal("docker's names", (docker["Layers"], docker["RepoTags"]), (["blobs/sha256/" + os.path.basename(layer)], ["sonde:0.1.0"]))
inner = os.path.join(FOLDER, "inner")
os.makedirs(inner)
sut.run("tar", "-x", "-C", inner, "-f", layer)
entry = configuration["config"]["Entrypoint"]
sut.equal("it runs", sut.run("chroot", inner, *entry, "version").strip(), "sonde 0.1.0")
shutil.rmtree(inner)

# ---- manual pages are well-formed ----
sut.run("make", "-s", "-C", sut.ROOT, f"B={OUT}", OUT + "/sonde.yaml.5")
for page in ("docs/sonde.8", OUT + "/sonde.yaml.5"):
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", os.path.join(sut.ROOT, page)], capture_output=True, text=True)
    sut.equal(f"warnings of {page}", (done.returncode, done.stderr), (0, ""))

# ---- completions: what --help says, in each shell ----
binaries = os.path.join(FOLDER, "bin")
os.makedirs(binaries)
os.symlink(sut.SONDE, binaries + "/sonde")
path = dict(os.environ, PATH=binaries + ":" + os.environ["PATH"])
commands = re.findall(r"^  ([a-z]+)  ", sut.run(sut.SONDE, "--help"), re.M)


def completed(shell, words):
    line = " ".join(["sonde", *words])
    here = os.path.join(sut.ROOT, "deploy", "completions")
    script = {
        "bash": f'source {here}/sonde.bash; COMP_WORDS=({line} ""); COMP_WORDS[$((${{#COMP_WORDS[@]}}-1))]="{"--" if words else ""}"; '
                f'COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _sonde; printf "%s\\n" "${{COMPREPLY[@]}}"',
        "zsh": f'_call_program() {{ shift; eval "$*"; }}; _describe() {{ print -rl -- ${{(P)2}}; }}; _files() {{ :; }}; words=({line} '
               f'{"--" if words else "x"}); CURRENT=$#words; source {here}/_sonde',
        "fish": f'source {here}/sonde.fish; complete -C "{line} {"--" if words else ""}"',
    }[shell]
    out = subprocess.run([shell, "-c", script], capture_output=True, text=True, timeout=30, env=path).stdout
    return {re.split(r"[\t:]", line)[0].replace("\\", "") for line in out.split("\n") if line} - {"--help"}


for shell in ("bash", "zsh", "fish"):
    sut.equal(f"commands in {shell}", completed(shell, []), set(commands))
    for command in [c for c in commands if c != "version"]:
        options = set(re.findall(r"^ +(?:-\w, )?(--[a-z.-]+)", sut.run(sut.SONDE, command, "--help"), re.M)) - {"--help"}
        sut.equal(f"options of {command} in {shell}", completed(shell, [command]), options)

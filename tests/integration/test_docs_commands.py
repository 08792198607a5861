#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every command of the documentation is run as it stands there: in a network and mount namespace of its own, where sonde, Prometheus,
Alertmanager, PostgreSQL and Redis are at their usual addresses, beside the demonstration under load. It must end well and print
something. What cannot be run here is named with the reason, and an entry that no page holds any more fails. Paths of the
endpoint that the text names are asked, too."""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import doc_pages
import sut

NOT_RUN = {
    "sudo make test": "it is what runs this test",
    "make deb && sudo apt install ./build/deb/sonde_0.1.0_*.deb": "installs into the system; test_package.py does it in a debootstrap folder",
    "sudo systemctl enable --now sonde": "needs systemd as the first process; test_package.py starts it as the unit would",
    "sudo adduser $USER sonde": "changes the system's users; test_package.py has the user and group of the package",
    "systemctl status sonde": "needs systemd as the first process",
    "journalctl -u sonde -n 50": "needs systemd's journal",
    "make image && podman load -i build/sonde-image.tar": "podman is another's; the archive is built by `make image` from the package",
    "cd deploy/kubernetes/base && kustomize edit set image sonde=REGISTRY/sonde:0.1.0": "changes the tree; test_kubernetes.py builds these manifests",
    "kubectl apply -k deploy/kubernetes/base": "needs a cluster; test_kubernetes.py builds these manifests",
    "kubectl label namespace monitoring sonde.scrape=allowed": "needs a cluster",
}
# They observe until they are stopped (SIGINT); the first ones serve the usual address themselves, so they come before the daemon.
ALONE = ("sonde run", "sudo make run")
# Whether something is printed is up to what passes just then.
MAY_BE_SILENT = ("sonde tail --slower 100ms --protocol postgres", "sonde tail --service nginx --status 5xx")

sut.need("unshare", "ip", "mount", "nginx", "gunicorn", "redis-cli", "socat", "psql", "pg_isready", "promtool", "amtool", "prometheus",
         "prometheus-alertmanager", "curl", "make")
if os.geteuid():
    sut.skip("namespaces and BPF need root")
if "SONDE_DOCS_INSIDE" not in os.environ:
    done = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True)
    if done.returncode:
        sut.skip("no namespace may be made here: " + done.stderr.strip())
    os.environ["SONDE_DOCS_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, os.path.abspath(__file__)])

# The pages write files into /tmp, so it is one of their own; a tree that lies beneath it is moved into that.
subprocess.run(["mount", "--bind", sut.ROOT, "/mnt"], check=True)
subprocess.run(["mount", "-t", "tmpfs", "none", "/tmp"], check=True)
if not os.path.isdir(sut.ROOT):
    os.makedirs(sut.ROOT)
    subprocess.run(["mount", "--bind", "/mnt", sut.ROOT], check=True)
subprocess.run(["umount", "/mnt"], check=True)
import demo

found = doc_pages.commands()
every = [command for _, command in found]
sut.equal("not run, and in no page any more", sorted(set(NOT_RUN) - set(every)), [])
sut.equal("stopped or silent, and in no page any more", sorted(set(ALONE + MAY_BE_SILENT) - set(every)), [])
assert len(every) > 50, every
written = {(path, page, heading) for page, heading, command in doc_pages.sections() for path in re.findall(r"/tmp/[\w.-]+", command)}
sut.equal("files that two sections write at once", len(written), len({path for path, *_ in written}))

# ---- a machine where everything is where the pages say ----
place = sut.folder()
upper = os.path.join(place, "etc")
sut.run("ip", "link", "set", "lo", "up")
sut.run("mount", "-t", "tmpfs", "none", "/run")
os.mkdir(upper)
sut.run("mount", "-t", "tmpfs", "none", upper)
for name in ("upper", "work"):
    os.mkdir(os.path.join(upper, name))
sut.run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/etc,upperdir={upper}/upper,workdir={upper}/work", "/etc")
os.makedirs("/etc/sonde", exist_ok=True)
with open("/etc/sonde/sonde.yaml", "w") as f:
    f.write(demo.config())
programs = os.path.join(place, "bin")
os.mkdir(programs)
os.symlink(sut.SONDE, os.path.join(programs, "sonde"))
with open(os.path.join(programs, "sudo"), "w") as f:
    f.write('#!/bin/sh\nexec "$@"\n')
os.chmod(os.path.join(programs, "sudo"), 0o755)
environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
environment["PATH"] = programs + ":" + environment["PATH"]


def shell(command, **options):
    return subprocess.Popen(["bash", "-c", "set -o pipefail; " + command], cwd=sut.ROOT, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
                            **options)


def is_endless(command):
    return command in ALONE or re.match(r"sonde tail(?!.*(--count|\.rec\b))", command)


def told(page, command):
    """Runs it; "" or what is wrong."""
    process = shell(command)
    seconds = 6 if is_endless(command) else 40
    try:
        output, _ = process.communicate(timeout=seconds)
        ended = True
    except subprocess.TimeoutExpired:
        ended = False
        os.killpg(process.pid, signal.SIGINT if is_endless(command) else signal.SIGKILL)
        output, _ = process.communicate(timeout=15)
    if ended == bool(is_endless(command)):
        return f"{page}: `{command}`: {'ended' if ended else 'did not end'}\n{output[-2000:]}"
    # timeout(1) says 124 where it ended the command; of make and bash it is what SIGINT makes of them.
    good = {0, 124} if command.startswith("timeout ") else {0, 2, 130, -signal.SIGINT} if command in ALONE else {0}
    if process.returncode not in good:
        return f"{page}: `{command}`: exit code {process.returncode}\n{output[-2000:]}"
    if not output.strip() and command not in MAY_BE_SILENT and "-o /dev/null" not in command and not command.startswith("timeout "):
        return f"{page}: `{command}`: prints nothing"
    print(f"ran: {page}: {command}")
    return ""


def section_told(section):
    """One after the other: a recording is made before it is replayed."""
    return [told(page, command) for page, heading, command in doc_pages.sections()
            if (page, heading) == section and command not in NOT_RUN and command not in ALONE]


for command in ALONE:
    problem = told("README.md", command)
    assert not problem, problem
application = demo.Application()
sut.start("socat", "TCP-LISTEN:6379,bind=127.0.0.1,fork,reuseaddr", f"TCP:127.0.0.1:{application.redis.port}")
environment.update(PGHOST="127.0.0.1", PGPORT=str(application.postgres.port), PGUSER="postgres")
log = os.path.join(place, "log")
sut.start(sut.SONDE, "run", "--config", "/etc/sonde/sonde.yaml", stderr=open(log, "w"))


def ready():
    with open(log) as f:
        text = f.read()
    if "CAP_BPF" in text and 'at="ready"' not in text:
        sut.skip("BPF may not be loaded here")
    return 'at="ready"' in text


sut.wait_for("sonde", ready)
application.load(60, 6)
with open(os.path.join(place, "prometheus.yml"), "w") as f:
    f.write(f"rule_files: [{sut.ROOT}/alerts/sonde.rules.yml]\n"
            "scrape_configs:\n- {job_name: sonde, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:9867']}]}\n")
sut.start("prometheus", f"--config.file={place}/prometheus.yml", f"--storage.tsdb.path={place}/tsdb", "--web.listen-address=127.0.0.1:9090")
sut.start("prometheus-alertmanager", f"--config.file={sut.ROOT}/alerts/alertmanager.yml", f"--storage.path={place}/alertmanager",
          "--web.listen-address=127.0.0.1:9093", "--cluster.listen-address=")
sut.wait_port(9093)
# Two scrapes of what fails, too: some queries are about that.
sut.wait_for("two scrapes", lambda: sut.run(
    "promtool", "query", "instant", "http://127.0.0.1:9090", 'rate(http_request_duration_ms_count{status_code=~"5.."}[5m])',
    check=False).count("=>"), 60)

# ---- the commands ----
sections = list(dict.fromkeys((page, heading) for page, heading, _ in doc_pages.sections()))
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    problems = [problem for results in pool.map(section_told, sections) for problem in results if problem]
assert not problems, "\n\n".join(problems)

# ---- the paths that the text names ----
paths = {code.split(" ")[-1] for page in doc_pages.PAGES for code in doc_pages.inline(page)
         if re.fullmatch(r"(GET )?/(metrics|api/[\w/-]+|-/\w+)(\?\w+=\w+)?", code)}
assert len(paths) >= 8, paths
for path in sorted(paths):
    try:
        with urllib.request.urlopen("http://127.0.0.1:9867" + path.replace("NAME", "accubooks").replace("=N", "=0"), timeout=20) as answer:
            status = answer.status
    except urllib.error.HTTPError as refused:
        status = refused.code
    assert status in (200, 503), f"{path}: {status}"
print(f"{len(every) - len(NOT_RUN)} commands run, {len(NOT_RUN)} named as not run, {len(paths)} paths asked")

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""deploy/kubernetes builds with kubectl's kustomize: its rights, probes and configuration are what sonde takes. A process in a pod's
control group is named by the kubelet's links alone."""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sut

sut.need("kubectl", "redis-server", "promtool")
sut.need_module("yaml")
import yaml

KUBERNETES = os.path.join(sut.ROOT, "deploy", "kubernetes")
LEAST = {"BPF", "PERFMON"}
USUAL = LEAST | {"SYS_PTRACE", "DAC_READ_SEARCH"}

# ---- the manifests ----
for folder, rights, seccomp in (("base", USUAL, "RuntimeDefault"), ("overlays/least-rights", LEAST, "RuntimeDefault"),
                                ("overlays/old-kernels", USUAL | {"SYS_ADMIN", "SYS_RESOURCE"}, "Unconfined")):
    done = subprocess.run(["kubectl", "kustomize", os.path.join(KUBERNETES, folder)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "HOME": sut.folder()})
    sut.equal(f"kubectl kustomize {folder}", done.returncode, 0)
    made = {d["kind"]: d for d in yaml.safe_load_all(done.stdout)}
    sut.equal("kinds", set(made), {"Namespace", "ServiceAccount", "ConfigMap", "DaemonSet", "NetworkPolicy"})
    pod = made["DaemonSet"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    security = container["securityContext"]
    sut.equal("capabilities", (security["capabilities"]["drop"], set(security["capabilities"]["add"])), (["ALL"], rights))
    sut.equal("no more than these", (security["privileged"], security["allowPrivilegeEscalation"], security["readOnlyRootFilesystem"],
                                     security["seccompProfile"]["type"]), (False, False, True, seccomp))
    sut.equal("no token", (made["ServiceAccount"]["automountServiceAccountToken"], pod["spec"]["automountServiceAccountToken"]), (False, False))
    sut.equal("every mount but its own is read-only", [m["name"] for m in container["volumeMounts"] if not m.get("readOnly")], ["run"])
    sut.equal("labels that select", made["DaemonSet"]["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items(), True)
    sut.equal("egress", made["NetworkPolicy"]["spec"]["egress"] if made["NetworkPolicy"]["spec"].get("egress") else [], [])
    assert container["resources"]["limits"]["memory"] and container["image"] == "sonde:0.1.0"
    (name,) = [v["configMap"]["name"] for v in pod["spec"]["volumes"] if "configMap" in v]
    sut.equal("the configuration's name", name, made["ConfigMap"]["metadata"]["name"])

    # sonde takes this configuration and these arguments, and answers these probes.
    path = os.path.join(sut.folder(), "sonde.yaml")
    with open(path, "w") as f:
        f.write(made["ConfigMap"]["data"]["sonde.yaml"])
    sut.run(sut.SONDE, "check", path)
    arguments = [path if a == "/etc/sonde/sonde.yaml" else a for a in container["args"][1:]]
    sut.equal("its command", container["args"][0], "run")
    with sut.Sonde(*arguments, exchanges=False) as sonde:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert sonde.get(container[probe]["httpGet"]["path"]), probe
        port = int(re.search(r":(\d+)", yaml.safe_load(open(path))["web"]["listen_address"])[1])
        sut.equal("the port", (container["ports"][0]["containerPort"], pod["metadata"]["annotations"]["prometheus.io/port"],
                               made["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"]), (port, str(port), port))
    monitor = yaml.safe_load(open(os.path.join(KUBERNETES, "podmonitor.yaml")))
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    sut.equal("the monitor's port", monitor["spec"]["podMetricsEndpoints"][0]["port"], container["ports"][0]["name"])

# ---- rules for fleets ----
alerts = os.path.join(sut.ROOT, "alerts")
sut.run("promtool", "check", "rules", os.path.join(alerts, "sonde.fleet.yml"))
assert "SUCCESS" in sut.run("promtool", "test", "rules", os.path.join(alerts, "tests", "sonde.fleet.test.yml"))

# ---- names, from the node alone ----
if os.geteuid():
    sut.skip("control groups are made by root")
mounts = [line.split() for line in open("/proc/self/mounts")]
roots = [m[1] for m in mounts if m[2] == "cgroup2"]
if not roots:
    sut.skip("no cgroup2 is mounted")
UID, ID = "0f0e0d0c-1111-2222-3333-444455556666", "5e" * 32
group = os.path.join(roots[0], f"kubepods-sonde-test-{os.getpid()}.slice")
inner = os.path.join(group, f"kubepods-burstable-pod{UID.replace('-', '_')}.slice", f"cri-containerd-{ID}.scope")
logs = sut.folder()
os.symlink("/nowhere", os.path.join(logs, f"cache-6c5f4d9b8d-2kq7p_shop_redis-{ID}.log"))
os.symlink("/nowhere", os.path.join(logs, f"cache-6c5f4d9b8d-zzzzz_shop_redis-{'0' * 64}.log"))
os.makedirs(inner)
try:
    redis = None
    configuration = f"kubernetes:\n  logs: {logs}\nservices:\n  - {{name: '{{namespace}}/{{workload}}', pod_name: '*'}}\n"
    with sut.Sonde(config=configuration) as sonde:
        pid = os.getpid()
        with open(os.path.join(inner, "cgroup.procs"), "w") as f:
            f.write(str(pid))  # what this process starts is born there
        try:
            redis = sut.Redis()
        finally:
            with open(os.path.join(roots[0], "cgroup.procs"), "w") as f:
                f.write(str(pid))
        for _ in range(7):
            redis.cli("ping")
        sonde.settle()
        page = sonde.get().decode()
    calls = sonde.count("service", side="server", protocol="redis", command="PING")
    sut.equal("service by namespace and workload", calls, {("shop/cache",): 7})
    info = re.findall(r'^service_kubernetes_info\{(.*)\} 1$', page, re.M)
    sut.equal("its pod", info, ['service="shop/cache",namespace="shop",workload="cache",pod="cache-6c5f4d9b8d-2kq7p",container="redis"'])
    sonde.check()
    redis.stop()
finally:
    time.sleep(0.2)
    for path in (inner, os.path.dirname(inner), group):
        try:
            os.rmdir(path)
        except OSError:
            pass

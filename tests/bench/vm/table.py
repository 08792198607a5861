# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes a table and a JSON file of what the machine wrote: table.py FOLDER JSON"""

import json
import re
import statistics
import sys

GOALS = {"http": 0.93, "redis": 0.92, "redis_P16": 0.95, "pgbench_simple": 0.96, "pgbench_prepared": 0.95,
         "pgbench_simple_tls": 0.96, "pgbench_prepared_tls": 0.95}


def figures(path):
    """observer -> load -> what the rounds gave, but for the first one, which is cold"""
    rates, ran = {}, {}
    with open(path, encoding="utf-8") as log:
        for line in log:
            word = line.split()
            if len(word) == 6 and word[0] == "FIGURE" and word[1] != "0":
                rates.setdefault(word[2], {}).setdefault(word[3], []).append(float(word[4]))
                ran.setdefault(word[2], {}).setdefault(word[3], []).append(int(word[5]))
    return rates, ran


def lost(path):
    try:
        with open(path, encoding="utf-8") as metrics:
            lines = re.findall(r"^sonde_lost_exchanges_total\{.*\} (\S+)", metrics.read(), re.M)
    except OSError:
        return None
    return sum(map(float, lines))


def main():
    folder, out = sys.argv[1:3]
    rates, ran = figures(folder + "/log")
    if "none" not in rates:
        sys.exit("bench-vm: the machine did not finish; see console.log beside " + folder)
    result = {"lost": lost(folder + "/metrics"), "rounds": max(map(len, rates["none"].values())), "loads": {}}
    others = [o for o in rates if o != "none"]
    print("| load | without, 1/s | " + " | ".join(f"{o} / without" for o in others) + " | goal |")
    print("|---|---|" + "---|" * len(others) + "---|")
    missed = False
    for load, goal in GOALS.items():
        if load not in rates["none"]:
            continue
        base = statistics.median(rates["none"][load])
        ratio = {o: statistics.median(rates[o][load]) / base for o in others}
        missed |= "sonde" in ratio and ratio["sonde"] < goal
        result["loads"][load] = {"without": base, "ratio": ratio, "goal": goal,
                                 "daemon_ns": {o: ran[o][load] for o in others}}
        print(f"| {load} | {base:.0f} | " + " | ".join(f"{ratio[o]:.3f}" for o in others) + f" | {goal} |")
    print(f"exchanges lost: {result['lost']}")
    with open(out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    sys.exit(1 if missed or result["lost"] else 0)


main()

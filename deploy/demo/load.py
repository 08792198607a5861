# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Users of the demonstration: a bounded load of ordinary requests, some of which go wrong."""
import http.client
import json
import random
import sys
import threading
import time

PORT, SECONDS, USERS = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
END = time.monotonic() + SECONDS


def user(number):
    c = http.client.HTTPConnection("127.0.0.1", PORT)

    def ask(method, path, body=None, headers={}):
        c.request(method, path, json.dumps(body) if body else None, headers)
        answer = c.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    _, login = ask("POST", "/api/login", {"user": number + 1})
    headers = {"Authorization": f"Bearer {login.get('token')}", "Cookie": f"session={login.get('session')}"}
    tier = login.get("tier", "FREE")
    while time.monotonic() < END:
        account = random.randrange(1, 60)
        random.choices((
            lambda: ask("GET", f"/api/accounts/{account}", headers=headers),
            lambda: ask("POST", "/api/forecasts", {"account": account, "tier": tier}, headers),
            lambda: ask("POST", "/api/scenarios", {"account": account, "tier": tier}, headers),
            lambda: ask("GET", "/api/scenarios", headers=headers),
            lambda: ask("GET", f"/api/trust/{random.choice(('sources', 'confidence', 'audit'))}", headers=headers),
            lambda: ask("GET", "/api/report", headers=headers),
            lambda: ask("POST", f"/api/accounts/{account}/upgrade", {"to": random.choice(("STARTER", "PRO"))}, headers),
            lambda: ask("GET", "/static/logo.svg"),
            lambda: ask("POST", "/api/login", {"user": number + 1}),
        ), (40, 15, 6, 8, 8, 4, 1, 6, 2))[0]()
        time.sleep(random.uniform(0, 0.05))


threads = [threading.Thread(target=user, args=(n,), daemon=True) for n in range(USERS)]
for t in threads:
    t.start()
for t in threads:
    t.join(SECONDS + 10)

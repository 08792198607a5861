# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The demonstration's application for tests: the same that `make demo` shows."""
import importlib.machinery
import importlib.util
import os

import sut

sut.need("nginx", "gunicorn")
sut.need_module("psycopg", "redis")
_path = os.path.join(sut.ROOT, "deploy", "demo", "demo")
_spec = importlib.util.spec_from_loader("sonde_demo", importlib.machinery.SourceFileLoader("sonde_demo", _path))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
Application = _module.Application


def config(more=""):
    """deploy/accubooks.yaml, with a ring that other work on the machine does not fill."""
    with open(os.path.join(sut.ROOT, "deploy", "accubooks.yaml")) as f:
        return f.read() + "\ncapture:\n  ring: 64MiB\n" + more

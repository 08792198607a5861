#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
gRPC's C core by its Python face: `core.py server LOG PORT [KEY CERTIFICATE]`, `core.py client LOG PORT [AUTHORITY]`. Each line of
the client's standard input is a number of rounds; it says "done" after each. A line of JSON for every call that ended.
"""
import concurrent.futures
import json
import sys
import threading
import time

import grpc

SERVICE = "shop.v1.Core"
lock = threading.Lock()


def write(log, **fields):
    with lock:
        log.write(json.dumps(fields) + "\n")
        log.flush()


class Log(grpc.ServerInterceptor):
    """How each call ended: its status, told once."""

    def __init__(self, log):
        self.log = log

    def intercept_service(self, go_on, details):
        write(self.log, method=details.method)
        return go_on(details)


def get(request, context):
    return request


def fail(request, context):
    context.abort(list(grpc.StatusCode)[request[0]], "as asked") if request[0] else None
    return request


def listing(request, context):
    for i in range(request[0]):
        yield bytes(i * 300)


def upload(requests, context):
    return bytes([sum(1 for _ in requests) % 256])


def chat(requests, context):
    yield from requests


def slow(request, context):
    yield b"begun"
    while context.is_active():
        time.sleep(0.01)


def serve(log, port, key=None, certificate=None):
    handlers = {"Get": grpc.unary_unary_rpc_method_handler(get), "Fail": grpc.unary_unary_rpc_method_handler(fail),
                "List": grpc.unary_stream_rpc_method_handler(listing), "Upload": grpc.stream_unary_rpc_method_handler(upload),
                "Chat": grpc.stream_stream_rpc_method_handler(chat), "Slow": grpc.unary_stream_rpc_method_handler(slow)}
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), interceptors=[Log(open(log, "w"))],
                         options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
    address = "127.0.0.1:" + port
    if key:
        pair = (open(key, "rb").read(), open(certificate, "rb").read())
        server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(address)
    server.start()
    sys.stdin.read()
    server.stop(5).wait()


def ended(call):
    """The code that the call ended with; iterating hands on what comes before."""
    got = 0
    try:
        for _ in call:
            got += 1
    except grpc.RpcError:
        pass
    return call.code().value[0], got


def client(log, port, authority=None):
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    log = open(log, "w")
    if authority:
        channel = grpc.secure_channel("localhost:" + port, grpc.ssl_channel_credentials(open(authority, "rb").read()), options)
    else:
        channel = grpc.insecure_channel("127.0.0.1:" + port, options)

    # As streams of both directions the wire looks the same, and the answer is at hand message by message.
    def call(method, messages, cancel=False):
        stream = channel.stream_stream(f"/{SERVICE}/{method}")(iter(messages))
        if cancel:
            next(stream)
            stream.cancel()
        code, got = ended(stream)
        write(log, method=f"/{SERVICE}/{method}", code="aborted" if cancel else code, sent=len(messages),
              got=got + (1 if cancel else 0))

    def rounds(count):
        for _ in range(count):
            for size in (0, 1, 16379, 16380, 100_000, 150_000):
                call("Get", [bytes(size)])
            for code in range(17):
                call("Fail", [bytes([code])])
            for n in (0, 1, 30):
                call("List", [bytes([n])])
                call("Upload", [bytes(i * 700) for i in range(n)])
                call("Chat", [bytes(i * 100) for i in range(n)])
            call("Slow", [b"x"], cancel=True)

    for line in sys.stdin:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(rounds, [int(line)] * 4))
        print("done", flush=True)
    channel.close()


if __name__ == "__main__":
    {"server": serve, "client": client}[sys.argv[1]](*sys.argv[2:])

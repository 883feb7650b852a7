#!/usr/bin/env python3
"""A webhook that keeps what the API server sends and allows everything.

    recorder.py PORT CERT KEY FOLDER

Writes each request body as it came to FOLDER/<number>-<mutate|validate>.json, in the order of arrival.
"""

import http.server
import itertools
import json
import pathlib
import ssl
import sys
import urllib.parse

port, cert, key, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
numbers = itertools.count(1)


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        review = json.loads(body)
        path = urllib.parse.urlsplit(self.path).path  # the API server adds ?timeout=10s
        name = folder / f"{next(numbers):05d}-{path.strip('/')}.json"
        # A reader never sees half a file.
        name.with_suffix(".part").write_bytes(body)
        name.with_suffix(".part").rename(name)
        self.answer(json.dumps({
            "apiVersion": review["apiVersion"], "kind": review["kind"],
            "response": {"uid": review["request"]["uid"], "allowed": True},
        }).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Recorder)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()

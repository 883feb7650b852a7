#!/usr/bin/env python3
"""A mutating webhook that spoils Pods after ours has seen them.

    injector.py PORT CERT KEY

What it does stands in the Pod's annotation connaisseur.test/inject: `add` adds a container with the image of the annotation
connaisseur.test/image, `replace` puts that image in the first container, `unpin` cuts the digest off the first
container's image.
"""

import base64
import http.server
import json
import ssl
import sys

port, cert, key = int(sys.argv[1]), *sys.argv[2:4]


def patch(pod):
    annotations = pod["metadata"].get("annotations") or {}
    wanted, image = annotations.get("connaisseur.test/inject"), annotations.get("connaisseur.test/image")
    first = "/spec/containers/0/image"
    if wanted == "add":
        return [{"op": "add", "path": "/spec/containers/-", "value": {"name": "injected", "image": image}}]
    if wanted == "replace":
        return [{"op": "replace", "path": first, "value": image}]
    if wanted == "unpin":
        return [{"op": "replace", "path": first, "value": pod["spec"]["containers"][0]["image"].split("@")[0]}]
    return []


class Injector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, review):
        body = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({})

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        response = {"uid": request["uid"], "allowed": True}
        operations = patch(request["object"])
        if operations:
            response["patchType"] = "JSONPatch"
            response["patch"] = base64.b64encode(json.dumps(operations).encode()).decode()
        self.answer({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response})


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Injector)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()

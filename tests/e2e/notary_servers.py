#!/usr/bin/env python3
"""Small servers that stand beside the real notary-server, on loopback. Each logs a line for every request.

    notary_servers.py files PORT FOLDER         serve captured metadata: FOLDER/GUN/NAME under /v2/GUN/_trust/tuf/NAME
    notary_servers.py proxy PORT URL            a door with basic authentication in front of a server
    notary_servers.py tokens PORT KEY CERT [TLS_CERT TLS_KEY]
                                                the token service of a server with `auth: {type: token}`: signs with KEY,
                                                with TLS if it gets a certificate

The environment names the one login that is right: LOGIN=user:password. `tokens` also needs ISSUER and SERVICE.
"""

import base64
import hmac
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


def login(headers):
    """`right`, `wrong` or `none`."""
    given = headers.get("Authorization")
    if given is None:
        return "none"
    right = "Basic " + base64.b64encode(os.environ["LOGIN"].encode()).decode()
    return "right" if hmac.compare_digest(given, right) else "wrong"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, data, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), "Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)


class Files(Handler):
    def do_GET(self):
        folder = pathlib.Path(sys.argv[3]).resolve()
        gun, mark, name = self.path.removeprefix("/v2/").partition("/_trust/tuf/")
        path = (folder / gun / name).resolve()
        if self.path == "/v2/":
            self.answer(200, b"{}")
        elif mark and path.is_relative_to(folder) and path.is_file():
            self.answer(200, path.read_bytes())
        else:
            self.answer(404, b'{"errors":[{"code":"METADATA_NOT_FOUND","message":"not here"}]}')


class Proxy(Handler):
    def do_GET(self):
        who = login(self.headers)
        print(f"{self.path} login {who}", flush=True)
        if who != "right":
            self.answer(401, b"{}", WWW_Authenticate='Basic realm="e2e"')
            return
        try:
            with urllib.request.urlopen(sys.argv[3] + self.path, timeout=10) as answer:
                self.answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, error.read())


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(access):
    """A JSON web token as docker's registry and notary-server take it."""
    key, certificate = sys.argv[3:5]
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True, capture_output=True)
    now = int(time.time())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der.stdout).decode()]}
    claims = {
        "iss": os.environ["ISSUER"], "sub": "e2e", "aud": os.environ["SERVICE"], "jti": str(uuid.uuid4()),
        "iat": now, "nbf": now - 10, "exp": now + 300, "access": access,
    }
    text = encode(json.dumps(header).encode()) + b"." + encode(json.dumps(claims).encode())
    command = ["openssl", "dgst", "-sha256", "-sign", key]
    signed = subprocess.run(command, input=text, check=True, capture_output=True).stdout
    return (text + b"." + encode(signed)).decode()


class Tokens(Handler):
    def do_GET(self):
        if self.path == "/":
            self.answer(200, b"{}")
            return
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        who = login(self.headers)
        print(f"login {who} scope {query.get('scope')}", flush=True)
        if who == "wrong":
            self.answer(401, b"{}")
            return
        access = []
        for scope in query.get("scope", []) if who == "right" else []:
            # The name of a repository may hold a port.
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        self.answer(200, json.dumps({"token": token(access), "expires_in": 300}).encode())


def main():
    handlers = {"files": Files, "proxy": Proxy, "tokens": Tokens}
    if len(sys.argv) < 4 or sys.argv[1] not in handlers:
        sys.exit(__doc__)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), handlers[sys.argv[1]])
    if sys.argv[1] == "tokens" and len(sys.argv) > 5:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[5:7])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

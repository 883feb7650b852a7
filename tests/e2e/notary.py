#!/usr/bin/env python3
"""Keeps the metadata of Notary v1 repositories as files, reads it, and signs it anew with other contents.

    notary.py capture URL GUN FOLDER [CA]     keep what the server serves, byte for byte, under the names of its URLs
    notary.py root-key ROOT.json              print the public key of the root role (PEM)
    notary.py targets FOLDER                  print tag, sha256 and role of every target
    notary.py expiries FOLDER                 print each role and when it expires
    notary.py resign FOLDER KEYS [CHANGE]…    change captured metadata and sign it with the repository's own keys
        ROLE=DAYS        ROLE expires so many days from now, or did so if negative
        ROLE+TAG:SHA256  ROLE lists TAG for this digest
        ROLE#NUMBER      ROLE needs so many signatures

No tool makes metadata that has expired: the durations are fixed, and faketime does not reach programs in Go. So `resign`
takes what the real tools made, changes it, and signs it with the keys in KEYS, the `private` folder of the client that
made it. The timestamp's key never leaves the server, so a new one takes its place in the root. The passphrases are those of
the client, NOTARY_…_PASSPHRASE. It wants ECDSA keys and a root that has never been rotated.
"""

import base64
import datetime
import hashlib
import json
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.request


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout


# --- reading -------------------------------------------------------------------------------------------------


def checksum(meta):
    return base64.b64decode(meta["hashes"]["sha256"]).hex()


def read(folder, name):
    return json.loads((folder / name).read_bytes())["signed"]


def roles(folder):
    """Every role whose metadata is there, with what it says, by way of the hashes that vouch for it."""
    timestamp = read(folder, "timestamp.json")
    snapshot = read(folder, f"snapshot.{checksum(timestamp['meta']['snapshot'])}.json")
    found = {"timestamp": timestamp, "snapshot": snapshot}
    for name, meta in sorted(snapshot["meta"].items()):
        found[name] = read(folder, f"{name}.{checksum(meta)}.json")
    return found


def public_key(key):
    """The SubjectPublicKeyInfo (DER) of a key as a root writes it."""
    data = base64.b64decode(key["keyval"]["public"])
    if key["keytype"].endswith("-x509"):
        data = openssl("x509", "-pubkey", "-noout", data=data)
        return openssl("pkey", "-pubin", "-outform", "DER", data=data)
    return data


def root_key(path):
    root = json.loads(pathlib.Path(path).read_bytes())["signed"]
    (key,) = root["roles"]["root"]["keyids"]
    return openssl("pkey", "-pubin", "-inform", "DER", data=public_key(root["keys"][key])).decode()


# --- capturing -----------------------------------------------------------------------------------------------


def capture(url, gun, folder, ca=None):
    context = ssl.create_default_context(cafile=ca) if ca else None

    def keep(name):
        with urllib.request.urlopen(f"{url}/v2/{gun}/_trust/tuf/{name}", timeout=10, context=context) as answer:
            data = answer.read()
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return json.loads(data)["signed"]

    timestamp = keep("timestamp.json")
    keep("snapshot.json")
    snapshot = keep(f"snapshot.{checksum(timestamp['meta']['snapshot'])}.json")
    for name, meta in snapshot["meta"].items():
        keep(f"{name}.{checksum(meta)}.json")
    for version in range(1, keep("root.json")["version"] + 1):
        keep(f"{version}.root.json")


# --- signing anew --------------------------------------------------------------------------------------------


def canonical(value):
    """Canonical JSON, for texts that need no more escapes than these."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signature(private, data):
    """ECDSA with SHA-256 as notary writes it: r and s, 32 bytes each."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(private)
        file.flush()
        der = openssl("dgst", "-sha256", "-sign", file.name, data=data)
    numbers, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        numbers += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(32, "big")
        at += 2 + length
    return base64.b64encode(numbers).decode()


def private_keys(folder):
    """The client's private keys (PEM) by their public ones (DER)."""
    found = {}
    for path in pathlib.Path(folder).glob("*.key"):
        text = path.read_text()
        role = re.search(r"^role: (\w+)$", text, re.MULTILINE)[1]
        variable = {"user": "DELEGATION"}.get(role, role.upper())
        bare = re.sub(r"^\w+: .*\n|^\n", "", text, flags=re.MULTILINE).encode()
        private = openssl("pkcs8", "-passin", f"env:NOTARY_{variable}_PASSPHRASE", data=bare)
        found[openssl("pkey", "-pubout", "-outform", "DER", data=private)] = private
    return found


class Repository:
    """The metadata of a folder, and the keys to sign it."""

    def __init__(self, folder, keys):
        self.folder = folder
        self.private = private_keys(keys)
        self.roles = roles(folder)
        # The server keeps the timestamp's key: another one takes its place.
        private = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        public = openssl("pkey", "-pubout", "-outform", "DER", data=private)
        self.private[public] = private
        key = {"keytype": "ecdsa", "keyval": {"private": None, "public": base64.b64encode(public).decode()}}
        root, identity = self.roles["root"], hashlib.sha256(canonical(key)).hexdigest()
        del root["keys"][root["roles"]["timestamp"]["keyids"][0]]
        root["keys"][identity] = key
        root["roles"]["timestamp"]["keyids"] = [identity]

    def keys_of(self, role):
        """What signs a role: its keys by identity, and how many it needs."""
        root = self.roles["root"]
        if role in root["roles"]:
            return root["keys"], root["roles"][role]
        delegations = self.roles[role.rsplit("/", 1)[0]]["delegations"]
        return delegations["keys"], next(entry for entry in delegations["roles"] if entry["name"] == role)

    def change(self, text):
        role, mark, value = re.fullmatch(r"([^=+#]+)([=+#])(.+)", text).groups()
        if mark == "=":
            when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=float(value))
            self.roles[role]["expires"] = when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif mark == "+":
            tag, digest = value.rsplit(":", 1)
            hashes = {"sha256": base64.b64encode(bytes.fromhex(digest)).decode()}
            self.roles[role]["targets"][tag] = {"hashes": hashes, "length": 1}
        else:
            self.keys_of(role)[1]["threshold"] = int(value)

    def write(self, role, names):
        """Signs a role, keeps it under its checksum and the given names, and returns what vouches for it."""
        keys, entry = self.keys_of(role)
        signed = canonical(self.roles[role])
        signatures = [
            {"keyid": identity, "method": "ecdsa", "sig": signature(self.private[public_key(keys[identity])], signed)}
            for identity in entry["keyids"]
        ]
        data = b'{"signed":' + signed + b',"signatures":' + canonical(signatures) + b"}"
        for name in [f"{role}.{hashlib.sha256(data).hexdigest()}.json", *names]:
            (self.folder / name).write_bytes(data)
        hashes = {name: base64.b64encode(hashlib.new(name, data).digest()).decode() for name in ("sha256", "sha512")}
        return {"hashes": hashes, "length": len(data)}

    def resign(self):
        snapshot, timestamp = self.roles["snapshot"], self.roles["timestamp"]
        for role in snapshot["meta"]:
            names = ["root.json", f"{self.roles['root']['version']}.root.json"] if role == "root" else []
            snapshot["meta"][role] = self.write(role, names)
        timestamp["meta"]["snapshot"] = self.write("snapshot", ["snapshot.json"])
        self.write("timestamp", ["timestamp.json"])


def main(verb, *arguments):
    if verb == "capture":
        capture(*arguments[:2], pathlib.Path(arguments[2]), *arguments[3:])
    elif verb == "root-key":
        print(root_key(arguments[0]), end="")
    elif verb == "targets":
        for role, signed in roles(pathlib.Path(arguments[0])).items():
            for tag, meta in sorted(signed.get("targets", {}).items()):
                print(tag, checksum(meta), role)
    elif verb == "expiries":
        for role, signed in roles(pathlib.Path(arguments[0])).items():
            print(signed["expires"][:19] + "Z", role)
    elif verb == "resign":
        repository = Repository(pathlib.Path(arguments[0]), arguments[1])
        for text in arguments[2:]:
            repository.change(text)
        repository.resign()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["help"])

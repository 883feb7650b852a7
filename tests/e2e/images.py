#!/usr/bin/env python3
"""Makes tiny OCI images and damages cosign signatures, by the registry's HTTP interface alone.

    images.py push     HOST/REPO:TAG [TEXT]            push an image made from TEXT, print its digest
    images.py digest   HOST/REPO:TAG                   print the digest of a tag
    images.py delete   HOST/REPO:TAG | HOST/REPO@DIGEST
    images.py tag      HOST/REPO@DIGEST TAG            let TAG name the manifest with that digest
    images.py transplant HOST/REPO@DIGEST HOST/REPO@DIGEST   give the second image the signatures of the first
    images.py rewrite  HOST/REPO@DIGEST HOST/REPO@DIGEST     the same, with payloads that name the second image
    images.py sign     HOST/REPO@DIGEST KEY.pem [sha256|sha384|sha512|ed25519]
                                                       sign with openssl in cosign's classic layout
    images.py many     HOST/REPO COUNT KEY.pem STORE   make COUNT images t0, t1, …, and sign each one so

The signatures of the tests are made by cosign itself, except where it cannot make them any more (`sign`) or where a
thousand runs of it would take too long (`many`). `many` also writes to the folder STORE of the registry instead of pushing,
because a registry that syncs every upload takes a minute for a thousand images.
"""

import base64
import concurrent.futures
import functools
import gzip
import hashlib
import http.client
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import threading

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
ACCEPT = f"{MANIFEST}, application/vnd.docker.distribution.manifest.v2+json"
connections = threading.local()
store = None


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def split(reference):
    """Splits HOST/REPO:TAG or HOST/REPO@DIGEST."""
    host, rest = reference.split("/", 1)
    separator = "@" if "@" in rest else ":"
    repository, name = rest.rsplit(separator, 1) if separator == ":" else rest.split("@", 1)
    return host, repository, name


def call(host, method, path, body=None, headers=None, expect=(200, 201, 202)):
    """Sends one request over this thread's connection to the host."""
    pool = connections.__dict__.setdefault("pool", {})
    connection = pool.setdefault(host, http.client.HTTPConnection(host, timeout=20))
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    data = response.read()
    if response.status not in expect:
        sys.exit(f"{method} http://{host}{path}: {response.status} {data[:300]!r}")
    return response, data


def links(digest):
    return digest.replace(":", "/") + "/link"


def write(path, content):
    """Writes a file of the registry's store."""
    path = store / "docker/registry/v2" / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def write_blob(data):
    digest = sha256(data)
    write(f"blobs/sha256/{digest[7:9]}/{digest[7:]}/data", data)
    return digest


def put_blob(host, repository, data):
    digest = sha256(data)
    if store:
        write_blob(data)
        write(f"repositories/{repository}/_layers/{links(digest)}", digest)
        return digest
    response, _ = call(host, "POST", f"/v2/{repository}/blobs/uploads/", headers={"Content-Length": "0"})
    location = response.headers["Location"].split(host, 1)[-1]
    location += ("&" if "?" in location else "?") + "digest=" + digest
    call(host, "PUT", location, data, {"Content-Type": "application/octet-stream"})
    return digest


def put_manifest(host, repository, name, manifest):
    data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    if store:
        digest = write_blob(data)
        folder = f"repositories/{repository}/_manifests"
        for path in (f"revisions/{links(digest)}", f"tags/{name}/current/link", f"tags/{name}/index/{links(digest)}"):
            write(f"{folder}/{path}", digest)
        return digest
    call(host, "PUT", f"/v2/{repository}/manifests/{name}", data, {"Content-Type": MANIFEST})
    return sha256(data)


def get_manifest(host, repository, name):
    return call(host, "GET", f"/v2/{repository}/manifests/{name}", headers={"Accept": ACCEPT})[1]


def get_blob(host, repository, digest):
    return call(host, "GET", f"/v2/{repository}/blobs/{digest}")[1]


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data), **more}


@functools.cache
def layer():
    """One file in a tar archive, the same bytes at every run."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = 6
        tar.addfile(entry, io.BytesIO(b"hello\n"))
    return gzip.compress(archive.getvalue(), mtime=0)


def push(host, repository, tag, text):
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Labels": {"text": text}},
        "rootfs": {"type": "layers", "diff_ids": [sha256(gzip.decompress(layer()))]},
    }).encode()
    put_blob(host, repository, config)
    put_blob(host, repository, layer())
    return put_manifest(host, repository, tag, {
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": descriptor(CONFIG, config), "layers": [descriptor(LAYER, layer())],
    })


def signature_tag(digest):
    return digest.replace(":", "-") + ".sig"


def payload_for(host, repository, digest):
    return json.dumps({
        "critical": {
            "identity": {"docker-reference": f"{host}/{repository}"},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }, separators=(",", ":")).encode()


def put_signatures(host, repository, digest, signatures):
    """Writes cosign's classic signature image: one layer for each (payload, annotations)."""
    config = b'{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}'
    put_blob(host, repository, config)
    for payload, _ in signatures:
        put_blob(host, repository, payload)
    put_manifest(host, repository, signature_tag(digest), {
        "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
        "layers": [descriptor(PAYLOAD, payload, annotations=annotations) for payload, annotations in signatures],
    })


def signatures_of(reference):
    host, repository, digest = split(reference)
    manifest = json.loads(get_manifest(host, repository, signature_tag(digest)))
    return [(get_blob(host, repository, layer["digest"]), layer["annotations"]) for layer in manifest["layers"]]


def sign(host, repository, digest, key, algorithm="sha256"):
    """Signs with a private key in PEM; the algorithm is a hash, or ed25519, which takes the payload whole."""
    payload = payload_for(host, repository, digest)
    with tempfile.NamedTemporaryFile() as file:
        file.write(payload)
        file.flush()
        if algorithm == "ed25519":
            command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file.name]
        else:
            command = ["openssl", "dgst", f"-{algorithm}", "-sign", key, file.name]
        signed = subprocess.run(command, check=True, capture_output=True).stdout
    put_signatures(host, repository, digest, [(payload, {SIGNATURE: base64.b64encode(signed).decode()})])


def many(host, repository, count, key):
    def one(number):
        digest = push(host, repository, f"t{number}", f"{repository} {number}")
        sign(host, repository, digest, key)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(count)))


def main(verb, *arguments):
    if verb == "push":
        host, repository, tag = split(arguments[0])
        print(push(host, repository, tag, arguments[1] if len(arguments) > 1 else arguments[0]))
    elif verb == "digest":
        print(sha256(get_manifest(*split(arguments[0]))))
    elif verb == "delete":
        host, repository, name = split(arguments[0])
        digest = name if name.startswith("sha256:") else sha256(get_manifest(host, repository, name))
        call(host, "DELETE", f"/v2/{repository}/manifests/{digest}")
    elif verb == "tag":
        host, repository, digest = split(arguments[0])
        put_manifest(host, repository, arguments[1], get_manifest(host, repository, digest))
    elif verb == "transplant":
        host, repository, digest = split(arguments[1])
        put_signatures(host, repository, digest, signatures_of(arguments[0]))
    elif verb == "rewrite":
        source = split(arguments[0])[2].encode()
        host, repository, digest = split(arguments[1])
        put_signatures(host, repository, digest, [
            (payload.replace(source, digest.encode()), annotations)
            for payload, annotations in signatures_of(arguments[0])
        ])
    elif verb == "sign":
        sign(*split(arguments[0]), *arguments[1:])
    elif verb == "many":
        host, repository = arguments[0].split("/", 1)
        global store
        store = pathlib.Path(arguments[3])
        many(host, repository, int(arguments[1]), arguments[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:] or ["help"])

#!/usr/bin/env python3
"""Sends many admission requests at once and prints one JSON line for each answer.

    storm.py [--concurrency N] [--namespace NAME] [--at COUNT --kill PID [--signal NAME]] URL CA REVIEW < images

Each line of standard input is an image; each makes one request: the recorded review with a new uid and this image. With
--kill, the process PID gets the signal (KILL) when COUNT answers have come. An answer that is no answer is printed with http 0.
"""

import argparse
import base64
import http.client
import itertools
import json
import os
import queue
import signal
import ssl
import sys
import threading
import time
import urllib.parse
import uuid

arguments = argparse.ArgumentParser()
arguments.add_argument("--concurrency", type=int, default=16)
arguments.add_argument("--namespace", default="storm")
arguments.add_argument("--at", type=int, default=0)
arguments.add_argument("--kill", type=int, default=0)
arguments.add_argument("--signal", default="KILL")
arguments.add_argument("url")
arguments.add_argument("ca")
arguments.add_argument("review")
arguments = arguments.parse_args()

url = urllib.parse.urlsplit(arguments.url)
target = urllib.parse.urlunsplit(("", "", url.path, url.query, ""))
context = ssl.create_default_context(cafile=arguments.ca)
template = json.load(open(arguments.review, encoding="utf-8"))
work = queue.SimpleQueue()
for line in sys.stdin:
    work.put(line.strip())
answered = itertools.count(1)
printing = threading.Lock()
workers = min(arguments.concurrency, work.qsize())
together = threading.Barrier(workers)


def body(image):
    review = json.loads(json.dumps(template))
    review["request"]["uid"] = str(uuid.uuid4())
    review["request"]["namespace"] = review["request"]["object"]["metadata"]["namespace"] = arguments.namespace
    review["request"]["object"]["spec"]["containers"][0]["image"] = image
    return review["request"]["uid"], json.dumps(review)


def ask(connection, image):
    uid, text = body(image)
    begin = time.monotonic()
    row = {"image": image, "http": 0}
    try:
        connection.request("POST", target, text, {"Content-Type": "application/json"})
        response = connection.getresponse()
        data = response.read()
        row["http"] = response.status
        answer = json.loads(data)["response"]
        status = answer.get("status") or {}
        row.update(
            same_uid=answer["uid"] == uid, allowed=answer["allowed"], code=status.get("code"),
            message=status.get("message"), patch=json.loads(base64.b64decode(answer.get("patch") or "bnVsbA==")))
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        row["error"] = repr(error)
        connection.close()
    row["ms"] = round((time.monotonic() - begin) * 1000, 1)
    return row


def worker():
    connection = http.client.HTTPSConnection(url.netloc, context=context, timeout=60)
    connection.connect()
    together.wait()
    while True:
        try:
            image = work.get_nowait()
        except queue.Empty:
            return
        row = ask(connection, image)
        number = next(answered)
        if arguments.kill and number == arguments.at:
            os.kill(arguments.kill, signal.Signals["SIG" + arguments.signal])
        with printing:
            print(json.dumps({"number": number, **row}), flush=True)


threads = [threading.Thread(target=worker) for _ in range(workers)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

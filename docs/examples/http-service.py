#!/usr/bin/env python3
"""An HTTP backend for Drawbridge in a page: runs one command for each job and reports how it goes.

    TOKEN=… ./http-service.py --port 8080 ./build.sh

TOKEN is the connection's `token`. The command finds the commit in SHA, the repository in REPOSITORY, and each input in
INPUT_<NAME>; what it prints as `output NAME=VALUE` becomes an output of the job. The contract: docs/backends/http.md.
"""
import argparse
import hmac
import json
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

jobs = {}  # id of the start -> its process, or None before and after; a real service keeps this on disk
lock = threading.Lock()


def report(job, **what):
    """Tells Drawbridge, and tries again while it can't be reached."""
    head = {"Authorization": "Bearer " + job["report"]["token"], "Content-Type": "application/json"}
    request = urllib.request.Request(job["report"]["url"], json.dumps(what).encode(), head)
    for wait in (1, 5, 25, 125, 0):
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return print(job["id"], what["status"], answer.status, flush=True)
        except urllib.error.HTTPError as error:
            if error.code < 500:  # it is our mistake, or the job's time is over
                return print(job["id"], what["status"], error.code, error.read(200), flush=True)
        except OSError as error:
            print(job["id"], error, flush=True)
        time.sleep(wait)


def run(job):
    # Inputs come from people: they are handed over as data, in the environment, never through a shell.
    own = {"PATH": os.environ["PATH"], "SHA": job["sha"], "REPOSITORY": job["repository"]}
    inputs = {"INPUT_" + re.sub(r"\W", "_", name).upper(): value for name, value in job["inputs"].items()}
    report(job, status="in_progress", title="Running on " + os.uname().nodename)
    began = time.monotonic()
    process = subprocess.Popen(command, env={**inputs, **own}, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    with lock:
        jobs[job["id"]] = process
    printed, _ = process.communicate()
    with lock:
        jobs[job["id"]] = None
    report(
        job,
        status="completed",
        conclusion="success" if process.returncode == 0 else "cancelled" if process.returncode < 0 else "failure",
        title=f"Exit code {process.returncode}",
        summary="```\n" + printed[-4000:].replace("```", "'''") + "\n```",
        outputs=dict(re.findall(r"^output ([\w.-]+)=(.*)$", printed, re.M)),
        metrics={"seconds": round(time.monotonic() - began, 3)},
    )


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), b"Bearer " + token.encode()):
            return self.answer(401, {"message": "the connection's token is wrong"})
        job = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with lock:
            known = job["id"] in jobs
            if job["action"] == "start" and not known:  # posted again after a lost answer: it runs already
                jobs[job["id"]] = None
                threading.Thread(target=run, args=(job,), daemon=True).start()
            elif job["action"] == "cancel" and jobs.get(job["id"]):
                jobs[job["id"]].terminate()
        self.answer(404 if job["action"] == "cancel" and not known else 202, {"id": job["id"]})

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--port", type=int, default=8080)
options.add_argument("command", nargs=argparse.REMAINDER)
options = options.parse_args()
command, token = options.command or ["true"], os.environ["TOKEN"]
server = ThreadingHTTPServer(("127.0.0.1", options.port), Service)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()

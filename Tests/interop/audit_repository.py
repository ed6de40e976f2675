#!/usr/bin/env python3
"""A repository of audit events (ITI-20, RESTful feed) in Python's standard library: keeps what it acknowledges.

Usage: audit_repository.py FOLDER [CERT KEY CA]
Writes FOLDER/ready (its port, always the same one again) and FOLDER/received (a line of JSON for each event, synced before
the answer). FOLDER/mode holds the status of the next answers (201 when absent); `drop` keeps the event and cuts the connection.
With CERT, KEY and CA it speaks TLS and wants a client's certificate of CA.
"""
import http.server
import json
import os
import ssl
import sys

folder = sys.argv[1]


def path(name):
    return os.path.join(folder, name)


def read(name, otherwise):
    try:
        with open(path(name)) as file:
            return file.read().strip()
    except FileNotFoundError:
        return otherwise


class Repository(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mode = read("mode", "201")
        if self.path != "/fhir/AuditEvent" or not self.headers["Content-Type"].startswith("application/fhir+json"):
            mode = "404"
        if mode in ("201", "drop"):
            event = json.loads(body)
            assert event["resourceType"] == "AuditEvent"
            with open(path("received"), "a") as file:
                file.write(json.dumps(event) + "\n")
                file.flush()
                os.fsync(file.fileno())
        if mode == "drop":
            self.close_connection = True
            return
        self.send_response(int(mode))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.allow_reuse_address = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(read("ready", "0"))), Repository)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    context.load_verify_locations(sys.argv[4])
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(path("ready.new"), "w") as file:
    file.write(str(server.server_port))
os.rename(path("ready.new"), path("ready"))
server.serve_forever()

#!/usr/bin/env python3
"""A receiver of FHIR notifications (rest-hook) in Python's standard library: keeps every request that it understands.

Usage: notification_receiver.py FOLDER CERT KEY CA
Writes FOLDER/ready (its port, always the same one again) and FOLDER/received (a line of JSON for each request: path,
authorization, body). FOLDER/mode holds the status of the next answers (200 when absent). A 307 leads to another path here.
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


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mode = int(read("mode", "200"))
        note = {"path": self.path, "authorization": self.headers.get("Authorization"), "status": mode, "body": body}
        with open(path("received"), "a") as file:
            file.write(json.dumps(note) + "\n")
        self.send_response(mode)
        if mode == 307:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.allow_reuse_address = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(read("ready", "0"))), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
context.load_verify_locations(sys.argv[4])
context.verify_mode = ssl.CERT_REQUIRED
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(path("ready.new"), "w") as file:
    file.write(str(server.server_port))
os.rename(path("ready.new"), path("ready"))
server.serve_forever()

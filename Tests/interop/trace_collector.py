#!/usr/bin/env python3
"""A collector of traces (OTLP over HTTP, JSON) in Python's standard library: checks the form, keeps the spans.

Usage: trace_collector.py FOLDER
Writes FOLDER/ready (its port, always the same one again) and FOLDER/received (a line of JSON for each span, with the names of
its resource). FOLDER/mode holds the status of the next answers (200 when absent). What is no message of OTLP is answered by 400.
"""
import http.server
import json
import os
import re
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


def attributes(rows):
    found = {}
    for row in rows:
        assert set(row) == {"key", "value"} and len(row["value"]) == 1
        kind, value = next(iter(row["value"].items()))
        assert kind in ("stringValue", "intValue") and isinstance(value, str)
        found[row["key"]] = value if kind == "stringValue" else int(value)
    return found


def spans(message):
    """The spans of an ExportTraceServiceRequest, by the names of opentelemetry-proto's JSON encoding."""
    assert set(message) == {"resourceSpans"}
    for resource in message["resourceSpans"]:
        assert set(resource) == {"resource", "scopeSpans"}
        origin = attributes(resource["resource"]["attributes"])
        for scope in resource["scopeSpans"]:
            assert set(scope) == {"scope", "spans"} and scope["scope"]["name"]
            for span in scope["spans"]:
                assert set(span) <= {
                    "traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano",
                    "attributes", "status"}
                assert re.fullmatch("[0-9a-f]{32}", span["traceId"]) and re.fullmatch("[0-9a-f]{16}", span["spanId"])
                assert re.fullmatch("[0-9a-f]{16}", span.get("parentSpanId", "0" * 16))
                assert span["kind"] in (1, 2, 3, 4, 5) and span["status"].get("code", 0) in (0, 1, 2)
                assert 0 < int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
                yield {**span, "attributes": attributes(span["attributes"]), "resource": origin}


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mode = read("mode", "200")
        if mode == "200":
            try:
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
                found = list(spans(json.loads(body)))
            except (AssertionError, KeyError, TypeError, ValueError):
                mode = "400"
            else:
                with open(path("received"), "a") as file:
                    for span in found:
                        file.write(json.dumps(span) + "\n")
        self.send_response(int(mode))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.allow_reuse_address = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(read("ready", "0"))), Collector)
with open(path("ready.new"), "w") as file:
    file.write(str(server.server_address[1]))
os.rename(path("ready.new"), path("ready"))
server.serve_forever()

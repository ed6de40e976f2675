"""A small MHD document responder that knows nothing of Concordat's code.

Written against IHE's MHD 4.2 and PDQm (Patient/$match, ITI-67 by POST _search, ITI-68), with the standard library alone.
It has the habits of other FHIR servers: ids that are no UUIDs, no homeCommunityId, XML unless JSON is asked for, other
members and another order of them, Bundle.total, pages by opaque links, no search.mode, a connection for each request.

Its file of modes makes it misbehave; the file is read at every connection:
  good, and what a search or a retrieval can be spoilt with (see SEARCH and RETRIEVAL below).

usage: mhd_responder.py SCRIPT.json
  {"certificate", "key", "network": PEM files, "port": 0, "ready": file that is written with the port once it listens,
   "mode": file, "log": file with a line for each request, "page": documents on a page,
   "patients": [{"id", "family", "given", "birthDate"}],
   "documents": [{"id", "patient", "type", "title", "text", "url": "absolute" | "relative" | "path"}]}
"""
import base64
import hashlib
import json
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

SEARCH = "other-patient other-home duplicate endless html gigabyte drip tls late elsewhere none-of-it".split()
RETRIEVAL = "good digest short drip-document gigabyte-document html-document late-document broken broken-always".split()


class Responder(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, script):
        self.script = script
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self.tls.load_cert_chain(script["certificate"], script["key"])
        self.tls.load_verify_locations(script["network"])
        self.tls.verify_mode = ssl.CERT_REQUIRED
        self.broken = set()
        super().__init__(("127.0.0.1", script["port"]), Handler)
        self.base = f"https://127.0.0.1:{self.server_port}/fhir"

    def mode(self):
        try:
            with open(self.script["mode"]) as file:
                return file.read().strip()
        except OSError:
            return "good"

    def finish_request(self, request, address):
        if self.mode() == "tls":
            time.sleep(20)
            return
        request.settimeout(30)
        try:
            secure = self.tls.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            return
        try:
            super().finish_request(secure, address)
        finally:
            try:
                secure.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            secure.close()

    def handle_error(self, request, address):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "OtherVendor"

    def log_message(self, *parts):
        pass

    def do_POST(self):
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.note()
        if not self.may():
            return
        if self.path == "/fhir/Patient/$match":
            self.match(json.loads(body))
        elif self.path == "/fhir/DocumentReference/_search":
            form = urllib.parse.parse_qs(body.decode())
            self.search(form.get("patient", [""])[0].removeprefix("Patient/"), form, 0)
        else:
            self.outcome(404, "not-found")

    def do_GET(self):
        self.close_connection = True
        self.note()
        if not self.may():
            return
        path, _, query = self.path.partition("?")
        fields = urllib.parse.parse_qs(query)
        if path == "/fhir/_pages":
            patient, start = base64.urlsafe_b64decode(fields["cursor"][0]).decode().split("/")
            self.search(patient, {}, int(start))
        elif path.startswith(("/fhir/Binary/", "/fhir/files/")):
            self.retrieve(path.rsplit("/", 1)[1])
        else:
            self.outcome(404, "not-found")

    def note(self):
        with open(self.server.script["log"], "a") as log:
            print(self.command, self.path, self.headers.get("X-Request-Id", "-"), file=log)

    def may(self):
        if self.headers.get("Authorization", "").startswith("Bearer ey"):
            return True
        self.outcome(401, "login")
        return False

    # Patient/$match

    def match(self, parameters):
        asked = next(p["resource"] for p in parameters["parameter"] if p["name"] == "resource")
        name = asked["name"][0]
        found = [
            p for p in self.server.script["patients"]
            if p["family"].lower() == name["family"].lower() and p["birthDate"] == asked.get("birthDate")
            and p["given"].lower() == name["given"][0].lower()
        ]
        entries = []
        for patient in found:
            entries.append({
                "search": {
                    "score": 0.997,
                    "extension": [{"valueCode": "certain", "url": "http://hl7.org/fhir/StructureDefinition/match-grade"}]},
                "fullUrl": f"{self.server.base}/Patient/{patient['id']}",
                "resource": {
                    "birthDate": patient["birthDate"],
                    "name": [{"given": [patient["given"]], "family": patient["family"], "use": "official"}],
                    "meta": {"versionId": "3", "lastUpdated": "2026-02-01T08:00:00+01:00"},
                    "maritalStatus": {"text": "unknown"}, "active": True, "id": patient["id"], "resourceType": "Patient"}})
        self.bundle(entries, len(entries), None)

    # ITI-67

    def search(self, patient, form, start):
        mode = self.server.mode()
        if mode == "late":
            time.sleep(4)
        documents = [d for d in self.server.script["documents"] if d["patient"] == patient]
        size = self.server.script["page"]
        page = documents[start:start + size]
        rest = documents[start + size:]
        following = start + size if rest else None
        if mode == "duplicate" and start > 0:
            page = documents[:1]
        if mode == "endless":
            page = [dict(documents[0], id=f"{documents[0]['id']}-{start}", endless=start)]
            following = start + 1
        entries = [
            {"fullUrl": f"{self.server.base}/DocumentReference/{d['id']}", "resource": self.reference(d, patient, mode)}
            for d in page]
        if following is not None:
            cursor = base64.urlsafe_b64encode(f"{patient}/{following}".encode()).decode()
            following = f"{self.server.base}/_pages?cursor={cursor}"
        self.bundle(entries, len(documents), following)

    def reference(self, document, patient, mode):
        content = document["text"].encode()
        url = {
            "absolute": f"{self.server.base}/Binary/{document['id']}.b", "relative": f"Binary/{document['id']}.b",
            "path": f"/fhir/files/{document['id']}.b"}[document["url"]]
        if mode == "elsewhere":
            url = f"https://127.0.0.1:1/fhir/Binary/{document['id']}.b"
        reference = {
            "content": [{
                "attachment": {
                    "title": document["title"], "hash": base64.b64encode(hashlib.sha1(content).digest()).decode(),
                    "url": url, "size": len(content), "contentType": document["type"],
                    "creation": "2026-01-30T10:00:00+01:00"},
                "format": {"code": "urn:ihe:iti:xds:2017:mimeTypeSufficient", "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode"}}],
            "subject": {"display": "a patient", "reference": f"Patient/{patient}"},
            "date": "2026-01-31T09:30:00+01:00", "docStatus": "final", "status": "current",
            "masterIdentifier": {"value": f"urn:oid:2.25.7.{document['id'].replace('doc-', '')}", "system": "urn:ietf:rfc:3986"},
            "type": {"coding": [{"code": "18842-5", "display": "Discharge summary", "system": "http://loinc.org"}]},
            "meta": {"versionId": "1", "tag": [{"system": "https://vendor.example/tags", "code": "x"}]},
            "resourceType": "DocumentReference", "id": document["id"], "custodian": {"display": "Other vendor"}}
        if mode == "other-patient":
            reference["subject"]["reference"] = "Patient/1"
        if mode == "other-home":
            reference["extension"] = [{
                "valueOid": "urn:oid:1.3.6.1.4.1.21367.2026.10",
                "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-HomeCommunityId"}]
        if "endless" in document:
            reference["masterIdentifier"]["value"] += f".{document['endless']}"
        return reference

    # ITI-68

    def retrieve(self, name):
        mode = self.server.mode()
        document = next((d for d in self.server.script["documents"] if d["id"] + ".b" == name), None)
        if document is None:
            return self.outcome(404, "not-found")
        content, kind = document["text"].encode(), document["type"]
        if mode == "late-document":
            time.sleep(4)
        if mode == "digest":
            content = content[:-1] + b"?"
        if mode == "html-document":
            kind = "text/html"
        if mode == "gigabyte-document":
            return self.gigabyte(kind)
        start, status = 0, 200
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and wanted.endswith("-"):
            start, status = int(wanted[6:-1]), 206
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"v1"')
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Connection", "close")
        self.end_headers()
        content = content[start:]
        if mode == "short" or mode == "broken-always" or (mode == "broken" and status == 200):
            content = content[:len(content) // 2]
        if mode == "drip-document":
            return self.drip(content)
        self.wfile.write(content)

    # Answers

    def bundle(self, entries, total, following):
        bundle = {
            "entry": entries, "link": [{"url": self.server.base + "/", "relation": "self"}], "total": total,
            "type": "searchset", "meta": {"lastUpdated": "2026-03-02T10:00:00Z"}, "id": "b1", "resourceType": "Bundle"}
        if following:
            bundle["link"].append({"url": following, "relation": "next"})
        if not entries:
            del bundle["entry"]
        self.resource(200, bundle)

    def outcome(self, status, code):
        self.resource(status, {
            "issue": [{"code": code, "severity": "error"}], "resourceType": "OperationOutcome"})

    def resource(self, status, resource):
        mode = self.server.mode()
        isSearch = "DocumentReference" in self.path or "_pages" in self.path
        if "json" in self.headers.get("Accept", ""):
            kind, content = "application/fhir+json;charset=utf-8", json.dumps(resource, indent=1).encode()
        else:
            kind, content = "application/fhir+xml;charset=utf-8", self.xml(resource).encode()
        if isSearch and mode == "html":
            kind = "text/html"
        if isSearch and mode == "gigabyte":
            return self.gigabyte(kind)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if isSearch and mode == "drip":
            return self.drip(content)
        self.wfile.write(content)

    def xml(self, resource):
        return (
            '<?xml version="1.0"?><' + resource["resourceType"] + ' xmlns="http://hl7.org/fhir"><text><div>'
            + escape(json.dumps(resource)) + "</div></text></" + resource["resourceType"] + ">")

    def gigabyte(self, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        piece = b" " * (1 << 16)
        for _ in range(1 << 14):
            self.wfile.write(piece)

    def drip(self, content):
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(1)


def main():
    with open(sys.argv[1]) as file:
        script = json.load(file)
    server = Responder(script)
    with open(script["ready"] + ".new", "w") as ready:
        print(server.server_port, file=ready)
    import os
    os.rename(script["ready"] + ".new", script["ready"])
    # The test that started it is at the other end of stdin: when that is gone, so is this.
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()

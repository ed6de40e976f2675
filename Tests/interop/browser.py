#!/usr/bin/env python3
"""What a browser does with the pages of a node that was given hostile documents (security.md T110).

    browser.py write DIR            writes a C-CDA document for each row of Tests/payloads/cda.tsv
    browser.py look DIR --node https://HOST:PORT --cert client.pem --key client.key --cacert authority.pem --token token.jwt
                    [--browser chromium-headless-shell]

`look` reads DIR/published.tsv (file, id of the document), asks the node for each page as browsers do, and has a real browser open it
from a server here that sends the node's own headers and bytes (the browser holds no certificate). Whatever the page asks for comes
to that server, or to the browser's own list of requests; scripts are counted by its debugger. Each page is opened twice: as it was
sent, and without its headers, since the renderer must not lean on them. Then the page that the payload would be by itself is
opened, which must be caught: what was counted could have been seen. Ends with 1 when anything ran, was asked for, or was not caught.
"""

import argparse
import http.server
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

PAYLOADS = pathlib.Path(__file__).parent.parent / "payloads"
ELEMENTS = set("HTML HEAD META TITLE STYLE BODY H1 H2 H3 H4 H5 H6 SECTION P BR PRE DL DT DD UL OL LI TABLE CAPTION THEAD TBODY TR TD TH B I U EM SUP "
               "SUB INS DEL".split())
ATTRIBUTES = {"charset", "class", "type", "colspan", "rowspan", "lang"}


def rows():
    """Places and payloads, and what stands elsewhere."""
    lines = (PAYLOADS / "cda.tsv").read_text().splitlines()
    table = [line.split("\t", 1) for line in lines if not line.startswith("#")]
    defaults = {place[1:]: text for place, text in table if place.startswith("=")}
    return [row for row in table if not row[0].startswith("=")], defaults


def document(template, defaults, place, payload):
    """The template with a payload in its place."""
    parts = template.split("%")
    return "".join(part if number % 2 == 0 else payload if part == place else document(defaults[part], defaults, place, payload)
                   for number, part in enumerate(parts))


def write(folder):
    table, defaults = rows()
    template = (PAYLOADS / "template.xml").read_text()
    port = Canary.port()
    for number, (place, payload) in enumerate(table):
        defaults["number"] = str(number)
        text = document(template, defaults, place, payload).replace("CANARY/N", f"{port}/{number}")
        (folder / f"{number:03}-{place}.xml").write_text(text)


class Canary(http.server.BaseHTTPRequestHandler):
    """Serves the pages it is given; everything else that comes is what should not have."""

    protocol_version = "HTTP/1.1"
    pages = {}
    strays = []

    @staticmethod
    def port():
        """The one port for documents and pages: payloads name it before there is a server."""
        return int(os.environ["HIE_CANARY_PORT"])

    def do_GET(self):
        page = Canary.pages.get(self.path)
        if page is None:
            if self.path != "/favicon.ico":
                Canary.strays.append(self.path)
            page = ([("Content-Type", "text/javascript")], b"1")
        headers, body = page
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Browser:
    """A headless Chromium, spoken to by its devtools protocol over two pipes."""

    def __init__(self, program, folder):
        told, tell = os.pipe()
        self.answers, answering = os.pipe()

        def arrange():
            # Chromium reads 3 and writes 4. The copies first: either may be the other's number.
            ours, theirs = os.dup(told), os.dup(answering)
            os.dup2(ours, 3)
            os.dup2(theirs, 4)

        self.process = subprocess.Popen(
            [program, "--no-sandbox", "--headless", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={folder}",
             "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-extensions", "about:blank"],
            close_fds=False, preexec_fn=arrange, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(told)
        os.close(answering)
        self.tell = tell
        self.rest = b""
        self.number = 0
        self.events = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Debugger", "DOM", "Log"):
            self.ask(f"{domain}.enable", session=True)

    def read(self):
        """The next message."""
        while b"\0" not in self.rest:
            more = os.read(self.answers, 1 << 20)
            if not more:
                raise SystemExit("browser: it ended by itself")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def take(self, event):
        """Keeps an event; a dialog is answered at once, since the page waits for it."""
        self.events.append(event)
        if event.get("method") == "Page.javascriptDialogOpening":
            self.post("Page.handleJavaScriptDialog", True, {"accept": True})

    def post(self, method, session, parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.tell, data):]
        return self.number

    def ask(self, method, session=False, **parameters):
        number = self.post(method, session, parameters)
        while True:
            answer = self.read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise SystemExit(f"browser: {method}: {answer['error']['message']}")
                return answer["result"]
            self.take(answer)

    def open(self, url):
        """What happened while a page was loaded, looked at and clicked on: requests, scripts, dialogs, and its elements."""
        self.events.clear()
        self.ask("Page.navigate", session=True, url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.take(self.read())
        root = self.ask("DOM.getDocument", session=True, depth=-1, pierce=True)["root"]
        for y in range(20, 400, 60):
            for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
                self.ask("Input.dispatchMouseEvent", session=True, type=kind, x=60, y=y, button="left", clickCount=1)
        self.ask("DOM.getDocument", session=True)
        found = {"requests": [], "scripts": 0, "dialogs": 0, "elements": list(self.elements(root))}
        for event in [event for event in self.events if "method" in event]:
            about = event.get("params", {})
            if event["method"] == "Network.requestWillBeSent" and about["request"]["url"] != url:
                found["requests"].append(about["request"]["url"])
            found["scripts"] += event["method"] == "Debugger.scriptParsed" and not about["url"].startswith(("pptr:", "devtools:"))
            found["dialogs"] += event["method"] == "Page.javascriptDialogOpening"
        return found

    def elements(self, node):
        """What stands in the tree and not in the renderer's own list."""
        if node["nodeType"] == 1:
            names = node.get("attributes", [])[::2]
            if node["nodeName"] not in ELEMENTS or not set(names) <= ATTRIBUTES:
                yield f"{node['nodeName']} {' '.join(names)}"
        for child in node.get("children", []) + ([node["contentDocument"]] if "contentDocument" in node else []):
            yield from self.elements(child)

    def close(self):
        self.process.terminate()
        self.process.wait()


def page(arguments, identifier):
    """The node's answer to a browser: its headers, those of the connection left out, and its bytes."""
    context = ssl.create_default_context(cafile=arguments.cacert)
    context.load_cert_chain(arguments.cert, arguments.key)
    token = pathlib.Path(arguments.token).read_text().strip()
    request = urllib.request.Request(f"{arguments.node}/fhir/Binary/{identifier}", headers={
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(request) as answer:
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("content-length", "connection", "date")]
        return headers, answer.read()


def look(arguments):
    folder = pathlib.Path(arguments.folder)
    table, _ = rows()
    published = [line.split("\t") for line in (folder / "published.tsv").read_text().splitlines()]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", Canary.port()), Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{Canary.port()}"
    wrong, started, caught = [], time.monotonic(), 0
    profile = tempfile.mkdtemp()
    browser = Browser(arguments.browser, profile)
    try:
        for name, identifier in published:
            number = int(name.split("-")[0])
            headers, body = page(arguments, identifier)
            lowered = {key.lower(): value for key, value in headers}
            if not lowered.get("content-type", "").startswith("text/html"):
                wrong.append(f"{name}: no page but {lowered.get('content-type')}")
            for way, sent in (("as sent", headers), ("without headers", [("Content-Type", "text/html; charset=utf-8")])):
                Canary.strays.clear()
                Canary.pages["/page"] = (sent, body)
                found = browser.open(f"{base}/page")
                if found["requests"] or found["scripts"] or found["dialogs"] or found["elements"] or Canary.strays:
                    wrong.append(f"{name}, {way}: {found} {Canary.strays}")
            # The payload by itself: many do something, and then it is seen here.
            payload = table[number][1].replace("CANARY/N", f"{Canary.port()}/{number}").replace("<x:", "<").replace("</x:", "</").replace("<s:", "<").replace(
                "</s:", "</")
            Canary.strays.clear()
            Canary.pages["/alone"] = ([("Content-Type", "text/html; charset=utf-8")], f"<!DOCTYPE html><p>{payload}".encode())
            found = browser.open(f"{base}/alone")
            caught += bool(found["requests"] or found["scripts"] or Canary.strays)
    finally:
        browser.close()
        shutil.rmtree(profile, ignore_errors=True)
        server.shutdown()
    if caught < 40:
        wrong.append(f"only {caught} payloads did anything by themselves: nothing would have been seen")
    for line in wrong:
        print(f"WRONG  {line[:400]}")
    print(f"browser: {len(published)} pages opened twice in {time.monotonic() - started:.0f} s: {len(wrong)} with a script, a request or an element that is "
          f"not the renderer's; of the payloads alone {caught} ran or asked for something")
    return 1 if wrong else 0


parser = argparse.ArgumentParser()
parser.add_argument("what", choices=["write", "look"])
parser.add_argument("folder")
for option in ("node", "cert", "key", "cacert", "token"):
    parser.add_argument(f"--{option}")
parser.add_argument("--browser", default="chromium-headless-shell")
given = parser.parse_args()
sys.exit(write(pathlib.Path(given.folder)) if given.what == "write" else look(given))

#!/usr/bin/env python3
"""Checks proofs of Concordat journals by PROOFS.md alone: public keys, no node, no network.

Usage: check_proof.py FILE...   one line for each file; exits 1 when any of them does not hold.
"""
import base64
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Void(Exception):
    """The proof shows nothing, for this reason."""


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def need(holds, why):
    if not holds:
        raise Void(why)


def unbase64(text, count=None):
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text), "not base64")
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        raise Void("not base64") from None
    need(base64.b64encode(value).decode() == text, "base64 with spare bits")
    need(count is None or len(value) == count, "a value of the wrong length")
    return value


def decimal(text):
    need(re.fullmatch(r"0|[1-9][0-9]{0,19}", text, re.ASCII), "not a number")
    value = int(text)
    need(value < 2**64, "a number too large")
    return value


def is_name(text):
    raw = text.encode()
    return 1 <= len(raw) <= 256 and all(byte > 0x20 and byte not in (0x7F, 0x2B) for byte in raw)


class Key:
    def __init__(self, text, kind):
        need(isinstance(text, str), "a key is no text")
        parts = text.split("+", 2)
        need(len(parts) == 3 and is_name(parts[0]), "a key has no name")
        raw = unbase64(parts[2], 33)
        need(raw[0] == kind, "a key of another type")
        self.name = parts[0]
        self.id = hashlib.sha256(parts[0].encode() + b"\n" + raw).digest()[:4]
        need(self.id.hex() == parts[1], "a key's id is not its own")
        self.raw = raw[1:]

    def signed(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
            return True
        except (InvalidSignature, ValueError):
            return False

    def lines(self, note):
        return [body for name, key, body in note.signatures if name == self.name and key == self.id]

    def has_signed(self, note):
        lines = self.lines(note)
        return bool(lines) and all(self.signed(body, note.text.encode()) for body in lines)

    def cosigned(self, note):
        times = []
        for body in self.lines(note):
            if len(body) != 72:
                return None
            time = int.from_bytes(body[:8], "big")
            if not self.signed(body[8:], f"cosignature/v1\ntime {time}\n{note.text}".encode()):
                return None
            times.append(time)
        return max(times, default=None)


class Note:
    def __init__(self, note):
        need(isinstance(note, str) and len(note.encode()) <= 65536 and note.endswith("\n"), "no note")
        need(all(c == "\n" or (ord(c) >= 0x20 and ord(c) != 0x7F) for c in note), "a note with control characters")
        gap = note.rfind("\n\n")
        need(gap >= 0, "a note without signatures")
        self.text = note[: gap + 1]
        self.signatures = []
        lines = note[gap + 2 : -1].split("\n")
        need(len(lines) <= 64, "a note with too many signatures")
        for line in lines:
            parts = line.split(" ")
            need(len(parts) == 3 and parts[0] == "\u2014" and is_name(parts[1]), "a malformed signature line")
            body = unbase64(parts[2])
            need(len(body) > 4, "a signature of no length")
            self.signatures.append((parts[1], body[:4], body[4:]))


def checkpoint(text):
    lines = text.split("\n")
    need(len(lines) == 4 and lines[3] == "" and lines[0], "a checkpoint has three lines")
    return lines[0], decimal(lines[1]), unbase64(lines[2], 32)


def is_included(leaf, index, size, root, path):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    place, last, value = index, size - 1, leaf
    for node in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = sha(b"\x01", node, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = sha(b"\x01", value, node)
        place, last = place >> 1, last >> 1
    return last == 0 and value == root


def entry(item, size, root):
    need(isinstance(item, dict), "an entry is no object")
    position = item.get("position")
    need(type(position) is int and 0 <= position < 2**63 - 1, "a position is no number")
    raw = unbase64(item.get("entry"))
    path = item.get("inclusion")
    need(isinstance(path, list) and len(path) <= 63, "no path")
    path = [unbase64(node, 32) for node in path]
    need(len(raw) >= 46 and raw[0] == 1 and 1 <= raw[1] <= 12 and raw[2] <= 1 and raw[3] == 0, "no entry header")
    header = 46 + 52 * int.from_bytes(raw[4:6], "little")
    need(len(raw) >= header and (raw[2] == 1 or raw[14:30] == bytes(16)), "no entry header")
    need(is_included(sha(b"\x00", raw), position, size, root, path), "an entry is not in the log")
    if raw[2] == 0:
        need("key" not in item, "a key for a clear entry")
    elif "key" in item:
        try:
            AESGCM(unbase64(item["key"], 32)).decrypt(bytes(12), raw[header:], raw[:header])
        except (InvalidTag, ValueError):
            raise Void("an entry does not open") from None
    return position


def once(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a member stands twice")
    return dict(pairs)


def check(path):
    with open(path, "rb") as file:
        raw = file.read()
    try:
        proof = json.loads(raw.decode(), object_pairs_hook=once, parse_int=decimal, parse_float=decimal,
                           parse_constant=decimal)
    except (ValueError, RecursionError):
        raise Void("not JSON") from None
    need(isinstance(proof, dict) and proof.get("format") == "concordat-proof/1", "not this form")
    log = Key(proof.get("log"), 1)
    named = proof.get("witnesses")
    need(isinstance(named, list) and len(named) <= 64, "no witnesses")
    witnesses = [Key(text, 4) for text in named]
    need(len({(key.name, key.raw) for key in witnesses}) == len(witnesses), "a witness stands twice")
    note = Note(proof.get("checkpoint"))
    items = proof.get("entries")
    need(isinstance(items, list) and 1 <= len(items) <= 10_000, "no entries")
    origin, size, root = checkpoint(note.text)
    need(origin == log.name and log.has_signed(note), "the head is not signed by the log's key")
    cosigners = [key.name for key in witnesses if key.cosigned(note) is not None and
                 (key.name, key.raw) != (log.name, log.raw)]
    positions = [entry(item, size, root) for item in items]
    return f"log {origin}, head {size}, entries {positions}, cosigned by {len(cosigners)}"


def main(check):
    failed = False
    for path in sys.argv[1:]:
        try:
            print("holds", path, check(path))
        except Void as why:
            failed = True
            print("void", path, why)
    sys.exit(1 if failed or len(sys.argv) < 2 else 0)


if __name__ == "__main__":
    main(check)

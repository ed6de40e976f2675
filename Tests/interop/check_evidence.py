#!/usr/bin/env python3
"""Checks what witnesses found against Concordat journals by PROOFS.md alone: public keys, no node, no network.

Usage: check_evidence.py FILE...   one line for each file; exits 1 when any of them does not hold.
"""
import hashlib
import json

from check_proof import Key, Note, Void, checkpoint, decimal, main, need, once


def cosigning(log):
    """The same key as one that cosigns: another type, so another id."""
    key = Key.__new__(Key)
    key.name, key.raw = log.name, log.raw
    key.id = hashlib.sha256(log.name.encode() + b"\n\x04" + log.raw).digest()[:4]
    return key


def check(path):
    with open(path, "rb") as file:
        raw = file.read()
    try:
        evidence = json.loads(raw.decode(), object_pairs_hook=once, parse_int=decimal, parse_float=decimal,
                              parse_constant=decimal)
    except (ValueError, RecursionError):
        raise Void("not JSON") from None
    need(isinstance(evidence, dict) and evidence.get("format") == "concordat-evidence/1", "not this form")
    log = Key(evidence.get("log"), 1)
    notes = [Note(evidence.get("first")), Note(evidence.get("second"))]
    heads = [checkpoint(note.text) for note in notes]
    need(all(origin == log.name for origin, _, _ in heads), "a head of another log")
    need(all(log.has_signed(note) for note in notes), "a head that the log did not sign")
    (_, one, root), (_, other, another) = heads
    kind = evidence.get("kind")
    if kind == "fork":
        need(one == other and root != another, "the two heads agree")
    elif kind == "rollback":
        times = [cosigning(log).cosigned(note) for note in notes]
        need(None not in times and one != other, "the log did not date both heads")
        need((times[0] > times[1]) == (one < other) and times[0] != times[1], "the larger head is the later one")
    else:
        need(kind == "unproven" and one != other, "no known kind")
    return f"log {log.name}, {kind}, {one} and {other}"


if __name__ == "__main__":
    main(check)

#!/usr/bin/env python3
"""HL7 v2 messages from python-hl7's client to a feed, each answer judged by hl7apy's strict validation.

Usage: feed.py PORT AUTHORITY
Sends a registration and two messages that must be refused in every version, and prints what was validated.
"""
import sys

import hl7.client
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

# hl7apy has no structure of ACK for 2.3 and 2.3.1.
VERSIONS = ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2"]
UNKNOWN = {"2.3", "2.3.1"}


def message(version, kind, number, patient, visit="PV1|1|I"):
    return "\r".join(
        [
            f"MSH|^~\\&|INTEROP|ALDERBROOK|HIE|HIE|20260809120000||{kind}|{number}|P|{version}",
            f"EVN|{kind[4:7]}|20260809120000",
            f"PID|1||{patient}||Interop^Ida||19700101|F",
            visit,
        ]
    ) + "\r"


def main():
    port, authority = int(sys.argv[1]), sys.argv[2]
    validated = answered = 0
    with hl7.client.MLLPClient("127.0.0.1", port) as client:
        for index, version in enumerate(VERSIONS):
            known = f"I-{index}^^^{authority}"
            broken = "PV1|1|I" + "|" * 17 + "V-1" + "|" * 25 + "not a date"
            for kind, patient, visit, code in [
                ("ADT^A01", known, "PV1|1|I", "AA"),
                ("ADT^A01", "1^^^NOBODY", "PV1|1|I", "AE"),
                ("ADT^A99", known, "PV1|1|I", "AR"),
                ("ADT^A08", known, broken, "AA"),
            ]:
                answered += 1
                sent = message(version, kind, f"{version}-{answered}", patient, visit)
                answer = client.send_message(sent).decode()
                parsed = hl7.parse(answer)
                assert str(parsed.segment("MSA")[1]) == code, (version, kind, answer)
                assert str(parsed.segment("MSA")[2]) == f"{version}-{answered}", answer
                if version in UNKNOWN:
                    continue
                acknowledgement = parse_message(answer, validation_level=VALIDATION_LEVEL.STRICT)
                assert acknowledgement.validate(), answer
                validated += 1
    print(f"{answered} answered, {validated} validated")


main()

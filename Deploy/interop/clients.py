#!/usr/bin/env python3
"""Other people's FHIR clients and models against a running node; NodeTests starts it, a person can too.

    clients.py read BASE --cert client.pem --key client.key --cacert authority.pem --token token.jwt \
        --patient ID --identifier 'SYSTEM|VALUE' --documents N [--keep DIR]
    clients.py validate DIR

`read` reads, searches and retrieves with fhirclient and with fhirpy, and keeps every resource it was given in DIR.
`validate` holds every resource in DIR to fhir.resources' R4B models. Each prints what it did as one JSON object, and
ends with 1 and the reason on stderr when something does not hold.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import sys

# requests lets these override a session's own authority: the node's is the only one to believe here.
for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(variable, None)

FAULTS = []


def hold(what, truth):
    """Notes a fault when something does not hold."""
    if not truth:
        FAULTS.append(what)
    return truth


class Keeper:
    """Writes every JSON answer into a folder, for `validate`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) if folder else None
        self.count = 0

    def __call__(self, response, *_, **__):
        if self.folder and "json" in response.headers.get("content-type", ""):
            self.count += 1
            (self.folder / f"clients-{self.count}.json").write_bytes(response.content)
        return response


def attachment_digests(references, fetch):
    """Retrieves what DocumentReferences point to and compares it with their size and SHA-1."""
    count = 0
    for reference in references:
        attachment = reference["content"][0]["attachment"]
        data = fetch(attachment["url"])
        hold(f"size of {attachment['url']}", len(data) == attachment["size"])
        digest = base64.b64encode(hashlib.sha1(data).digest()).decode()
        hold(f"hash of {attachment['url']}", digest == attachment["hash"])
        count += 1
    return count


def with_fhirclient(arguments, token, keeper):
    from fhirclient import client
    from fhirclient.models import documentreference, patient

    smart = client.FHIRClient(settings={"app_id": "concordat-tests", "api_base": arguments.base})
    session = smart.server.session
    session.cert = (arguments.cert, arguments.key)
    session.verify = arguments.cacert
    session.headers["Authorization"] = f"Bearer {token}"
    session.hooks["response"].append(keeper)
    hold("fhirclient is ready", smart.prepare() and smart.ready)
    hold("fhirclient reads the version", smart.server.capabilityStatement.fhirVersion == "4.0.1")
    person = patient.Patient.read(arguments.patient, smart.server)
    hold("fhirclient reads the patient", person.id == arguments.patient and person.name)
    people = patient.Patient.where({"identifier": arguments.identifier}).perform_resources(smart.server)
    people = [one for one in people if one.resource_type == "Patient"]
    hold("fhirclient finds the patient", [one.id for one in people] == [arguments.patient])
    found = documentreference.DocumentReference.where({"patient": arguments.patient}).perform(smart.server)
    references = [entry.resource for entry in found.entry if entry.resource.resource_type == "DocumentReference"]
    hold("fhirclient finds the documents", len(references) == arguments.documents == found.total)
    typed = documentreference.DocumentReference.where({"patient": arguments.patient, "type": "0-0"})
    hold("fhirclient's filter counts", typed.perform(smart.server).total == 0)

    def fetch(url):
        return smart.server.request_data(url, headers={"Accept": "*/*"})

    return attachment_digests([one.as_json() for one in references], fetch)


def with_fhirpy(arguments, token, keeper):
    import fhirpy
    import requests

    client = fhirpy.SyncFHIRClient(
        arguments.base,
        authorization=f"Bearer {token}",
        requests_config={
            "cert": (arguments.cert, arguments.key),
            "verify": arguments.cacert,
            "hooks": {"response": keeper},
        },
    )
    person = client.reference("Patient", arguments.patient).to_resource()
    hold("fhirpy reads the patient", person["id"] == arguments.patient and person["name"])
    people = client.resources("Patient").search(identifier=arguments.identifier).fetch()
    hold("fhirpy finds the patient", [one["id"] for one in people] == [arguments.patient])
    search = client.resources("DocumentReference").search(patient=arguments.patient)
    references = search.fetch_all()
    hold("fhirpy finds the documents", len(references) == arguments.documents)
    paged = search.limit(1).fetch_all()
    hold("fhirpy follows the pages", sorted(one["id"] for one in paged) == sorted(one["id"] for one in references))
    hold("fhirpy counts", search.count() == arguments.documents)
    try:
        client.reference("Patient", "0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f").to_resource()
        hold("fhirpy is told that there is nobody", False)
    except fhirpy.base.exceptions.ResourceNotFound:
        pass

    def fetch(url):
        answer = requests.get(
            url,
            headers={"Authorization": f"Bearer {token}", "Accept": "*/*"},
            cert=(arguments.cert, arguments.key),
            verify=arguments.cacert,
            timeout=30,
        )
        answer.raise_for_status()
        return answer.content

    return attachment_digests(references, fetch)


def read(arguments):
    token = pathlib.Path(arguments.token).read_text().strip()
    keeper = Keeper(arguments.keep)
    print(
        json.dumps(
            {
                "fhirclient": with_fhirclient(arguments, token, keeper),
                "fhirpy": with_fhirpy(arguments, token, keeper),
                "kept": keeper.count,
            }
        )
    )


def validate(arguments):
    from fhir.resources.R4B import get_fhir_model_class

    types = {}

    def check(name, resource):
        kind = resource["resourceType"]
        types[kind] = types.get(kind, 0) + 1
        try:
            model = get_fhir_model_class(kind).model_validate(resource)
            again = json.loads(model.model_dump_json())
            hold(f"{name}: {kind} keeps its id", again.get("id") == resource.get("id"))
        except Exception as error:  # Whatever the models object to is the finding.
            FAULTS.append(f"{name}: {kind}: {str(error)[:400]}")
        for entry in resource.get("entry", []) + resource.get("parameter", []):
            if isinstance(entry.get("resource"), dict):
                check(name, entry["resource"])

    for file in sorted(pathlib.Path(arguments.folder).glob("*.json")):
        check(file.name, json.loads(file.read_bytes()))
    hold("there were resources to validate", types)
    print(json.dumps(types))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    reading = commands.add_parser("read")
    reading.add_argument("base")
    for name in ["cert", "key", "cacert", "token", "patient", "identifier"]:
        reading.add_argument(f"--{name}", required=True)
    reading.add_argument("--documents", type=int, required=True)
    reading.add_argument("--keep")
    reading.set_defaults(work=read)
    validating = commands.add_parser("validate")
    validating.add_argument("folder")
    validating.set_defaults(work=validate)
    arguments = parser.parse_args()
    arguments.work(arguments)
    for fault in FAULTS:
        print(fault, file=sys.stderr)
    sys.exit(1 if FAULTS else 0)


if __name__ == "__main__":
    main()

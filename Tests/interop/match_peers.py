#!/usr/bin/env python3
"""Splink and recordlinkage on the same sample: pairs found against the truth, and one look-up.

Usage: match_peers.py FOLDER        (records.csv and truth.csv, columns as `hie patient import` takes them)

Prints one line a figure, `NAME: VALUE UNIT`, and `not installed: NAME` for what Python does not have. The models are
what their manuals begin with: independent fields, expectation and maximisation, the threshold with the best F1.
"""
import csv
import itertools
import sys
import time
from collections import defaultdict


def read(folder):
    with open(folder + "/records.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(folder + "/truth.csv", encoding="utf-8") as file:
        person = {row["rec_id"]: row["person_id"] for row in csv.DictReader(file)}
    for row in rows:
        for name in ("last_name", "first_name", "city", "address"):
            row[name] = row[name].upper().strip() or None
        row["phone"] = "".join(c for c in row["phone"] if c.isdigit())[-10:] or None
        row["zip"] = row["zip"][:5] or None
        row["ssn"] = row["ssn"] if len(row["ssn"]) == 9 else None
        row["dob"] = row["dob"] or None
        row["email"] = row["email"].lower() or None
    members = defaultdict(list)
    for row in rows:
        members[person[row["rec_id"]]].append(row["rec_id"])
    pairs = {tuple(sorted(pair)) for ids in members.values() for pair in itertools.combinations(ids, 2)}
    return rows, pairs


def best(scored, pairs):
    """The threshold with the best F1: precision, recall, F1."""
    scored.sort(key=lambda item: -item[0])
    right, found = 0, (0.0, 0.0, 0.0)
    for index, (_, pair) in enumerate(scored, 1):
        right += pair in pairs
        precision, recall = right / index, right / len(pairs)
        f1 = 2 * precision * recall / (precision + recall) if right else 0
        if f1 > found[2]:
            found = (precision, recall, f1)
    return found


def report(name, found, seconds):
    for word, value in zip(("precision", "recall", "f1"), found):
        print(f"{name}.{word}: {value:.4f} share")
    print(f"{name}.seconds: {seconds:.1f} s", flush=True)


def splink(rows, pairs):
    try:
        import pandas
        import splink.comparison_library as compare
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    except ImportError:
        return print("not installed: splink", flush=True)
    frame = pandas.DataFrame(rows).rename(columns={"rec_id": "unique_id"})
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            compare.JaroWinklerAtThresholds("first_name", [0.92, 0.85]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("last_name", [0.92, 0.85]).configure(term_frequency_adjustments=True),
            compare.LevenshteinAtThresholds("dob", [1, 2]),
            compare.LevenshteinAtThresholds("ssn", [1]),
            compare.ExactMatch("phone"), compare.ExactMatch("email"), compare.ExactMatch("zip"), compare.ExactMatch("sex"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("dob", "last_name"), block_on("dob", "first_name"), block_on("phone"), block_on("ssn"),
            block_on("first_name", "last_name"), block_on("email"), block_on("dob", "zip"),
        ])
    started = time.time()
    database = DuckDBAPI()
    # Splink 5 takes tables that its database knows; before, it took the two apart.
    linker = Linker(database.register(frame), settings) if hasattr(database, "register") else Linker(frame, settings, db_api=database)
    linker.training.estimate_probability_two_random_records_match([block_on("first_name", "last_name", "dob")], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "last_name"))
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    scored = [
        (weight, tuple(sorted(pair)))
        for weight, *pair in zip(found.match_weight, found.unique_id_l, found.unique_id_r)
    ]
    report("splink", best(scored, pairs), time.time() - started)
    if hasattr(linker.inference, "predict_between"):
        everybody = database.register(frame)
        for column in ("first_name", "last_name"):
            linker.table_management.compute_tf_table(column)
        ask = lambda query: linker.inference.predict_between(everybody, database.register(pandas.DataFrame([query])))
    else:
        ask = lambda query: linker.inference.find_matches_to_new_records([query], match_weight_threshold=0)
    times = []
    for row in rows[:5]:
        query = dict(row, unique_id="question")
        query.pop("rec_id", None)
        started = time.time()
        ask(query).as_pandas_dataframe()
        times.append((time.time() - started) * 1000)
    print(f"splink.lookup: {sorted(times)[len(times) // 2]:.1f} ms", flush=True)


def recordlinkage_(rows, pairs):
    try:
        import pandas
        import recordlinkage
    except ImportError:
        return print("not installed: recordlinkage", flush=True)
    frame = pandas.DataFrame(rows).set_index("rec_id")
    started = time.time()
    indexer = recordlinkage.Index()
    for keys in (["dob", "last_name"], ["dob", "first_name"], ["phone"], ["ssn"], ["first_name", "last_name"], ["email"]):
        indexer.block(keys)
    candidates = indexer.index(frame)
    compare = recordlinkage.Compare()
    for column in ("first_name", "last_name"):
        compare.string(column, column, method="jarowinkler", threshold=0.92, label=column)
    for column in ("dob", "ssn", "phone", "email", "zip", "sex"):
        compare.exact(column, column, label=column)
    features = compare.compute(candidates, frame)
    classifier = recordlinkage.ECMClassifier(binarize=0.5)
    classifier.fit(features)
    probability = classifier.prob(features)
    scored = [(p, tuple(sorted(pair))) for pair, p in probability.items()]
    report("recordlinkage", best(scored, pairs), time.time() - started)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    records, truth = read(sys.argv[1])
    splink(records, truth)
    recordlinkage_(records, truth)

"""Spark's recorded answers: each probe gives Spark's rows and types, or is refused; never anything else."""
import json

import duckdb
import dialect_pipe
import pytest

RIGHT_LEAST = 0.85  # of all probes: answered as Spark does, or refused where Spark refuses


def normal(types):
    return types.replace("interval day to second", "interval").replace(" ", "")


@pytest.fixture(scope="module")
def probes(shared):
    lines = (shared / "reference" / "spark-sql-probes.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines]


def verdict(connection, probe, statement):
    wanted, refused_by_spark = probe[5], probe[5].startswith("ERROR")
    if "error" in statement:
        assert statement["line"] >= 1 and statement["column"] >= 1, f"{probe[3]}: no position: {statement}"
        return "right" if refused_by_spark else "refused"
    try:
        rows, types = dialect_pipe.answer(connection, statement)
    except duckdb.Error as error:
        return "right" if refused_by_spark else f"fails: {error}"
    if refused_by_spark:
        return f"Spark refuses, weir answers {rows}"
    if not dialect_pipe.same(rows, json.loads(wanted)):
        return f"gives {rows}, Spark {wanted}"
    if normal(",".join(types)) != normal(probe[4]):
        return f"has the types {types}, Spark {probe[4]}"
    return "right"


def test_every_probe_is_right_or_refused(probes):
    connection = dialect_pipe.connect()
    answers = dialect_pipe.translate([probe[3] for probe in probes])
    assert len(answers) == len(probes) == 572
    verdicts = [verdict(connection, probe, answer[0]) for probe, answer in zip(probes, answers)]
    wrong = [f"{probe[0]} {probe[3]}\n    {told}" for probe, told in zip(probes, verdicts) if told not in ("right", "refused")]
    assert not wrong, "\n".join(wrong)
    right = verdicts.count("right")
    assert right >= RIGHT_LEAST * len(probes), f"{right} of {len(probes)} right"

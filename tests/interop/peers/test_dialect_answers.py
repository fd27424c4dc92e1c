"""Answers of Spark beside the shared probes (tests/data/dialect/README.md): weir's are the same, or a refusal; names of columns too."""
import gzip
import json
import pathlib

import dialect_pipe
import duckdb

DATA = pathlib.Path(__file__).resolve().parents[2] / "data" / "dialect" / "spark_answers.ndjson.gz"
RIGHT_LEAST = 0.98


def told(connection, wanted, statement):
    if "error" in statement:
        return "right" if "error" in wanted else "refused"
    try:
        rows, types = dialect_pipe.answer(connection, statement)
    except duckdb.Error as error:
        if "error" in wanted:
            return "right"
        return "refused" if "_UNSUPPORTED]" in str(error) else f"fails: {str(error)[:300]}"
    if "error" in wanted:
        return f"answers {rows}, Spark refuses: {wanted['error']}"
    if "ORDER BY" not in wanted["sql"]:
        rows, wanted["rows"] = sorted(rows, key=str), sorted(wanted["rows"], key=str)
    if not dialect_pipe.same(rows, wanted["rows"]):
        return f"gives {rows}, Spark {wanted['rows']}"
    names = [name for name, _ in statement["columns"]]
    if (types, names) != (wanted["types"], wanted["names"]):
        return f"gives columns {names} {types}, Spark {wanted['names']} {wanted['types']}"
    return "right"


def test_answers_are_those_of_spark():
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        wanted = [json.loads(line) for line in lines]
    connection = dialect_pipe.connect()
    answers = dialect_pipe.translate([answer["sql"] for answer in wanted])
    verdicts = [told(connection, want, answer[0]) for want, answer in zip(wanted, answers)]
    wrong = [f"{want['sql'][:300]}\n    {verdict}" for want, verdict in zip(wanted, verdicts) if verdict not in ("right", "refused")]
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:20])
    assert verdicts.count("right") >= RIGHT_LEAST * len(wanted), f"{verdicts.count('right')} of {len(wanted)} right"

"""Expectations: CONSTRAINT .. EXPECT .. [ON VIOLATION ..] of streaming tables and materialized views, as a project runs them."""
import json
import pathlib

import pytest

from harness import render

SPEC = """name: quality
storage: file://{folder}/storage
database: shop
libraries:
  - glob:
      include: transformations/**
"""
EVENTS = """CREATE OR REFRESH STREAMING TABLE workspace.shop.events (
  {constraints}
) AS SELECT * FROM STREAM read_files('{landing}', format => 'csv', header => true, schema => 'id BIGINT, kind STRING, price DOUBLE');
"""


class Project:
    """A project over <folder>/in; `sql` replaces its one file."""

    def __init__(self, lakehouse, folder):
        self.folder, self.landing = folder / "project", folder / "in"
        (self.folder / "transformations").mkdir(parents=True)
        self.landing.mkdir()
        (self.folder / "spark-pipeline.yml").write_text(SPEC.format(folder=folder))
        self.weir = lakehouse.at(cwd=self.folder)
        self.weir("external-locations", "create", "landing", self.landing)
        self.weir("sql", "-c", "CREATE SCHEMA IF NOT EXISTS workspace.shop")

    def sql(self, text):
        (self.folder / "transformations" / "all.sql").write_text(text)

    def events(self, *constraints, more=""):
        self.sql(EVENTS.format(constraints=",\n  ".join(constraints), landing=self.landing) + more)

    def drop(self, name, *lines):
        (self.landing / f".{name}").write_text("id,kind,price\n" + "".join(f"{line}\n" for line in lines))
        (self.landing / f".{name}").rename(self.landing / name)

    def run(self, *words):
        """What the batches that read something told."""
        told = [json.loads(line) for line in self.weir("run", "--progress", "json", *words).out.splitlines()]
        return [batch for batch in told if batch["numInputRows"]]

    def ids(self, table="events"):
        return sorted(row["id"] for row in self.weir.sql(f"SELECT id FROM shop.{table} WHERE id IS NOT NULL"))


@pytest.fixture
def project(lakehouse, tmp_path):
    return Project(lakehouse, tmp_path)


def counts(name, passed, failed, dropped=0, dataset="workspace.shop.events"):
    return {"name": name, "dataset": dataset, "passed_records": passed, "failed_records": failed, "dropped_records": dropped}


def test_rows_that_violate_are_kept_or_dropped_and_counted(project):
    project.events("CONSTRAINT id_there EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW", "CONSTRAINT price_ok EXPECT (price > 0)",
                   "CONSTRAINT `kind known` EXPECT (kind IN ('view', 'buy')) ON VIOLATION DROP ROW")
    # price is NULL in rows 4 and 5: a condition that is NULL is violated
    project.drop("a.csv", "1,view,2.5", "2,buy,-1", ",view,3", "4,other,", "5,view,", "6,view,1")
    batch, = project.run()
    assert project.ids() == [1, 2, 5, 6]
    assert batch["numInputRows"] == 6
    assert batch["data_quality"] == {"dropped_records": 2, "quarantined_records": 0, "expectations": [
        counts("id_there", 5, 1, 1), counts("price_ok", 3, 3), counts("kind known", 5, 1, 1)]}
    project.drop("b.csv", ",other,1", "11,view,1")
    told = project.weir("run").err
    assert "workspace.shop.events has COMPLETED (1 file, 1 row; 1 dropped)" in told, told
    assert project.ids() == [1, 2, 5, 6, 11]
    assert "nothing new" in project.weir("run").err


def test_a_batch_of_violations_only_is_a_batch(project):
    project.events("CONSTRAINT none EXPECT (false) ON VIOLATION DROP ROW")
    project.drop("a.csv", "1,view,1", "2,view,2")
    batch, = project.run()
    assert batch["data_quality"]["expectations"] == [counts("none", 0, 2, 2)]
    assert project.ids() == []
    assert "nothing new" in project.weir("run").err


def test_fail_update_writes_nothing_of_the_batch(project):
    ok = "CONSTRAINT positive EXPECT (price > 0) ON VIOLATION FAIL UPDATE"
    view = "CREATE MATERIALIZED VIEW shop.kinds AS SELECT kind, count(*) AS n FROM shop.events GROUP BY kind;"
    project.events(ok, more=view)
    project.drop("a.csv", "1,view,1")
    project.weir("run")
    project.drop("b.csv", "2,view,1", "3,view,-1", "4,view,", "5,view,2")
    for _ in range(2):  # and again: the batch stands as it was planned
        failed = project.weir.fails("run", condition="EXPECTATION_VIOLATION")
        assert "2 of 4 rows violate the expectation positive EXPECT (price > 0) ON VIOLATION FAIL UPDATE" in failed.err
        assert 'workspace.shop.events: ' in failed.err and '{"id":3,"kind":"view","price":-1.0}' in failed.err
        assert "nothing of batch 1 was written" in failed.err
        assert "workspace.shop.kinds is SKIPPED" in failed.err
        assert project.ids() == [1]
    project.events(ok.replace("FAIL UPDATE", "DROP ROW"), more=view)
    project.weir("run")
    assert project.ids() == [1, 2, 5]
    assert project.weir.sql("SELECT * FROM shop.kinds") == [{"kind": "view", "n": 3}]


def test_fail_update_mended_at_the_source(project):
    project.events("CONSTRAINT positive EXPECT (price > 0) ON VIOLATION FAIL UPDATE")
    project.drop("a.csv", "1,view,-1")
    project.weir.fails("run", condition="EXPECTATION_VIOLATION")
    project.drop("a.csv", "1,view,1")
    project.weir("run")
    assert project.ids() == [1]


def test_views(project):
    view = "CREATE MATERIALIZED VIEW shop.kinds ({}) AS SELECT kind, count(*) AS n FROM shop.events GROUP BY kind;"
    drop = "CONSTRAINT enough EXPECT (n > 1) ON VIOLATION DROP ROW"
    project.events("CONSTRAINT c EXPECT (true)", more=view.format(drop))
    project.drop("a.csv", "1,view,1", "2,view,1", "3,buy,1")
    assert "workspace.shop.kinds has COMPLETED (recomputed; 1 dropped)" in project.weir("run").err
    assert project.weir.sql("SELECT * FROM shop.kinds") == [{"kind": "view", "n": 2}]
    assert "nothing new" in project.weir("run").err
    # another condition is another view
    project.events("CONSTRAINT c EXPECT (true)", more=view.format(drop.replace("1", "2")))
    assert "workspace.shop.kinds has COMPLETED (recomputed; 2 dropped)" in project.weir("run").err
    assert project.weir.sql("SELECT * FROM shop.kinds") == []
    project.events("CONSTRAINT c EXPECT (true)", more=view.format("CONSTRAINT enough EXPECT (n > 1) ON VIOLATION FAIL UPDATE"))
    failed = project.weir.fails("run", condition="EXPECTATION_VIOLATION")
    assert 'workspace.shop.kinds: 1 of 2 rows violate the expectation enough' in failed.err and '{"kind":"buy","n":1}' in failed.err
    assert project.weir.sql("SELECT * FROM shop.kinds") == []  # as it was
    project.events("CONSTRAINT c EXPECT (true)", more=view.format("CONSTRAINT enough EXPECT (n > 1)"))
    assert "workspace.shop.kinds has COMPLETED (recomputed; 1 kept in violation)" in project.weir("run").err
    assert len(project.weir.sql("SELECT * FROM shop.kinds")) == 2


def test_the_first_refresh_of_a_view_fails_whole(project):
    project.sql("CREATE MATERIALIZED VIEW shop.v (CONSTRAINT c EXPECT (a > 1) ON VIOLATION FAIL UPDATE) AS SELECT * FROM VALUES (1), (2) AS t(a);")
    project.weir.fails("run", condition="EXPECTATION_VIOLATION")
    project.weir.fails("sql", "-c", "SELECT * FROM shop.v", condition="TABLE_OR_VIEW_NOT_FOUND")


def test_all_flows_of_a_table(project):
    other = project.folder.parent / "other"
    other.mkdir()
    project.weir("external-locations", "create", "other", other)
    reading = "read_files('{}', format => 'csv', header => true, schema => 'id BIGINT, {}')"
    project.sql("CREATE STREAMING TABLE shop.events (CONSTRAINT known EXPECT (kind IS NOT NULL) ON VIOLATION DROP ROW);\n"
                f"CREATE FLOW a AS INSERT INTO shop.events BY NAME SELECT id, kind FROM STREAM {reading.format(project.landing, 'kind STRING, price DOUBLE')};\n"
                f"CREATE FLOW b AS INSERT INTO shop.events BY NAME SELECT id FROM STREAM {reading.format(other, 'x INT')};\n")
    project.drop("a.csv", "1,view,1", "2,,1")
    (other / "b.csv").write_text("id,x\n7,1\n")
    quality = {batch["name"]: batch["data_quality"] for batch in project.run()}
    # what a flow does not give is NULL in the table, and it is the table's row that must hold
    assert quality == {"workspace.shop.a": {"dropped_records": 1, "quarantined_records": 0, "expectations": [counts("known", 1, 1, 1)]},
                       "workspace.shop.b": {"dropped_records": 1, "quarantined_records": 0, "expectations": [counts("known", 0, 1, 1)]}}
    assert project.ids() == [1]


def test_a_not_null_column_and_its_expectation(project):
    project.sql(f"CREATE STREAMING TABLE shop.events (id BIGINT NOT NULL, CONSTRAINT there EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW) AS "
                f"SELECT * FROM STREAM read_files('{project.landing}', format => 'csv', header => true, schema => 'id BIGINT, kind STRING, price DOUBLE');")
    project.drop("a.csv", "1,view,1", ",view,1")
    project.run()
    assert project.ids() == [1]


@pytest.mark.parametrize("constraint, condition, told", [
    ("CONSTRAINT c EXPECT (pricey > 0)", "UNRESOLVED_COLUMN", "all.sql:2:24: expectation c: "),
    ("CONSTRAINT c EXPECT (\n    price + 1)", "EXPECTATION_INVALID", "all.sql:2:3: expectation c of workspace.shop.events is not BOOLEAN"),
    ("CONSTRAINT c EXPECT (explode(array(true)))", "FUNCTION_UNSUPPORTED", "all.sql:2:24: expectation c: "),
    ("CONSTRAINT c EXPECT (NULL)", "EXPECTATION_INVALID", "is not BOOLEAN"),
    ("CONSTRAINT c EXPECT (sum(price) > 0)", "EXPECTATION_INVALID", "aggregate"),
    ("CONSTRAINT c EXPECT (row_number() OVER (ORDER BY id) > 0)", "EXPECTATION_INVALID", "window"),
    ("CONSTRAINT c EXPECT (id IN (SELECT id FROM shop.other))", "EXPECTATION_INVALID", "another table"),
    ("CONSTRAINT c EXPECT (price > DATE '2020-01-01')", "DATATYPE_MISMATCH", "all.sql:2:30: expectation c: "),
    ("CONSTRAINT c EXPECT (id > 0), CONSTRAINT C EXPECT (id > 1)", "PIPELINE_DUPLICATE_IDENTIFIERS", "is there twice"),
    ("CONSTRAINT c EXPECT (id > 0) ON VIOLATION IGNORE", "PARSE_SYNTAX_ERROR", "DROP ROW, FAIL UPDATE or QUARANTINE"),
    ("CONSTRAINT c CHECK (id > 0)", "CONSTRAINT_UNSUPPORTED", "all.sql:2"),
])
def test_a_condition_that_cannot_be_is_refused_by_its_place(project, constraint, condition, told):
    project.events(constraint)
    for command in ("dry-run", "run"):
        failed = project.weir.fails(command, condition=condition)
        assert told in failed.err, failed.err
    assert project.weir.sql("SHOW TABLES IN shop") == []


def test_continuous(project):
    """A run that stays counts too, and ends at a violation that must not be."""
    project.events("CONSTRAINT kinds EXPECT (kind = 'view') ON VIOLATION DROP ROW", "CONSTRAINT positive EXPECT (price > 0) ON VIOLATION FAIL UPDATE")
    process = project.weir.start("run", "--continuous", "--progress", "json")
    project.drop("a.csv", "1,view,1", "2,buy,1")
    batch = json.loads(process.stdout.readline())
    assert batch["data_quality"]["expectations"] == [counts("kinds", 1, 1, 1), counts("positive", 2, 0)]
    project.drop("b.csv", "3,view,0")
    assert process.wait(60) != 0
    assert "EXPECTATION_VIOLATION" in process.stderr.read()
    assert project.ids() == [1]


ASIDE = "CONSTRAINT price_ok EXPECT (price > 0) ON VIOLATION QUARANTINE"


def test_quarantine(project):
    project.events(ASIDE, "CONSTRAINT `kind known` EXPECT (kind IN ('view', 'buy')) ON VIOLATION QUARANTINE", "CONSTRAINT id_there EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW", "CONSTRAINT small EXPECT (id < 6)")
    project.drop("a.csv", "1,view,2.5", "2,buy,-1", ",view,3", "4,other,", ",view,", "6,view,1")
    batch, = project.run()
    assert project.ids() == [1, 6]
    quarantine = "SELECT * FROM shop.events__quarantine"
    first = [{"id": 2, "kind": "buy", "price": -1.0, "_failed_expectations": ["price_ok"], "_batch_id": 0},
             {"id": 4, "kind": "other", "price": None, "_failed_expectations": ["price_ok", "kind known"], "_batch_id": 0},
             {"id": None, "kind": "view", "price": None, "_failed_expectations": ["price_ok", "id_there", "small"], "_batch_id": 0}]
    assert project.weir.sql(quarantine) == render.in_order(first)
    assert batch["data_quality"] == {"dropped_records": 4, "quarantined_records": 3, "expectations": [
        counts("price_ok", 3, 3, 3), counts("kind known", 5, 1, 1), counts("id_there", 4, 2, 2), counts("small", 3, 3)]}
    # a batch without such rows leaves the quarantine alone
    project.drop("b.csv", "7,view,1")
    project.run()
    assert len(project.weir.sql("DESCRIBE HISTORY shop.events__quarantine")) == 2
    project.drop("c.csv", "8,view,-1")
    told = project.weir("run").err
    assert "workspace.shop.events has COMPLETED (1 file, 0 rows; 1 quarantined)" in told, told
    assert project.weir.sql(quarantine) == render.in_order([*first, {"id": 8, "kind": "view", "price": -1.0, "_failed_expectations": ["price_ok", "small"], "_batch_id": 2}])
    assert project.ids() == [1, 6, 7]
    assert "nothing new" in project.weir("run").err
    quality = "SELECT sum(details:flow_progress.data_quality.quarantined_records::INT) AS q FROM event_log('shop.events')"
    assert project.weir.sql(quality) == [{"q": 4}]
    assert [event["origin"]["batch_id"] for event in project.weir.rows_in_order("SELECT * FROM event_log('shop.events__quarantine') WHERE event_type = 'flow_progress'")] == [0, 2]
    # all of it again
    project.weir("run", "--full-refresh", "events")
    assert project.ids() == [1, 6, 7]
    assert sorted(row["id"] or 0 for row in project.weir.sql(quarantine)) == [0, 2, 4, 8]


def test_fail_update_leaves_the_quarantine_alone_too(project):
    project.events(ASIDE, "CONSTRAINT id_there EXPECT (id IS NOT NULL) ON VIOLATION FAIL UPDATE")
    project.drop("a.csv", "1,view,-1", ",view,1")
    project.weir.fails("run", condition="EXPECTATION_VIOLATION")
    assert project.ids() == [] and project.ids("events__quarantine") == []


def test_a_quarantine_is_a_dataset_of_the_project(project):
    project.events(ASIDE, more="""
        CREATE MATERIALIZED VIEW shop.kinds (CONSTRAINT enough EXPECT (n > 1) ON VIOLATION QUARANTINE) AS SELECT kind, count(*) AS n FROM shop.events GROUP BY kind;
        CREATE STREAMING TABLE shop.mended AS SELECT id, abs(price) AS price FROM STREAM shop.events__quarantine WHERE price < 0;
        CREATE MATERIALIZED VIEW shop.rare AS SELECT kind, n FROM shop.kinds__quarantine;
        CREATE MATERIALIZED VIEW shop.why AS SELECT f, count(*) AS n FROM (SELECT explode(_failed_expectations) AS f FROM shop.events__quarantine) GROUP BY f;""")
    names = [node["name"].split(".")[-1] for node in project.weir("dry-run", "-o", "json").json()]
    assert sorted(names) == ["events", "events__quarantine", "kinds", "kinds__quarantine", "mended", "rare", "why"]
    assert names.index("events__quarantine") < min(names.index("mended"), names.index("why")) and names.index("kinds__quarantine") < names.index("rare")
    for run, (lines, kinds, rare) in enumerate([(["1,view,1", "2,view,1", "3,buy,1", "4,buy,-4"], ["view"], ["buy"]), (["5,buy,1", "6,other,1", "7,other,-7"], ["buy", "view"], ["other"])]):
        project.drop(f"{run}.csv", *lines)
        project.weir("run")
        assert sorted(row["kind"] for row in project.weir.sql("SELECT kind FROM shop.kinds")) == kinds
        aside = project.weir.sql("SELECT kind, _failed_expectations, _batch_id FROM shop.kinds__quarantine")
        assert aside == [{"kind": kind, "_failed_expectations": ["enough"], "_batch_id": run} for kind in rare]  # the version of the view that lacks them
        assert [row["kind"] for row in project.weir.sql("SELECT kind FROM shop.rare")] == rare
    assert project.weir.sql("SELECT * FROM shop.mended") == [{"id": 4, "price": 4.0}, {"id": 7, "price": 7.0}]
    assert project.weir.sql("SELECT * FROM shop.why") == [{"f": "price_ok", "n": 2}]
    assert "nothing new" in project.weir("run").err
    # a view's quarantine that was dropped is made again, a table's too, empty
    project.weir("sql", "-c", "DROP TABLE shop.kinds__quarantine; DROP TABLE shop.events__quarantine")
    project.sql((project.folder / "transformations" / "all.sql").read_text().split("CREATE MATERIALIZED VIEW shop.rare")[0].replace("CREATE STREAMING TABLE shop.mended", "-- "))
    project.weir("run")
    assert [row["kind"] for row in project.weir.sql("SELECT kind FROM shop.kinds__quarantine")] == ["other"]
    assert project.weir.sql("SELECT * FROM shop.events__quarantine") == []


def test_what_fills_it_failed(project):
    project.events(ASIDE, "CONSTRAINT id_there EXPECT (id IS NOT NULL) ON VIOLATION FAIL UPDATE",
                   more="CREATE STREAMING TABLE shop.mended AS SELECT id FROM STREAM shop.events__quarantine; CREATE MATERIALIZED VIEW shop.v AS SELECT count(*) AS n FROM shop.events__quarantine;")
    project.drop("a.csv", ",view,-1")
    failed = project.weir.fails("run", condition="EXPECTATION_VIOLATION")
    assert "workspace.shop.mended is SKIPPED" in failed.err and "workspace.shop.v is SKIPPED" in failed.err


def test_a_table_that_gets_columns_and_its_quarantine(project):
    project.events(ASIDE)
    project.drop("a.csv", "1,view,1", "2,view,-1")
    project.weir("run")
    project.sql((project.folder / "transformations" / "all.sql").read_text().replace("SELECT *", "SELECT *, upper(kind) AS loud"))
    project.drop("b.csv", "3,view,-1")
    project.weir("run")
    assert project.weir.sql("SELECT id, loud, _batch_id, _failed_expectations FROM shop.events__quarantine") == render.in_order([
        {"id": 2, "loud": None, "_batch_id": 0, "_failed_expectations": ["price_ok"]}, {"id": 3, "loud": "VIEW", "_batch_id": 1, "_failed_expectations": ["price_ok"]}])


def test_columns_that_come_with_files_come_to_the_quarantine(project):
    """With the first row there that has them, not before."""
    project.sql(f"CREATE STREAMING TABLE shop.events ({ASIDE}) AS SELECT * FROM STREAM read_files('{project.landing}', format => 'json');")

    def put(name, *rows):
        (project.landing / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        project.weir("run")
        return [set(row) - {"_failed_expectations", "_batch_id"} for row in (project.weir.sql("SELECT * FROM shop.events"), project.weir.sql("SELECT * FROM shop.events__quarantine")) for row in row[:1]]

    assert put("a.json", {"id": 1, "price": 1.5}, {"id": 2, "price": -1.5}) == [{"id", "price"}] * 2
    assert put("b.json", {"id": 3, "price": 1.5, "more": "m"}) == [{"id", "price", "more"}, {"id", "price"}]
    assert put("c.json", {"id": 4, "price": -1.5, "most": [1]}) == [{"id", "price", "more", "most"}] * 2
    assert project.weir.sql("SELECT id, more, most, _batch_id FROM shop.events__quarantine") == render.in_order([{"id": 2, "more": None, "most": None, "_batch_id": 0}, {"id": 4, "more": None, "most": [1], "_batch_id": 2}])
    assert project.ids() == [1, 3]


@pytest.mark.parametrize("more, condition, told", [
    ("CREATE MATERIALIZED VIEW shop.events__quarantine AS SELECT 1 AS a;", "PIPELINE_DUPLICATE_IDENTIFIERS", "events__quarantine is defined twice, also at transformations/all.sql:2:3"),
    ("CREATE FLOW again AS INSERT INTO shop.events BY NAME SELECT id, kind, abs(price) AS price FROM STREAM shop.events__quarantine;", "CYCLIC_DEPENDENCY", "events__quarantine"),
    ("CREATE STREAMING TABLE shop.t (CONSTRAINT c EXPECT (_batch_id > 0) ON VIOLATION QUARANTINE) AS SELECT *, 1 AS _batch_id FROM STREAM shop.events;", "QUARANTINE_NAME_TAKEN", "all.sql:4:24"),
])
def test_names_that_a_quarantine_needs(project, more, condition, told):
    project.events(ASIDE, more=more)
    assert told in project.weir.fails("run", condition=condition).err
    assert project.weir.sql("SHOW TABLES IN shop") == []


def undo_the_tables_commit(project):
    """What a crash between the two commits of batch 0 leaves: the quarantine's commit, and the table's as it was prepared."""
    folder = pathlib.Path(project.weir.sql("DESCRIBE DETAIL shop.events")[0]["location"].removeprefix("file://").removeprefix("file:"))
    quarantine = project.weir.sql("DESCRIBE DETAIL shop.events__quarantine")[0]["location"].removeprefix("file://").removeprefix("file:")
    checkpoint = project.folder.parent / "storage/_checkpoints/workspace/shop/events/events/0"
    log = folder / "_delta_log"
    commit = log / f"{1:020}.json"
    lines = commit.read_text().splitlines()
    adds = "".join(line + "\n" for line in lines if "add" in json.loads(line))
    quality = json.loads(json.loads(lines[0])["commitInfo"]["operationParameters"]["weir.event"])["data_quality"]
    table_id = next(json.loads(line)["metaData"]["id"] for line in (log / f"{0:020}.json").read_text().splitlines() if "metaData" in json.loads(line))
    head = {"weirPrepared": 1, "batch": 0, "rowsIn": 3, "rows": 3, "written": 1, "dropped": 2, "quarantined": 2, "kept": 0, "tableId": table_id, "quarantine": quarantine, "dataQuality": json.dumps(quality),
            "bytes": len(adds.encode())}
    commit.unlink()
    (checkpoint / "commits" / "0").unlink()
    prepared = checkpoint / "_weir" / "prepared.json"
    assert not prepared.exists()
    prepared.write_text(json.dumps(head) + "\n" + adds)
    return folder, prepared


def test_a_batch_is_finished_as_it_was_prepared(project):
    """By what was remembered, not by what the query or the expectations say now."""
    project.events(ASIDE)
    project.drop("a.csv", "1,view,1", "2,view,-1", "3,view,0")
    project.run()
    _, prepared = undo_the_tables_commit(project)
    assert project.ids() == []
    project.events("CONSTRAINT price_ok EXPECT (price > -100)")
    batch, = project.run()
    assert batch["batchId"] == 0 and batch["data_quality"] == {"dropped_records": 2, "quarantined_records": 2, "expectations": [counts("price_ok", 1, 2, 2)]}
    assert project.ids() == [1] and project.ids("events__quarantine") == [2, 3]
    assert not prepared.exists()
    assert "nothing new" in project.weir("run").err
    assert project.ids() == [1]


def test_prepared_files_that_are_gone(project):
    project.events(ASIDE)
    project.drop("a.csv", "1,view,1", "2,view,-1", "3,view,0")
    project.run()
    folder, prepared = undo_the_tables_commit(project)
    for path in folder.glob("*.parquet"):
        path.unlink()
    told = project.weir("run")
    assert "batch 0 was in its quarantine and not in its table yet, and is computed again" in told.err
    assert project.ids() == [1] and project.ids("events__quarantine") == [2, 3]
    assert not prepared.exists()


def test_prepared_text_that_is_damaged(project):
    project.events(ASIDE)
    project.drop("a.csv", "1,view,1", "2,view,-1", "3,view,0")
    project.run()
    _, prepared = undo_the_tables_commit(project)
    prepared.write_text(prepared.read_text()[:-5])
    failed = project.weir.fails("run", condition="CHECKPOINT_FILE_DAMAGED")
    assert "prepared.json" in failed.err and "or remove it: then the batch is computed again" in failed.err
    prepared.unlink()
    project.weir("run")
    assert project.ids() == [1] and project.ids("events__quarantine") == [2, 3]


def test_the_event_log(project):
    """Counts by update, as users of Databricks ask for them; a failure, too."""
    constraints = ["CONSTRAINT kinds EXPECT (kind = 'view') ON VIOLATION DROP ROW", "CONSTRAINT positive EXPECT (price > 0)"]
    view = "CREATE MATERIALIZED VIEW shop.kinds (CONSTRAINT few EXPECT (n < 3)) AS SELECT kind, count(*) AS n FROM shop.events GROUP BY kind;"
    project.events(*constraints, more=view)
    project.drop("a.csv", "1,view,1", "2,buy,1", "3,view,-1")
    project.weir("run")
    project.drop("b.csv", "4,view,1", "5,buy,-1")
    project.weir("run")
    assert "nothing new" in project.weir("run").err
    log = project.weir.rows_in_order("SELECT * FROM event_log('workspace.shop.events')")
    assert [(event["event_type"], event["origin"]["batch_id"]) for event in log] == [("create_update", None), ("flow_progress", 0), ("create_update", None), ("flow_progress", 1)]
    assert [event["sequence"]["data_plane_id"]["seq_no"] for event in log] == [0, 1, 2, 3]
    assert len({event["id"] for event in log}) == 4
    assert json.loads(log[1]["details"]) == {"flow_progress": {"status": "RUNNING", "metrics": {"num_output_rows": 2}, "data_quality": {
        "dropped_records": 1, "quarantined_records": 0, "expectations": [counts("kinds", 2, 1, 1), counts("positive", 2, 1)]}}}
    assert log[1]["expectations"] == [counts("kinds", 2, 1, 1), counts("positive", 2, 1)]
    assert log[1]["origin"] | {"update_id": None, "table_id": None} == {
        "pipeline_name": "quality", "update_id": None, "dataset_name": "workspace.shop.events", "flow_name": "workspace.shop.events", "batch_id": 0, "table_id": None, "table_version": 1}
    latest = """WITH latest AS (SELECT origin.update_id AS id FROM event_log(TABLE(shop.events)) WHERE event_type = 'create_update' ORDER BY timestamp DESC LIMIT 1)
                SELECT e.name, sum(e.passed_records) AS passed, sum(e.failed_records) AS failed
                FROM (SELECT explode(expectations) AS e, origin FROM event_log(TABLE(shop.events)) WHERE event_type = 'flow_progress') AS log JOIN latest ON log.origin.update_id = latest.id
                GROUP BY e.name"""
    assert project.weir.sql(latest) == [{"name": "kinds", "passed": 1, "failed": 1}, {"name": "positive", "passed": 1, "failed": 1}]
    path = "details:flow_progress.data_quality.expectations[0]"
    assert project.weir.sql(f"SELECT {path}.name AS name, {path}.failed_records::INT AS failed FROM event_log('shop.kinds') WHERE event_type = 'flow_progress'") == [
        {"name": "few", "failed": 0}, {"name": "few", "failed": 1}]
    # what fails is told once, and there are never more than a hundred failures
    project.events(constraints[0], constraints[1] + " ON VIOLATION FAIL UPDATE", more=view)
    project.drop("c.csv", "6,view,-1")
    folder = project.weir.sql("DESCRIBE DETAIL shop.events")[0]["location"].removeprefix("file://").removeprefix("file:")
    for i in range(3):
        project.weir.fails("run", condition="EXPECTATION_VIOLATION")
        told = project.weir.rows_in_order("SELECT error, message, details, level, origin FROM event_log('shop.events') WHERE level = 'ERROR' ORDER BY timestamp")
        assert len(told) == (i + 1 if i < 2 else 100)
        assert told[-1]["error"]["exceptions"][0]["class_name"] == "EXPECTATION_VIOLATION"
        assert "1 of 1 rows violate the expectation positive" in told[-1]["message"] and json.loads(told[-1]["details"]) == {"flow_progress": {"status": "FAILED"}}
        newest = max(pathlib.Path(folder, "_weir", "failures").iterdir())
        for k in range(150 if i == 1 else 0):
            (newest.parent / f"{k:015}-0.json").write_text(newest.read_text())
    assert project.ids() == [1, 3, 4]


def test_the_event_log_without_expectations(project):
    project.sql(EVENTS.replace("(\n  {constraints}\n) ", "").format(landing=project.landing) + "CREATE MATERIALIZED VIEW shop.v AS SELECT count(*) AS n FROM shop.events;")
    project.drop("a.csv", "1,view,1")
    assert all("data_quality" not in batch for batch in project.run())
    for table, status in (("events", "RUNNING"), ("v", "COMPLETED")):
        begun, event = project.weir.rows_in_order(f"SELECT origin.update_id AS id, origin.pipeline_name AS pipeline, details FROM event_log('shop.{table}')")
        assert begun["id"] == event["id"] is not None and event["pipeline"] == "quality"
        assert json.loads(event["details"]) == {"flow_progress": {"status": status, "metrics": {"num_output_rows": 1}}}


def test_a_view_over_the_event_log(project):
    """In the first run, too, after what it tells of; and also of what failed."""
    watch = """CREATE MATERIALIZED VIEW shop.watch AS SELECT e.name, sum(e.failed_records) AS failed FROM (SELECT explode(expectations) AS e FROM event_log(TABLE(events))) GROUP BY e.name;
               CREATE MATERIALIZED VIEW shop.alarms AS SELECT error.exceptions[0].class_name AS what FROM event_log('workspace.shop.Events') WHERE level = 'ERROR';"""
    project.events("CONSTRAINT positive EXPECT (price > 0)", more=watch)
    project.drop("a.csv", "1,view,1", "2,view,-1")
    project.weir("run")
    assert project.weir.sql("SELECT * FROM shop.watch") == [{"name": "positive", "failed": 1}]
    assert project.weir.sql("SELECT * FROM shop.alarms") == []
    project.events("CONSTRAINT positive EXPECT (price > 0) ON VIOLATION FAIL UPDATE", more=watch)
    project.drop("b.csv", "3,view,-1")
    project.weir.fails("run", condition="EXPECTATION_VIOLATION")
    assert project.weir.sql("SELECT * FROM shop.alarms") == [{"what": "EXPECTATION_VIOLATION"}]
    assert [node["name"] for node in project.weir("dry-run", "-o", "json").json()][0] == "workspace.shop.events"


def test_the_event_log_of_a_table_without_a_project(project):
    project.drop("a.csv", "1,view,1", "2,buy,1")
    project.weir("ingest", project.landing, "--into", "workspace.shop.plain", "--schema", "id BIGINT, kind STRING, price DOUBLE", "--option", "header=true")
    event, = project.weir.sql("SELECT event_type, details:flow_progress.metrics.num_output_rows AS n, expectations, origin.flow_name AS flow FROM event_log('shop.plain')")
    assert event == {"event_type": "flow_progress", "n": "2", "expectations": None, "flow": None}


def test_what_spark_and_others_read(project):
    """The counts stand in the commit that holds the rows."""
    project.events("CONSTRAINT kinds EXPECT (kind = 'view') ON VIOLATION DROP ROW")
    project.drop("a.csv", "1,view,1", "2,buy,1")
    project.run()
    newest = project.weir.rows_in_order("DESCRIBE HISTORY shop.events")[0]
    parameters = newest["operationParameters"]
    parameters = dict(parameters) if isinstance(parameters, list) else json.loads(parameters) if isinstance(parameters, str) else parameters
    event = json.loads(parameters["weir.event"])
    assert event["flow"] == "workspace.shop.events" and event["pipeline"] == "quality"
    assert event["data_quality"]["expectations"] == [counts("kinds", 1, 1, 1)]
    assert render.in_order(project.weir.sql("SELECT id FROM shop.events")) == [{"id": 1}]

"""One small, quiet Spark for a whole test run."""
import os
import pathlib
import sys

from harness import render
from harness.readers import cache_folder


def jars():
    """Delta's jars and no others: a second Hadoop or Parquet on the class path breaks Spark."""
    folder = cache_folder() / "jars"
    names = sorted(folder.glob("*.jar")) if folder.is_dir() else []
    return [str(path) for path in names if path.name.startswith(("delta-", "unitycatalog"))]


SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.driver.memory": "1g",  # only from the builder, before the JVM starts
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
}


def start(scratch):
    """A session whose warehouse, metastore and spill are in `scratch`."""
    from pyspark.sql import SparkSession

    scratch = pathlib.Path(scratch)
    os.environ["LANG"] = os.environ["LC_ALL"] = "C.UTF-8"  # file names outside ASCII depend on it
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_DIRS"] = str(scratch / "local")
    builder = SparkSession.builder.master("local[1]").appName("weir tests").config("spark.jars", ",".join(jars()))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = (
        builder.config("spark.sql.warehouse.dir", f"file://{scratch}/warehouse")
        .config("spark.driver.extraJavaOptions", f"-Dderby.system.home={scratch}/derby -Duser.timezone=UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return session


def forget(session):
    """After another writer touched a table: Spark would go on with the snapshot that it remembers."""
    session._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()


def read(session, path, version=None):
    """The rows of a Delta table, rendered and sorted."""
    forget(session)
    reader = session.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", int(version))
    return render.rows_of(reader.load(str(path)).toArrow())


def stream_csv(session, source, table, checkpoint, schema, options=None, reader_options=None, format="csv"):
    """One available-now run of a folder into a Delta table, as a user of Spark writes it. Returns the progress list."""
    forget(session)
    reader = session.readStream.format(format).schema(schema)
    for name, value in {"header": "true", **(reader_options or {})}.items():
        reader = reader.option(name, value)
    writer = reader.load(str(source)).writeStream.format("delta").option("checkpointLocation", str(checkpoint))
    for name, value in (options or {}).items():
        writer = writer.option(name, value)
    query = writer.trigger(availableNow=True).start(str(table))
    query.awaitTermination()
    return query.recentProgress

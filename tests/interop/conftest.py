"""Readers of Delta tables, all with the same answer: rows as harness/render.py writes them down, sorted.

`readers.read(engine, path, version)` asks one; `readers.agree(path, expected)` asks all and fails on the first that
differs. Under tests/interop/spark Spark is one of them; under tests/interop/peers it is not (its environment is
another one)."""
import pytest

from harness import readers as peers
from harness import render


class Readers:
    """Every engine of this run behind one door."""

    def __init__(self, source, spark=None):
        self.source = source
        self.spark = spark

    @property
    def engines(self):
        return peers.ENGINES + (("spark",) if self.spark else ())

    def read(self, engine, path, version=None):
        """The rows of a table; ReaderError (a Spark error from Spark) when the engine refuses."""
        if engine == "spark":
            from harness import spark

            return spark.read(self.spark, path, version)
        return self.source.read(engine, path, version)

    def agree(self, path, expected=None, version=None, engines=None, relative=0.0):
        """Every engine reads the same rows: `expected`, or else what the first one says. Returns the rows."""
        for engine in engines or self.engines:
            rows = self.read(engine, path, version)
            if expected is None:
                expected = rows
                continue
            told = render.difference(rows, expected, relative)
            assert told is None, f"{engine} reads {path}{'' if version is None else f' version {version}'}: {told}"
        return expected


@pytest.fixture(scope="session")
def peer_source():
    source = peers.open_readers()
    yield source
    source.close()


@pytest.fixture(scope="session")
def readers(peer_source):
    return Readers(peer_source)


@pytest.fixture(scope="session")
def read_deltalake(readers):
    return lambda path, version=None: readers.read("deltalake", path, version)


@pytest.fixture(scope="session")
def read_duckdb(readers):
    return lambda path, version=None: readers.read("duckdb", path, version)


@pytest.fixture(scope="session")
def read_polars(readers):
    return lambda path, version=None: readers.read("polars", path, version)

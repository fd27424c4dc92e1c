"""delta-rs, DuckDB and Polars as readers of a Delta table: read(engine, path, version) -> rendered rows.

The peers' Python environment has them all; in another one (Spark's) a helper process of the peers' environment
answers, one JSON line a question. `python -m harness.readers` is that process."""
import json
import os
import pathlib
import subprocess
import sys

from harness import render

ENGINES = ("deltalake", "duckdb", "polars")


class ReaderError(Exception):
    """A peer refused to read; the text is its own."""


def cache_folder():
    return pathlib.Path(os.environ.get("WEIR_CACHE") or pathlib.Path.home() / ".cache" / "weir")


def read_deltalake(path, version=None):
    from deltalake import DeltaTable

    return render.rows_of(DeltaTable(path, version=version).to_pyarrow_table())


_duckdb = None


def duckdb_connection():
    """One connection with the delta extension, which its wheel brings along: no network."""
    global _duckdb
    if _duckdb is None:
        import duckdb
        import duckdb_extension_delta

        folder = pathlib.Path(duckdb_extension_delta.__path__[0])
        extension = next(folder.rglob("delta.duckdb_extension"))
        _duckdb = duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "autoinstall_known_extensions": "false"})
        _duckdb.execute(f"LOAD '{extension}'")
        _duckdb.execute("SET TimeZone = 'UTC'")
    return _duckdb


def read_duckdb(path, version=None):
    quoted = str(path).replace("'", "''")
    at = "" if version is None else f", version = {int(version)}"
    return render.rows_of(duckdb_connection().execute(f"SELECT * FROM delta_scan('{quoted}'{at})").to_arrow_table())


def read_polars(path, version=None):
    import polars

    return render.rows_of(polars.read_delta(str(path), version=version).to_arrow())


def read_here(engine, path, version=None):
    return {"deltalake": read_deltalake, "duckdb": read_duckdb, "polars": read_polars}[engine](str(path), version)


class PeerProcess:
    """The readers in a process of the peers' environment."""

    def __init__(self):
        python = cache_folder() / "peers" / "bin" / "python"
        if not python.exists():
            raise ReaderError("the peers' Python environment is not there: tools/setup.sh test")
        env = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).resolve().parents[1]))
        self.process = subprocess.Popen(
            [str(python), "-m", "harness.readers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def read(self, engine, path, version=None):
        self.process.stdin.write(json.dumps({"engine": engine, "path": str(path), "version": version}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ReaderError(f"the reader process ended with {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ReaderError(answer["error"])
        return answer["rows"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Here:
    """The readers in this process."""

    def read(self, engine, path, version=None):
        try:
            return read_here(engine, path, version)
        except Exception as error:  # each peer has its own classes
            raise ReaderError(f"{type(error).__name__}: {error}") from error

    def close(self):
        pass


def open_readers():
    """The readers, in this process when it has them."""
    try:
        import deltalake  # noqa: F401
        import duckdb  # noqa: F401
        import polars  # noqa: F401

        return Here()
    except ImportError:
        return PeerProcess()


def main():
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"rows": read_here(question["engine"], question["path"], question["version"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

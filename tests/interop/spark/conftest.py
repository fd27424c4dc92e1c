"""One Spark session for the whole run (6 s to start), never one a test; and Spark as one more of the readers."""
import pytest

from harness import spark as sparks


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    if not sparks.jars():
        pytest.skip("the Delta jars are not there: tools/setup.sh test")
    session = sparks.start(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture(scope="session")
def readers(readers, spark):
    return type(readers)(readers.source, spark)


@pytest.fixture(scope="session")
def read_spark(spark):
    return lambda path, version=None: sparks.read(spark, path, version)

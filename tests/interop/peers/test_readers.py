"""The readers agree with each other before they judge weir."""
import datetime as dt
import decimal

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from harness.readers import ReaderError

UTC = dt.timezone.utc


@pytest.fixture
def every_type(tmp_path):
    """Two versions of a table with every primitive type; the second adds a row of NULLs."""
    schema = pa.schema([
        ("b", pa.bool_()), ("i8", pa.int8()), ("i16", pa.int16()), ("i32", pa.int32()), ("i64", pa.int64()),
        ("f", pa.float32()), ("d", pa.float64()), ("dec", pa.decimal128(38, 10)), ("s", pa.string()), ("bin", pa.binary()),
        ("day", pa.date32()), ("ts", pa.timestamp("us", tz="UTC")),
    ])
    row = {"b": True, "i8": -128, "i16": 32767, "i32": -2**31, "i64": 2**63 - 1, "f": 0.1, "d": 0.1,
           "dec": decimal.Decimal("1234567890123456789012345678.0123456789"), "s": "naïve, \"quoted\"\n", "bin": b"\x00\xff",
           "day": dt.date(1969, 12, 31), "ts": dt.datetime(2024, 1, 2, 3, 4, 5, 678901, UTC)}
    path = tmp_path / "every_type"  # Polars does not find the files of a folder with a blank
    write_deltalake(path, pa.Table.from_pylist([row], schema=schema))
    write_deltalake(path, pa.Table.from_pylist([dict.fromkeys(row)], schema=schema), mode="append")
    return path


FIRST = {"b": True, "i8": -128, "i16": 32767, "i32": -2**31, "i64": 2**63 - 1, "f": 0.1, "d": 0.1,
         "dec": "1234567890123456789012345678.0123456789", "s": "naïve, \"quoted\"\n", "bin": "AP8=",
         "day": "1969-12-31", "ts": "2024-01-02T03:04:05.678901Z"}


def test_all_read_the_same_rows(readers, every_type):
    rows = readers.agree(every_type)
    assert len(rows) == 2
    assert FIRST in rows and dict.fromkeys(FIRST) in rows


def test_all_read_the_version_asked_for(readers, every_type):
    readers.agree(every_type, [FIRST], version=0)


def test_a_difference_fails(readers, every_type):
    with pytest.raises(AssertionError, match="1 missing, 1 unexpected"):
        readers.agree(every_type, [{**FIRST, "i64": 1}], version=0)


def test_no_table_is_an_error_of_each(readers, tmp_path):
    for engine in readers.engines:
        with pytest.raises(ReaderError):
            readers.read(engine, tmp_path / "nothing")

"""The harness itself: values are written down as promised, and a difference is seen."""
import datetime as dt
import math

import pyarrow as pa
import pytest
from harness import render


def values(array):
    return [render.one(value) for value in array]


def test_dates_beyond_pythons_own():
    days = [-719_529, -719_528, -719_162, -1, 0, 19_724, 2_932_896, 2_932_897]
    assert values(pa.array(days, pa.int32()).cast(pa.date32())) == [
        "-0001-12-31", "0000-01-01", "0001-01-01", "1969-12-31", "1970-01-01", "2024-01-02", "9999-12-31", "+10000-01-01"]


def test_dates_are_pythons_where_it_has_them():
    for days in range(-700_000, 2_900_000, 9_973):
        assert render.date_text(days) == (dt.date(1970, 1, 1) + dt.timedelta(days)).isoformat()


def test_timestamps_with_and_without_zone():
    micros = pa.array([-1, 1_704_164_645_678_901])
    assert values(micros.cast(pa.timestamp("us"))) == ["1969-12-31T23:59:59.999999", "2024-01-02T03:04:05.678901"]
    assert values(micros.cast(pa.timestamp("us", "UTC")))[0] == "1969-12-31T23:59:59.999999Z"


def test_numbers():
    assert values(pa.array([0.1, 16777216.0, 1e-45], pa.float32())) == [0.1, 16777216.0, 1e-45]
    assert values(pa.array([math.nan, math.inf, -math.inf])) == ["NaN", "Infinity", "-Infinity"]


def test_text_that_is_not_utf8():
    raw = pa.Array.from_buffers(pa.string(), 1, pa.array([b"a\x80"], pa.binary()).buffers())
    assert values(raw) == ["a\udc80"]


@pytest.mark.parametrize("left, right, relative, same", [
    ([{"a": 1}], [{"a": 1}], 0, True),
    ([{"a": 1}], [{"a": 2}], 0, False),
    ([{"a": 1}], [{"a": 1}, {"a": 1}], 0, False),
    ([{"a": 1}], [{"a": True}], 0, False),
    ([{"a": None}], [{"a": "NULL"}], 0, False),
    ([{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}], [{"a": 2.0000000001, "b": "y"}, {"a": 1.0, "b": "x"}], 1e-9, True),
    ([{"a": 1.0}], [{"a": 1.00001}], 1e-9, False),
    ([{"a": 1.0}], [{"a": 1.0000000001}], 0, False),
])
def test_difference(left, right, relative, same):
    assert (render.difference(left, right, relative) is None) == same

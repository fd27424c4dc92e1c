"""Compressed text files: by their name, by their first bytes when the name is silent, and never half of one."""
import bz2
import gzip
import lzma
import zlib

import pytest

ROWS = "".join(f"{i},name {i}\n" for i in range(5000)).encode()
PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".deflate": zlib.compress}


def total(weir, folder):
    weir("external-locations", "create", "landing", folder)
    return weir("sql", "-o", "csv", "-c", f"SELECT count(*) AS n, sum(id) AS s FROM read_files('{folder}', format => 'csv', schema => 'id INT, name STRING')")


@pytest.mark.parametrize("suffix", list(PACKED))
def test_by_name(weir, tmp_path, suffix):
    (tmp_path / f"in{suffix}").mkdir()
    (tmp_path / f"in{suffix}" / f"rows.csv{suffix}").write_bytes(PACKED[suffix](ROWS))
    assert total(weir, tmp_path / f"in{suffix}").out.split() == ["n,s", "5000,12497500"]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_by_content(weir, tmp_path, suffix):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "rows.csv").write_bytes(PACKED[suffix](ROWS[:20000]) + PACKED[suffix](ROWS[20000:]))
    assert total(weir, tmp_path / "in").out.split() == ["n,s", "5000,12497500"]


@pytest.mark.parametrize("suffix", list(PACKED))
def test_cut(weir, tmp_path, suffix):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"rows.csv{suffix}").write_bytes(PACKED[suffix](ROWS)[:-9])
    weir("external-locations", "create", "landing", tmp_path / "in")
    result = weir.fails("sql", "-c", f"SELECT count(*) FROM read_files('{tmp_path}/in', format => 'csv', schema => 'id INT, name STRING')")
    assert "CODEC_TRUNCATED" in result.err and f"rows.csv{suffix}" in result.err, result.err

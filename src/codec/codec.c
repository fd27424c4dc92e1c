/* codec.c - codecs by their names, and what each can do here. */
#include "codec/codec_internal.h"

static const struct {
    const char *name;
    const char *suffix; /* of file names; NULL = none of its own */
    bool compresses, decompresses;
} codecs[] = {
    [WEIR_CODEC_NONE] = {"none", NULL, true, true},
    [WEIR_CODEC_SNAPPY] = {"snappy", ".snappy", true, true},
    [WEIR_CODEC_GZIP] = {"gzip", ".gz", true, true},
    [WEIR_CODEC_ZSTD] = {"zstd", ".zst", true, true},
    [WEIR_CODEC_LZ4_RAW] = {"lz4_raw", NULL, true, true},
    [WEIR_CODEC_LZ4_HADOOP] = {"lz4", ".lz4", false, true},
    [WEIR_CODEC_DEFLATE] = {"deflate", ".deflate", false, true},
    [WEIR_CODEC_BZIP2] = {"bzip2", ".bz2", false, false},
    [WEIR_CODEC_XZ] = {"xz", ".xz", false, false},
    [WEIR_CODEC_BROTLI] = {"brotli", NULL, false, false},
};
#define CODEC_COUNT (sizeof codecs / sizeof codecs[0])

const char *weir_codec_name(enum weir_codec_id id)
{
    WEIR_ASSERT((size_t)id < CODEC_COUNT);
    return codecs[id].name;
}

bool weir_codec_find(const char *name, enum weir_codec_id *out)
{
    *out = WEIR_CODEC_NONE;
    if (weir_str_eq_nocase(weir_str(name), WEIR_STR("uncompressed"))) {
        return true;
    }
    for (size_t i = 0; i < CODEC_COUNT; i++) {
        if (weir_str_eq_nocase(weir_str(name), weir_str(codecs[i].name))) {
            *out = (enum weir_codec_id)i;
            return true;
        }
    }
    return false;
}

enum weir_codec_id weir_codec_of_name(const char *file_name)
{
    /* Hadoop compares suffixes in their own case: a.GZ is plain text to Spark. */
    for (size_t i = 0; i < CODEC_COUNT; i++) {
        if (codecs[i].suffix && weir_str_ends(weir_str(file_name), codecs[i].suffix)) {
            return (enum weir_codec_id)i;
        }
    }
    return WEIR_CODEC_NONE;
}

bool weir_codec_can_compress(enum weir_codec_id id)
{
    return (size_t)id < CODEC_COUNT && codecs[id].compresses;
}

bool weir_codec_can_decompress(enum weir_codec_id id)
{
    return (size_t)id < CODEC_COUNT && codecs[id].decompresses;
}

weir_rc weir_codec_refuse(enum weir_codec_id id, const char *what, struct weir_error *err)
{
    return weir_fail(err, WEIR_UNSUPPORTED, "CODEC_UNSUPPORTED",
                     "%s %s is not done by weir; use gzip, zstd, snappy, lz4_raw or none instead", weir_codec_name(id), what);
}

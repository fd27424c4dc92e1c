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
    [WEIR_CODEC_LZ4_FRAME] = {"lz4_frame", NULL, false, false},
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

enum weir_codec_id weir_codec_of_content(const void *head, size_t len)
{
    static const struct { const char *magic; size_t len; enum weir_codec_id id; } magics[] = {
        {"\x1f\x8b\x08", 3, WEIR_CODEC_GZIP},     {"\x28\xb5\x2f\xfd", 4, WEIR_CODEC_ZSTD}, {"\xfd" "7zXZ\0", 6, WEIR_CODEC_XZ},
        {"\x04\x22\x4d\x18", 4, WEIR_CODEC_LZ4_FRAME},
    };
    const char *bytes = head;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (len >= magics[i].len && memcmp(bytes, magics[i].magic, magics[i].len) == 0) {
            return magics[i].id;
        }
    }
    /* "BZh9" might begin a text; the mark of the first block behind it cannot. */
    const bool bzip2 = len >= 10 && memcmp(bytes, "BZh", 3) == 0 && bytes[3] >= '1' && bytes[3] <= '9' && memcmp(bytes + 4, "1AY&SY", 6) == 0;
    return bzip2 ? WEIR_CODEC_BZIP2 : WEIR_CODEC_NONE;
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

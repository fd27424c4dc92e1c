/* codec.h - compression behind one interface; checksums. Threads: a codec handle belongs to one thread; functions without one are free. */
#pragma once
#include "base/mem.h"

enum weir_codec_id { WEIR_CODEC_NONE, WEIR_CODEC_SNAPPY, WEIR_CODEC_GZIP, WEIR_CODEC_ZSTD, WEIR_CODEC_LZ4_RAW, WEIR_CODEC_LZ4_HADOOP,
                     WEIR_CODEC_DEFLATE, WEIR_CODEC_BZIP2, WEIR_CODEC_XZ, WEIR_CODEC_BROTLI, WEIR_CODEC_LZ4_FRAME };
const char *weir_codec_name(enum weir_codec_id id);
bool weir_codec_find(const char *name, enum weir_codec_id *out); /* "snappy", "zstd", ...; any case */
/* By file name as Spark: .gz .zst .bz2 .deflate .lz4 .snappy .xz; NONE otherwise. */
enum weir_codec_id weir_codec_of_name(const char *file_name);
/* By the first bytes of a file, where they can be nothing else: gzip, zstd, bzip2, xz, lz4 frames; NONE otherwise. */
#define WEIR_CODEC_HEAD_BYTES 10
enum weir_codec_id weir_codec_of_content(const void *head, size_t len);
bool weir_codec_can_compress(enum weir_codec_id id);   /* NONE SNAPPY ZSTD GZIP LZ4_RAW */
bool weir_codec_can_decompress(enum weir_codec_id id); /* blocks; what cannot is refused by name */

/* --- whole blocks (Parquet pages) --- */
typedef struct weir_compressor weir_compressor;
/* level 0 = the codec's default for pages (zstd 1, gzip 6). A level that the codec does not have is taken to the nearest. */
#define WEIR_CODEC_LEVEL_ENTROPY (-1000) /* zstd: Huffman coding alone, no search for matches: for text like UUIDs; others: their default */
weir_compressor *weir_compressor_new(enum weir_codec_id id, int level); /* the codec can compress: asked before */
void weir_compressor_free(weir_compressor *c);
size_t weir_compress_bound(enum weir_codec_id id, size_t len);
/* out holds weir_compress_bound(len) bytes. */
weir_rc weir_compress(weir_compressor *c, const void *in, size_t len, void *out, size_t *out_len, struct weir_error *err) WEIR_MUST_USE;
/* A frame that stores the bytes uncompressed but valid for the codec (zstd raw block, snappy literals): for pages that do not shrink. */
weir_rc weir_compress_stored(weir_compressor *c, const void *in, size_t len, void *out, size_t *out_len, struct weir_error *err) WEIR_MUST_USE;
/* `out_len` is what the format says the result has; WEIR_CORRUPT otherwise. */
weir_rc weir_decompress(enum weir_codec_id id, const void *in, size_t len, void *out, size_t out_len, struct weir_error *err) WEIR_MUST_USE;

/* --- streams (text files): gzip, zstd, bzip2, xz, lz4 frames (all members), deflate (zlib's format, as Hadoop has it), raw --- */
typedef struct weir_inflater weir_inflater;
/* Pulls compressed bytes by `read` (0 at the end). WEIR_UNSUPPORTED names a codec that has no stream here. */
weir_rc weir_inflater_new(enum weir_codec_id id, weir_rc (*read)(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err), void *arg,
                          weir_inflater **out, struct weir_error *err) WEIR_MUST_USE;
/* Fills buf; *done < len only at the end. A stream that ends early is WEIR_CORRUPT, not a short one. */
weir_rc weir_inflater_read(weir_inflater *in, void *buf, size_t len, size_t *done, struct weir_error *err) WEIR_MUST_USE;
void weir_inflater_free(weir_inflater *in);

uint32_t weir_crc32(uint32_t crc, const void *bytes, size_t len); /* IEEE (zlib), start with 0 */

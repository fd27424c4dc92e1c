/* codec_internal.h - what the files of this room share. */
#pragma once
#include "codec/codec.h"

/* WEIR_UNSUPPORTED, by the codec's name; `what` is what was asked of it. */
weir_rc weir_codec_refuse(enum weir_codec_id id, const char *what, struct weir_error *err);
/* No block of more bytes is compressed or decompressed: the lengths of Parquet pages are signed 32-bit numbers. */
#define WEIR_CODEC_BLOCK_MAX ((size_t)0x7E000000)

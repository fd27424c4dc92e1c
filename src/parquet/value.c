/* value.c - the bytes of a value, and their order. Little-endian machines only, as the file format is. */
#include "parquet/bytes.h"
#include "parquet/leaf.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "PLAIN values are copied as they stand");

static struct weir_str fixed(uint8_t *scratch, const void *bytes, size_t len)
{
    memcpy(scratch, bytes, len);
    return (struct weir_str){(const char *)scratch, len};
}

static struct weir_str int_bytes(const struct pw_leaf *leaf, int64_t value, uint8_t *scratch)
{
    if (leaf->width == 4) {
        int32_t narrow = (int32_t)value;
        return fixed(scratch, &narrow, sizeof narrow);
    }
    return fixed(scratch, &value, sizeof value);
}

static struct weir_str decimal_bytes(const struct pw_leaf *leaf, weir_i128 value, uint8_t *scratch)
{
    if (leaf->physical != WEIR_PQ_FIXED_LEN_BYTE_ARRAY) {
        return int_bytes(leaf, (int64_t)value, scratch);
    }
    weir_u128 rest = (weir_u128)value;
    for (size_t i = leaf->width; i-- > 0; rest >>= 8) {
        scratch[i] = (uint8_t)rest;
    }
    return (struct weir_str){(const char *)scratch, leaf->width};
}

struct weir_str weiri_pw_value_bytes(const struct pw_leaf *leaf, const union weir_value *value, uint8_t *scratch)
{
    switch (leaf->type->id) {
    case WEIR_TYPE_BOOLEAN:
        scratch[0] = value->b;
        return (struct weir_str){(const char *)scratch, 1};
    case WEIR_TYPE_FLOAT: {
        uint32_t bits;
        float f = (float)value->f;
        memcpy(&bits, &f, sizeof bits);
        bits = f != f ? UINT32_C(0x7FC00000) : bits;
        return fixed(scratch, &bits, sizeof bits);
    }
    case WEIR_TYPE_DOUBLE: {
        uint64_t bits;
        memcpy(&bits, &value->f, sizeof bits);
        bits = value->f != value->f ? UINT64_C(0x7FF8000000000000) : bits;
        return fixed(scratch, &bits, sizeof bits);
    }
    case WEIR_TYPE_DECIMAL:
        return decimal_bytes(leaf, value->d, scratch);
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        return value->s;
    default:
        return int_bytes(leaf, value->i, scratch);
    }
}

static int64_t int_of(const struct pw_leaf *leaf, const char *p)
{
    return leaf->width == 4 ? (int64_t)(int32_t)weiri_pw_load32(p) : (int64_t)weiri_pw_load64(p);
}

static weir_i128 decimal_of(const struct pw_leaf *leaf, const char *p)
{
    if (leaf->physical != WEIR_PQ_FIXED_LEN_BYTE_ARRAY) {
        return int_of(leaf, p);
    }
    weir_u128 all = (uint8_t)p[0] & 0x80 ? ~(weir_u128)0 : 0;
    for (uint32_t i = 0; i < leaf->width; i++) {
        all = all << 8 | (uint8_t)p[i];
    }
    return (weir_i128)all;
}

static double f64_of(const struct pw_leaf *leaf, const char *p)
{
    if (leaf->physical == WEIR_PQ_FLOAT) {
        float f;
        memcpy(&f, p, sizeof f);
        return (double)f;
    }
    double f;
    memcpy(&f, p, sizeof f);
    return f;
}

union weir_value weiri_pw_value_of(const struct pw_leaf *leaf, struct weir_str bytes)
{
    union weir_value value;
    memset(&value, 0, sizeof value);
    switch (leaf->type->id) {
    case WEIR_TYPE_BOOLEAN:
        value.b = bytes.ptr[0] != 0;
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        value.f = f64_of(leaf, bytes.ptr);
        break;
    case WEIR_TYPE_DECIMAL:
        value.d = decimal_of(leaf, bytes.ptr);
        break;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        value.s = bytes;
        break;
    default:
        value.i = int_of(leaf, bytes.ptr);
        break;
    }
    return value;
}

bool weiri_pw_value_is_nan(const struct pw_leaf *leaf, struct weir_str bytes)
{
    if (leaf->physical != WEIR_PQ_FLOAT && leaf->physical != WEIR_PQ_DOUBLE) {
        return false;
    }
    double f = f64_of(leaf, bytes.ptr);
    return f != f;
}

/* IEEE bits to an unsigned number of the same order; -0 just below 0. */
static uint64_t float_key(uint64_t bits)
{
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

uint64_t weiri_pw_value_key(const struct pw_leaf *leaf, struct weir_str bytes)
{
    const uint64_t sign = (uint64_t)1 << 63;
    switch (leaf->physical) {
    case WEIR_PQ_BOOLEAN:
        return (uint8_t)bytes.ptr[0];
    case WEIR_PQ_INT32:
    case WEIR_PQ_INT64:
        return (uint64_t)int_of(leaf, bytes.ptr) ^ sign;
    case WEIR_PQ_FLOAT:
        return float_key((uint64_t)weiri_pw_load32(bytes.ptr) << 32);
    case WEIR_PQ_DOUBLE:
        return float_key(weiri_pw_load64(bytes.ptr));
    default: {
        uint8_t head[8] = {0};
        size_t n = bytes.len < 8 ? bytes.len : 8;
        if (n > 0) {
            memcpy(head, bytes.ptr, n);
        }
        uint64_t key = __builtin_bswap64(weiri_pw_load64(head));
        return leaf->physical == WEIR_PQ_FIXED_LEN_BYTE_ARRAY ? key ^ sign : key;
    }
    }
}

bool weiri_pw_key_is_whole(const struct pw_leaf *leaf)
{
    return leaf->physical != WEIR_PQ_BYTE_ARRAY && leaf->physical != WEIR_PQ_FIXED_LEN_BYTE_ARRAY;
}

int weiri_pw_value_cmp(const struct pw_leaf *leaf, struct weir_str a, struct weir_str b)
{
    uint64_t ka = weiri_pw_value_key(leaf, a), kb = weiri_pw_value_key(leaf, b);
    if (ka != kb) {
        return ka < kb ? -1 : 1;
    }
    return weiri_pw_key_is_whole(leaf) ? 0 : weir_str_cmp(a, b);
}

/* replay.c - a fuzz program without a fuzzer, for every compiler: the files of its corpus, then variants of them that are always the same.
 *
 * WEIR_ROUNDS: variants of each file (200). What an input does wrong ends the program; its name and bytes are told. */
#include "base/mem.h"
#include "base/time.h"
#include "base/uri.h"
#include "os/fs.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INPUT_BYTES_MAX ((size_t)64 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char running[512];
static uint8_t *bytes; /* exactly as large as the input, so that a sanitizer sees what is read behind it */
static size_t length;

static void tell(int number)
{
    static const char digits[] = "0123456789abcdef";
    (void)!write(2, running, strlen(running));
    for (size_t i = 0; i < length && i < 4096; i++) {
        const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        (void)!write(2, pair, 2);
    }
    (void)!write(2, "\n", 1);
    signal(number, SIG_DFL);
    raise(number);
}

static void run(const char *name, uint64_t variant, const uint8_t *data, size_t size)
{
    snprintf(running, sizeof running, "%s, variant %llu, as hexadecimal digits: ", name, (unsigned long long)variant);
    bytes = weir_malloc(size > 0 ? size : 1);
    length = size;
    memcpy(bytes, data, size);
    LLVMFuzzerTestOneInput(bytes, size);
    weir_free(bytes);
    length = 0;
}

/* A few changes of a kind that fuzzers make: other bytes, bits, pieces taken out or doubled. */
static size_t change(struct weir_rng *rng, uint8_t *data, size_t size)
{
    static const char pieces[] = "\",\\\n\r\t{}[]:#'`;|-+.0919eETZ\xff\xc3\xe2\xef\xbb\xbf ";
    for (uint64_t times = 1 + weir_rng_below(rng, 4); times > 0 && size > 0; times--) {
        const size_t at = weir_rng_below(rng, size), left = size - at;
        const size_t many = 1 + weir_rng_below(rng, left < 16 ? left : 16);
        switch (weir_rng_below(rng, 5)) {
        case 0:
            data[at] = (uint8_t)weir_rng_below(rng, 256);
            break;
        case 1:
            data[at] ^= (uint8_t)(1u << weir_rng_below(rng, 8));
            break;
        case 2:
            data[at] = (uint8_t)pieces[weir_rng_below(rng, sizeof pieces - 1)];
            break;
        case 3:
            memmove(data + at, data + at + many, left - many);
            size -= many;
            break;
        default:
            if (size + many <= INPUT_BYTES_MAX) {
                memmove(data + at + many, data + at, left);
                size += many;
            }
        }
    }
    return size;
}

static weir_rc replay(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    const uint64_t *rounds = arg;
    struct weir_buf file;
    char *path = weir_path_join(WEIR_CORPUS, name);
    static uint8_t work[INPUT_BYTES_MAX];
    struct weir_rng rng;
    (void)info;
    weir_buf_init(&file, 0);
    WEIR_TRY(weir_fs_read_all(weir_fs_posix(), path, INPUT_BYTES_MAX, &file, err));
    const size_t size = file.len;
    printf("[ RUN      ] %s\n", name);
    fflush(stdout);
    run(name, 0, (const uint8_t *)weir_buf_view(&file).ptr, size);
    weir_rng_seed(&rng, size);
    for (uint64_t i = 1; i <= *rounds; i++) {
        memcpy(work, weir_buf_view(&file).ptr, size);
        run(name, i, work, change(&rng, work, size));
    }
    printf("[       OK ] %s\n", name);
    fflush(stdout);
    weir_buf_free(&file);
    weir_free(path);
    return WEIR_OK;
}

int main(void)
{
    struct weir_error err = {0};
    const char *text = getenv("WEIR_ROUNDS");
    uint64_t rounds = text ? strtoull(text, NULL, 10) : 200;
    signal(SIGABRT, tell);
    signal(SIGSEGV, tell);
    if (weir_fs_list(weir_fs_posix(), WEIR_CORPUS, replay, &rounds, &err) != WEIR_OK) {
        fprintf(stderr, "%s: %s\n", WEIR_CORPUS, err.msg);
        return 1;
    }
    return 0;
}

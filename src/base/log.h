/* log.h - what the program says about itself, on stderr, a line each, key=value. Thread-safe. */
#pragma once
#include "base/error.h"
enum weir_log_level { WEIR_LOG_ERROR, WEIR_LOG_WARN, WEIR_LOG_INFO, WEIR_LOG_DEBUG };
void weir_log_set(enum weir_log_level level); /* default WARN */
void weir_log(enum weir_log_level level, const char *room, const char *fmt, ...) WEIR_PRINTF(3, 4);
/* Tests read what was said; NULL restores stderr. */
void weir_log_hook(void (*hook)(void *arg, enum weir_log_level level, const char *line), void *arg);

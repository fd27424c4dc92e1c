/* project_files.h - the texts of the project that `weir init` writes. */
#pragma once
#include <stddef.h>

struct cli_project_file {
    const char *path; /* below the project's folder */
    const char *text; /* @NAME@ and @STORAGE@ are filled in */
};
extern const struct cli_project_file cli_project_files[]; /* NULL path ends it; the spec is the last */

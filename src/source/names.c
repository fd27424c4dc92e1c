/* names.c - which names in a folder are data: Spark's rules (HadoopFSUtils.shouldFilterOutPathName, isDataPath). */
#include "source/source_internal.h"

static bool is_metadata_name(const char *name)
{
    return weir_str_starts(weir_str(name), "_metadata") || weir_str_starts(weir_str(name), "_common_metadata");
}

bool weiri_name_hidden(const char *name)
{
    const bool out = (name[0] == '_' && !strchr(name, '=')) || name[0] == '.' ||
                     weir_str_ends(weir_str(name), "._COPYING_");
    return out && !is_metadata_name(name);
}

bool weiri_name_no_data(const char *name)
{
    return (name[0] == '_' && !strchr(name, '=')) || name[0] == '.';
}

# Libraries that weir stands on. Static archives are named by path so that the binary needs glibc only.
# Where they come from: tools/setup.sh.
set(WEIR_CACHE "$ENV{WEIR_CACHE}" CACHE PATH "Where tools/setup.sh keeps what it fetched")
if(NOT WEIR_CACHE)
  set(WEIR_CACHE "$ENV{HOME}/.cache/weir")
endif()

function(weir_static out)
  set(found "")
  foreach(lib ${ARGN})
    find_library(path_${lib} NAMES lib${lib}.a)
    if(NOT path_${lib})
      message(FATAL_ERROR "lib${lib}.a is not here: run tools/setup.sh build, or install the development package of ${lib}")
    endif()
    list(APPEND found ${path_${lib}})
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# By path: `-static-libstdc++` means something to g++ only, and the programs here are linked by the C compiler.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libstdc++.a
                OUTPUT_VARIABLE WEIR_STDCXX OUTPUT_STRIP_TRAILING_WHITESPACE)

weir_static(WEIR_CODEC_LIBS zstd snappy lz4 bz2 lzma z)
weir_static(WEIR_SQLITE_LIBS sqlite3)
weir_static(WEIR_YAML_LIBS yaml)
weir_static(WEIR_EDIT_LIBS edit tinfo bsd md)
list(APPEND WEIR_CODEC_LIBS ${WEIR_STDCXX})
list(APPEND WEIR_SQLITE_LIBS m) # behind the archive that needs it
find_library(WEIR_CMOCKA_LIBS NAMES cmocka)
if(WEIR_TESTS AND NOT WEIR_CMOCKA_LIBS)
  message(STATUS "cmocka is not here: no tests in this build (tools/setup.sh test brings it)")
endif()

# DuckDB: its own release archives, as the Go bindings carry them (tools/setup.sh checks their sum), or a folder with
# duckdb.h and a libduckdb, named by -DDUCKDB_DIR= or the environment's DUCKDB_DIR.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(duckdb_arch linux-arm64)
else()
  set(duckdb_arch linux-amd64)
endif()
set(duckdb_default "$ENV{DUCKDB_DIR}")
if(NOT duckdb_default)
  set(duckdb_default "${WEIR_CACHE}/gomod/github.com/duckdb/duckdb-go-bindings/lib/${duckdb_arch}@v0.10506.0")
endif()
set(DUCKDB_DIR "${duckdb_default}" CACHE PATH "Folder with duckdb.h and DuckDB's static archives, or a system libduckdb")
if(NOT EXISTS "${DUCKDB_DIR}/duckdb.h")
  message(FATAL_ERROR "no duckdb.h in DUCKDB_DIR=${DUCKDB_DIR}: run tools/setup.sh build")
endif()
add_library(weir_duckdb INTERFACE)
target_include_directories(weir_duckdb SYSTEM INTERFACE ${DUCKDB_DIR})
file(GLOB duckdb_archives ${DUCKDB_DIR}/lib*.a)
list(FILTER duckdb_archives EXCLUDE REGEX "tpch|tpcds")
if(duckdb_archives)
  target_link_libraries(weir_duckdb INTERFACE -Wl,--start-group ${duckdb_archives} -Wl,--end-group
                        ${WEIR_STDCXX} -static-libgcc dl m pthread)
else()
  find_library(duckdb_shared duckdb HINTS ${DUCKDB_DIR} ${DUCKDB_DIR}/lib REQUIRED)
  target_link_libraries(weir_duckdb INTERFACE ${duckdb_shared})
endif()

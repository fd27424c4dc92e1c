# Debian's cross compiler for arm64 (crossbuild-essential-arm64). tools/check_arm64.sh uses it to compile; the libraries
# of the host are found by CMake and never linked.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

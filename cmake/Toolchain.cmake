# One dialect of C++, one set of warnings, one cache for every module.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(DUJIANG_TESTS "Build the tests" OFF)
option(DUJIANG_FUZZ "Build the fuzzers; DUJIANG_SANITIZE must hold fuzzer-no-link" OFF)
option(DUJIANG_LTO "Optimise across modules at link time" OFF)
set(DUJIANG_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
                    -Wno-missing-designated-field-initializers)
if(DUJIANG_LTO)
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin -fuse-ld=lld-19 -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/lto)
else()
  add_link_options(-fuse-ld=mold)
endif()
if(DUJIANG_SANITIZE)
  add_compile_options(-fsanitize=${DUJIANG_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DUJIANG_SANITIZE})
endif()

# Relative paths in the cache's keys, so that another clone of the same sources hits too.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

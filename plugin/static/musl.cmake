# CMake toolchain file: a static binary with the musl C library. MUSL_PREFIX is what toolchain.sh made.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MUSL_PREFIX)
set(CMAKE_C_COMPILER gcc)
set(CMAKE_CXX_COMPILER g++)
execute_process(COMMAND gcc -dumpmachine OUTPUT_VARIABLE machine OUTPUT_STRIP_TRAILING_WHITESPACE)
set(CMAKE_PREFIX_PATH /usr/lib/${machine}/cmake)
string(REGEX REPLACE "-gnu.*" "-musl" machine ${machine})
execute_process(COMMAND gcc -dumpfullversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)

set(specs "-specs=/usr/lib/${machine}/musl-gcc.specs")
set(library ${MUSL_PREFIX}/include/c++/${version})
set(CMAKE_C_FLAGS_INIT "${specs}")
# That weak symbols tell whether there are threads holds for shared libraries only.
set(CMAKE_CXX_FLAGS_INIT "${specs} -fno-pie -nostdinc++ -isystem ${library} -isystem ${library}/${machine} \
-isystem ${MUSL_PREFIX}/include -D_GLIBCXX_GTHREAD_USE_WEAK=0")
# The unwinder asks for its shim after libparts.a has been searched.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -L${MUSL_PREFIX}/lib -Wl,--eh-frame-hdr -Wl,-u,_dl_find_object")
set(CMAKE_CXX_STANDARD_LIBRARIES_INIT "-lparts")

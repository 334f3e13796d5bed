#!/usr/bin/env bash
# toolchain.sh OUT: what the static binary is linked with and no package of Debian has: libstdc++ and libnl for the musl C
# library, made from the sources of the compiler and of libnl as Debian ships them, and parts of the C library in faster
# (docs/design.md). Needs about 70 s on two processors, and does nothing when OUT is made already.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
mkdir -p "$1"
out=$(realpath "$1")
if [ -n "$(ls -A "$out")" ] && [ ! -e "$out/work" ] && [ ! -e "$out/made-from" ]; then
  echo "$0: '$1' was not made by this script, which would empty it" >&2
  exit 1
fi
exec 9>"$out.lock"
flock 9
machine=$(gcc -dumpmachine)
musl=${machine%-gnu*}-musl
made_from=$(cat "$here"/{toolchain.sh,heap.h,copy.c,unwind.c} | sha256sum; gcc --version | head -1; dpkg-query -W musl-dev libnl-3-dev 2>/dev/null || true)
[ "$(cat "$out/made-from" 2>/dev/null)" = "$made_from" ] && exit 0

work=$out/work
rm -rf "$out"
mkdir -p "$work" "$out/include" "$out/lib"
cd "$work"
say_why() {
  echo "plugin/static/toolchain.sh failed; apt must reach its archive, whose sources are asked for. Last lines of $work/log:"
  tail -n 20 "$work/log" | cut -c1-200
}
trap '[ $? = 0 ] || say_why >&3' EXIT
exec 3>&2 >"$work/log" 2>&1
jobs=$(nproc)

# From where apt has the packages it has the sources too.
find_sources() {
  apt-cache policy libnl-3-dev |
    awk '$2 ~ /:\/\// { split($3, part, "/"); print "deb-src", $2, part[1], part[2]; exit }' >sources.list
  [ -s sources.list ]
}

fetch_sources() {
  mkdir -p lists/partial archives/partial
  local apt=(apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
             -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::Archives=archives -o APT::Sandbox::User=root)
  "${apt[@]}" update
  "${apt[@]}" source --download-only libnl3
}

# The compiler's own library, and no more of the compiler's source than its configure asks for.
unpack_libstdcxx() {
  local version
  version=$(gcc -dumpversion)
  apt-get -q -o APT::Sandbox::User=root download "gcc-$version-source"
  dpkg-deb --fsys-tarfile gcc-"$version"-source_*.deb | tar -x --wildcards --strip-components=4 './usr/src/gcc-*/gcc-*.tar.xz'
  mkdir gcc
  tar -xf gcc-*.tar.xz -C gcc --strip-components=1 --wildcards --exclude='*/libstdc++-v3/testsuite/[!M]*' \
    '*/libstdc++-v3' '*/libgcc' '*/libiberty/*.[ch]' '*/config' '*/include' '*/libffi/src/dlmalloc.c' \
    '*/config.guess' '*/config.sub' '*/config-ml.in' '*/install-sh' '*/ltmain.sh' '*/missing' '*/mkinstalldirs' '*/move-if-change' \
    '*/compile' '*/depcomp' '*/lt*.m4' '*/libtool*.m4' '*/gcc/BASE-VER' '*/gcc/DATESTAMP' '*/gcc/DEV-PHASE'
}

specs="-specs /usr/lib/$musl/musl-gcc.specs"
export CC="gcc $specs -isystem $out/include"
export CXX="g++ $specs -nostdinc++ -isystem $out/include"
build_libstdcxx() {
  mkdir -p build/libstdc++-v3 build/libgcc
  cp gcc/libgcc/gthr*.h build/libgcc
  cp gcc/libgcc/gthr-posix.h build/libgcc/gthr-default.h
  cd build/libstdc++-v3
  CFLAGS="-O2 -ffunction-sections" CXXFLAGS="-O2 -ffunction-sections -D_GLIBCXX_GTHREAD_USE_WEAK=0" \
    ../../gcc/libstdc++-v3/configure --build="$machine" --host="$musl" --prefix="$out" --disable-shared --enable-static \
    --disable-multilib --disable-nls --disable-libstdcxx-pch --disable-libstdcxx-verbose --disable-libstdcxx-filesystem-ts \
    --disable-libstdcxx-backtrace
  for part in include libsupc++ src; do
    make -j "$jobs" -C $part
    make -C $part install
  done
}

build_libnl() {
  mkdir libnl build/libnl
  tar -xf libnl3_*.orig.tar.?z -C libnl --strip-components=1
  cd build/libnl
  CFLAGS="-O2 -ffunction-sections" ../../libnl/configure --build="$machine" --host="$musl" --prefix="$out" --disable-shared \
    --enable-static --disable-cli
  make -j "$jobs" lib/libnl-3.la
  cp -r ../../libnl/include/netlink "$out/include"
  cp include/netlink/*.h "$out/include/netlink"
  cp lib/.libs/libnl-3.a "$out/lib"
}

# Why each: docs/design.md. Without -fno-builtin calloc would call itself. What of the C library's heap is not replaced, such as
# aligned_alloc, refuses to work beside one that is.
build_parts() {
  local flags="-O2 -fno-builtin -fno-tree-loop-distribute-patterns -ffunction-sections -Wall"
  $CC $flags -include "$here/heap.h" -Dmemalign=aligned_alloc -DUSE_LOCKS=1 -DMORECORE=heap_more -DMORECORE_CANNOT_TRIM -DNO_MALLINFO=1 \
    '-DDEFAULT_GRANULARITY=((size_t)1<<18)' -DDEFAULT_TRIM_THRESHOLD=MAX_SIZE_T -DMALLOC_ALIGNMENT=16 \
    -c gcc/libffi/src/dlmalloc.c -o heap.o
  $CC $flags -c "$here/copy.c" -o copy.o
  $CC $flags -c "$here/unwind.c" -o unwind.o
  ar rcs "$out/lib/libparts.a" heap.o copy.o unwind.o
}

for name in linux asm-generic nlohmann spdlog fmt CLI libmnl; do ln -s "/usr/include/$name" "$out/include/$name"; done
ln -s "/usr/include/$machine/asm" "$out/include/asm"
mkdir build
find_sources || { apt-get -q update && find_sources; }
fetch_sources &
unpack_libstdcxx
wait $!
(build_libnl) &
(build_libstdcxx)
wait $!
build_parts
rm -rf "$work"
printf '%s' "$made_from" >"$out/made-from"

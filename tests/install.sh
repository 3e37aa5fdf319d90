#!/bin/sh
# Installs what building, testing or the demo needs on Debian and Ubuntu, and only what is missing.
#
#     tests/install.sh check|demo
#
# Elsewhere, and without root or sudo, it says what is missing and goes on where it can: data sets are optional, since
# the project carries a small one, and so is what builds and runs programs for aarch64; the rest is not.
case $1 in
check) packages="flex bison gcc g++ clang make gawk pkg-config check zlib1g-dev libpng-dev libjpeg-dev libopenblas-dev valgrind"
    wanted="dataset-fashion-mnist gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" ;;
demo) packages="flex bison gcc make gawk zlib1g-dev libpng-dev libjpeg-dev" wanted="dataset-fashion-mnist" ;;
*) echo "usage: tests/install.sh check|demo" >&2; exit 2 ;;
esac

# Is a package here? By its command, header or files, so that other systems and hand-made installations count too.
present() {
    case $1 in
    check) pkg-config --exists check 2>/dev/null ;;
    zlib1g-dev) printf '#include <zlib.h>\n' | cc -E - >/dev/null 2>&1 ;;
    libpng-dev) printf '#include <png.h>\n' | cc -E - >/dev/null 2>&1 ;;
    libjpeg-dev) printf '#include <stdio.h>\n#include <jpeglib.h>\n' | cc -E - >/dev/null 2>&1 ;;
    libopenblas-dev) printf '#include <cblas.h>\n' | cc -E - >/dev/null 2>&1 ;;
    dataset-fashion-mnist) [ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ;;
    gcc-aarch64-linux-gnu) command -v aarch64-linux-gnu-gcc >/dev/null ;;
    libc6-dev-arm64-cross) printf '#include <math.h>\n' | aarch64-linux-gnu-gcc -E - >/dev/null 2>&1 ;;
    qemu-user) command -v qemu-aarch64 >/dev/null || command -v qemu-aarch64-static >/dev/null ;;
    gawk) command -v awk >/dev/null ;;
    pkg-config) command -v pkg-config >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}
missing_of() { for package; do present "$package" || printf '%s ' "$package"; done; }

# shellcheck disable=SC2086    # lists of words
missing=$(missing_of $packages)
# shellcheck disable=SC2086
missing_data=$(missing_of $wanted)
[ -z "$missing$missing_data" ] && exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root=$(command -v sudo)
if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || [ -n "$as_root" ]; }; then
    echo "installing: $missing$missing_data"
    $as_root apt-get update >/dev/null 2>&1
    for package in $missing $missing_data; do
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1
    done
    # shellcheck disable=SC2086
    missing=$(missing_of $packages)
    # shellcheck disable=SC2086
    missing_data=$(missing_of $wanted)
fi
for package in $missing_data; do
    case $package in
    dataset-*) echo "not installed: $package (a small part of it in models/data takes its place)" ;;
    *) echo "not installed: $package (the kernels are not tried on aarch64)" ;;
    esac
done
[ -z "$missing" ] && exit 0
echo "missing: $missing" >&2
echo "These are names of Debian packages; install them, or what they are called on this system, and try again." >&2
exit 1

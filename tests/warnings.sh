#!/bin/sh
# Generated code compiles without a warning: gcc and clang, float and double; the header in C++ too; plain code also as
# strictly conforming C11.
. "$(dirname "$0")/stage.sh"
strict="-Wall -Wextra -Wconversion -Wshadow -Werror"
for model in $MODELS; do
    for kernels in plain default; do
        case $kernels in plain) option=--kernels=plain standard="-std=c11 -Wpedantic" ;; *) option= standard=-std=gnu11 ;; esac
        mkdir -p "$WORK/$kernels"
        # shellcheck disable=SC2086
        try "nnc $model $kernels" "$NNC" $option "models/$model.nn" -o "$WORK/$kernels/$model.c"
        for compiler in gcc clang; do
            for real in "" -DNN_DOUBLE; do
                # shellcheck disable=SC2086
                try "$compiler $real $kernels $model" $compiler $standard $strict $real -O2 -Iruntime -c "$WORK/$kernels/$model.c" -o "$WORK/$model.o"
            done
        done
        printf '#include "%s.h"\n#include <nn_math.h>\n#include <nn_random.h>\nint main() { return 0; }\n' "$model" >"$WORK/$model.cpp"
        for compiler in g++ clang++; do
            # shellcheck disable=SC2086
            try "$compiler $kernels header of $model" $compiler -std=c++11 $strict -Wpedantic -Iruntime -I"$WORK/$kernels" -c "$WORK/$model.cpp" -o "$WORK/$model.o"
        done
    done
done
# A model may be called as a function of the C library is.
for name in exp round gammaf index memcpy; do
    echo "model $name { input x[3]; output exp(x) }" >"$WORK/$name.nn"
    try "nnc model $name" "$NNC" "$WORK/$name.nn" -o "$WORK/$name.c"
    # shellcheck disable=SC2086
    try "a model called $name" gcc -std=gnu11 $strict -Iruntime -c "$WORK/$name.c" -o "$WORK/$name.o"
done
for header in nn nn_math nn_random; do
    printf '#include <%s.h>\nint main(void) { return 0; }\n' $header >"$WORK/header.c"
    for compiler in gcc clang; do
        # shellcheck disable=SC2086
        try "$compiler $header.h" $compiler -std=c11 -Wpedantic $strict -Iruntime -c "$WORK/header.c" -o "$WORK/header.o"
    done
done
finish

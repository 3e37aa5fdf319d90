#!/bin/sh
# --trap: the equation that first gave NaN or an infinity is named, with its place, its element and the step; what is meant
# (masks, pads) raises no alarm; without the option nothing of it is in the program.
. "$(dirname "$0")/stage.sh"
strict="-Wall -Wextra -Wconversion -Wshadow -Werror"

# model NAME: its text from standard input, compiled and built with --trap.
model() {
    cat >"$WORK/$1.nn"
    try "nnc --trap $1" "$NNC" --trap "$WORK/$1.nn" -o "$WORK/$1.c"
    try "build of $1" program "$1"
}
# stops STATUS NAME ARGUMENTS...: its training ends so.
stops() {
    wanted=$1 name=$2
    shift 2
    timeout 60 "$WORK/$name" "$@" >"$WORK/said" 2>&1
    status=$?
    if [ "$status" = "$wanted" ]; then pass; else fail "$name: status $status, not $wanted"; fi
}
says() { if grep -qF -e "$1" "$WORK/said"; then pass; else fail "$name: does not say: $1"; fi; }
silent() { if grep -qE "$1" "$WORK/said"; then fail "$name: says $1"; else pass; fi; }

awk 'BEGIN { print "a,b,c,t"; for (i = 0; i < 16; i++) print i/10 "," 1 - i/5 ",0.5," i%3 }' >"$WORK/data.csv"
sed 's/^0.6.*/0.6,nan,0.5,1/' "$WORK/data.csv" >"$WORK/nan.csv"
sed 's/^0.6.*/0.6,1,-inf,1/' "$WORK/data.csv" >"$WORK/inf.csv"
sed 's/^0.6.*/0.6,1e-42,1,1/' "$WORK/data.csv" >"$WORK/small.csv"
bound() { echo "--train x=$WORK/$1.csv:a,b,c --train t=$WORK/$1.csv:t --no-shuffle"; }

# The log of what training drives below zero, after some steps.
model log_of_negative <<'END'
model log_of_negative {
    input  x[3]
    target t
    param a = 0.5
    h = log(a + 0*sum(i) x[i])
    loss (h - t)^2 * 0 + a
    optimizer sgd(lr=0.2)
    train batch=4, epochs=5
}
END
# shellcheck disable=SC2046
stops 4 log_of_negative train $(bound data) --save "$WORK/log.safetensors"
says "step 4: equation \`h\` gave NaN for sample 0"
says "    log_of_negative.nn:5: h = log(a + 0*sum)"
says "    it read a in -0.1 .. -0.1, sum in "
says "    sample 0 of this batch is sample 12 of the data; x: line 14 of its file"
says "    try a smaller step size (--lr is 0.2), clip the gradients in the model's update line, or look at the data; nothing had been saved yet"
# shellcheck disable=SC2046
stops 4 log_of_negative train $(bound nan) --trap
says "step 2: input \`x\` holds NaN at [1] of sample 2"
says "    sample 2 of this batch is sample 6 of the data; x: line 8 of its file; t: line 8 of its file"
# shellcheck disable=SC2046
stops 4 log_of_negative train $(bound inf)
says "equation \`h\` gave NaN for sample 2"
says "    before it, input \`x\` holds an infinity at [2] of sample 2"
# shellcheck disable=SC2046
stops 0 log_of_negative train $(bound small) --steps 3
says "note: step 2: input \`x\` holds a number below the normal range (a denormal) at [1] of sample 2"
says "loss 0."

# Without --trap: a NaN in the data is refused, and a NaN of the loss still stops the run; --trap says what is missing.
try "nnc without --trap" "$NNC" "$WORK/log_of_negative.nn" -o "$WORK/plain.c"
sed 's/"plain\.h"/"log_of_negative.h"/' "$WORK/plain.c" >"$WORK/without.c"
cp "$WORK/plain.h" "$WORK/log_of_negative.h"
if cat "$WORK/plain.c" "$WORK/plain.h" | sed "s/no-trapping-math//" | grep -qi trap; then fail "traces of --trap in a program without it"; else pass; fi
try "build without --trap" program without
# shellcheck disable=SC2046
stops 4 without train $(bound data) --save "$WORK/without.safetensors"
says "the loss is NaN at step 4 (epoch 1): try a smaller step size (--lr is 0.2), clip the gradients in the model's update line, or look at the data; \`nnc --trap\` makes a program that says where it came from; nothing had been saved yet"
# shellcheck disable=SC2046
stops 1 without train $(bound nan)
says "nan.csv: line 8: nan is no number that 'x' can be trained with; correct the file"
stops 2 without train --trap
says "--trap: this program was compiled without it; compile the model anew with \`nnc --trap\`"

# 0/0 in the user's own definition: the line of the definition, and of its use.
model zero_by_zero <<'END'
fn share(x[J]) -> y[J] {
    y[j] = x[j] / sum(k) x[k]
}
model zero_by_zero {
    input  x[3]
    target t
    h = share(x)
    y = share(relu(h |> linear(3)) * 0)
    z = y |> linear(1)
    loss mse(z[0], t)
    optimizer sgd(lr=0.01)
    train batch=4, epochs=1
}
END
# shellcheck disable=SC2046
stops 4 zero_by_zero train $(bound data)
says "step 1: equation \`y\` gave NaN at [0] of sample 0"
says "    zero_by_zero.nn:2, used in zero_by_zero.nn:8: y[j] = "

# An exponential that overflows: the infinity is named where it came from, on the way to the loss. In blocks of samples too.
model overflow <<'END'
model overflow {
    input  x[3]
    target t
    h = x |> linear(2)
    e[i] = exp(90*(h[i] + 2))
    y = e |> linear(1)
    loss mse(y[0], t)
    optimizer sgd(lr=0.01)
    train batch=4, epochs=1
}
END
# shellcheck disable=SC2046
stops 4 overflow train $(bound data)
says "step 1: equation \`e\` gave an infinity at ["
says "which reached the loss"
says "    overflow.nn:5: e[i] = exp(90*(h[i] + 2))"
model in_blocks <<'END'
model in_blocks {
    input  x[3]
    target t
    p[c, i < 6, j < 6] = x[c]
    h = p |> conv2d(4, 3, pad=1)
    r = sqrt(h)
    y = mean(r |> conv2d(4, 3))
    loss mse(y, t)
    optimizer sgd(lr=0.01)
    train batch=20, epochs=1
}
END
# shellcheck disable=SC2046
stops 4 in_blocks train $(bound data)
says "step 1: equation \`r\` gave NaN at ["
says "    in_blocks.nn:6: r[a, a2, a3] = sqrt(h[a, a2, a3])"

# In a recurrence the first in time is named, not the first in the text: a is NaN from 2 on, b from 1 on.
model recurrence <<'END'
model recurrence {
    input  x[3]
    target t
    param p = 1
    a[i < 6] = p*b[i-1 else x[2]] - 1
    b[i < 6] = sqrt(a[i] + 0.6)
    loss mse(b[5], t)
    optimizer sgd(lr=0.01)
    train batch=4, epochs=1
}
END
# shellcheck disable=SC2046
stops 4 recurrence train $(bound data)
says "step 1: equation \`b\` gave NaN at [1] of sample 0"
model bad_schedule <<'END'
fn falling(steps) = sqrt(1 - step/steps)
model bad_schedule {
    input  x[3]
    target t
    y = x |> linear(1)
    loss mse(y[0], t)
    optimizer sgd(lr=0.01*falling(2))
    train batch=4, epochs=5
}
END
# shellcheck disable=SC2046
stops 4 bad_schedule train $(bound data)
says "step 4: equation \`linear_w_sgd\` gave NaN at [0, 0]"
says "    bad_schedule.nn:7, through optimizers.nn:"
says "    before it, equation \`number_1\` gave NaN"
says ": number_1 = 0.01*sqrt(1 - step/"

# What is meant raises no alarm: masks of -inf before a softmax, pads of -inf under a maximum, a best loss that starts at inf.
model meant <<'END'
fn best(g[..], w[..], lr) -> next {
    state least[..] = inf
    least' = min(least, abs(g))
    next = w - lr*g*where(least < inf, 1, 1)
}
model meant {
    input  x[3]
    target t
    p[i < 5, e < 4] = x[i % 3] * (e + 1)
    h = p |> self_attention(2, causal(5))
    s[i < 5, j < 5] = where(j <= i, h[i, 0]*h[j, 1], -inf)
    u = softmax(s)
    z[i] = u[i, 0]
    q[c < 1, i < 5, e < 4] = h[i, e]
    m = q |> maxpool2d(3, pad=1)
    loss mse(mean(m) + mean(z), t)
    optimizer best(lr=0.01)
    train batch=4, epochs=3
}
END
# shellcheck disable=SC2046
stops 0 meant train $(bound data)
silent "infinity|NaN"
model paths <<'END'
model paths {
    input  x[3]
    target t : class[3]
    h = x |> linear(28)
    y[i < 7, c < 4] = h[(i, c)]
    label[s < 2] = where(s == 0, t, (t + 1) % 3)
    loss ctc(log_softmax(y), label, blank=3)
    optimizer adam(lr=0.01)
    train batch=4, epochs=3
}
END
# shellcheck disable=SC2046
stops 0 paths train $(bound data)
silent "infinity|NaN"

# Test data are looked at too, and `test` as well.
# shellcheck disable=SC2046
stops 0 overflow train $(bound data) --epochs 0 --save "$WORK/overflow.safetensors"
# shellcheck disable=SC2046
stops 4 overflow test --weights "$WORK/overflow.safetensors" --test x="$WORK/data.csv:a,b,c" --test t="$WORK/data.csv:t"
says "test data: equation \`e\` gave an infinity at ["

# The emitted code compiles without a warning.
for name in $MODELS overflow recurrence meant paths; do
    file=$WORK/$name.nn
    [ -e "$file" ] || file=models/$name.nn
    for kernels in plain fast; do
        standard=-std=gnu11
        [ $kernels = plain ] && standard="-std=c11 -Wpedantic"
        try "nnc --trap --kernels=$kernels $name" "$NNC" --trap --kernels=$kernels "$file" -o "$WORK/strict.c"
        for compiler in gcc clang; do
            # shellcheck disable=SC2086
            try "$compiler $kernels $name" $compiler $standard $strict -O1 -Iruntime -c "$WORK/strict.c" -o "$WORK/strict.o"
        done
        try "double $kernels $name" gcc -std=gnu11 $strict -DNN_DOUBLE -O1 -Iruntime -c "$WORK/strict.c" -o "$WORK/strict.o"
    done
done
# Looking changes nothing: the same losses as without.
for option in "" --trap; do
    # shellcheck disable=SC2086
    try "nnc $option lenet" "$NNC" $option models/lenet.nn -o "$WORK/lenet$option.c"
    program "lenet$option" && "$WORK/lenet$option" train --data $SMALL --steps 12 2>"$WORK/said" | sed 's/  [0-9.]* s$//' >"$WORK/lenet$option.out"
done
if [ -s "$WORK/lenet.out" ]; then pass; else fail "lenet trains"; fi
try "the same losses with --trap" cmp "$WORK/lenet.out" "$WORK/lenet--trap.out"
for compiler in gcc clang g++ clang++; do
    printf '#include <nn_trap.h>\nint main() { return 0; }\n' >"$WORK/header.cpp"
    language=c++ standard=c++11
    case $compiler in gcc | clang) language=c standard=c11; printf '#include <nn_trap.h>\nint main(void) { return 0; }\n' >"$WORK/header.cpp" ;; esac
    # shellcheck disable=SC2086
    try "$compiler nn_trap.h" $compiler -x $language -std=$standard -Wpedantic $strict -Iruntime -c "$WORK/header.cpp" -o "$WORK/header.o"
done
finish

#!/bin/sh
# The command line of nnc: statuses, where results go, dependency files, imports, `nnc run`.
. "$(dirname "$0")/stage.sh"
case $NNC in /*) ;; *) NNC=$ROOT/$NNC ;; esac
cd "$WORK" || exit 2
WORK=.

# ends STATUS WHAT ARGUMENTS...: nnc ends with this status; what it prints is in out and said.
ends() {
    wanted=$1 what=$2
    shift 2
    timeout 60 "$NNC" "$@" >out 2>said </dev/null
    status=$?
    if [ "$status" = "$wanted" ]; then pass; else fail "$what: status $status, not $wanted"; fi
}
# says TEXT: it is in what the last call of `ends` printed.
says() {
    if cat out said | grep -qF -e "$1"; then pass; else fail "$what: does not say: $1"; fi
}
same() { try "$1" cmp "$2" "$3"; }

mkdir -p parts
cat >good.nn <<'END'
import "parts/mine.nn"
model good(width=3) {
    input  x[4]
    target t
    y = sum(i) h[i]
    h = x |> linear(width) |> mine
    output y
    loss   mse(y, t)
    optimizer sgd(lr=0.1)
    train  batch=8
}
END
printf 'import "../good.nn"\nimport "more.nn"\nimport "./more.nn"\nfn mine(x) = more(x) + 1\n' >parts/mine.nn
printf 'import "mine.nn"\nfn more(x) = 2*x\n' >parts/more.nn
printf 'model bad {\n    output = 1\n}\n' >bad.nn
cat >odd.nn <<'END'
model odd {
    input x[3]
    target t[3]
    param unused[3] = 1
    y = x |> linear(3)
    output y
    loss mse(y, t)
    optimizer sgd()
    train batch=2
}
END

ends 0 "--version" --version;           says "nnc "
ends 0 "--help" --help;                 says "--emit=PASS"; says "Exit status"; says "  gradient  "
ends 2 "no arguments";                  says "no model is given"
ends 2 "an unknown option" --chekc good.nn; says "did you mean \`--check\`?"
ends 2 "an unknown pass" --emit=kernel good.nn; says "did you mean \`kernels\`?"
ends 2 "a choice" --kernels=slow good.nn; says "fast, plain"
ends 2 "an unknown warning" -Wnonsense good.nn
ends 2 "two inputs" good.nn bad.nn
ends 2 "a define without value" -Dwidth good.nn
ends 2 "a define that is no number" -Dwidth=x good.nn
ends 2 "output over the model" good.nn -o good.nn
ends 2 "a value is missing" good.nn -o
ends 3 "a missing file" nothing.nn;     says "No such file"
ends 3 "a directory" parts
ends 1 "a bad model" bad.nn;            says "bad.nn:2:5: error:"
[ -e bad.c ] && fail "a bad model leaves a C file" || pass

ends 0 "-o" good.nn -o a.c
[ -s a.c ] && [ -s a.h ] && pass || fail "-o a.c writes a.c and a.h"
ends 0 "no -o" good.nn
[ -s good.c ] && [ -s good.h ] && pass || fail "without -o the names follow the input"
ends 0 "-o -" good.nn -o - --header=a.h
same "standard output has the C file" a.c out
"$NNC" - -o from_stdin.c <odd.nn >said 2>&1 && "$NNC" odd.nn -o from_file.c >said 2>&1
[ -s from_stdin.c ] && pass || fail "a model on standard input"
ends 0 "--header" good.nn -o b.c --header=c.h
[ -s c.h ] && [ ! -e b.h ] && grep -q '"c.h"' b.c && pass || fail "--header names the header"
ends 0 "--prefix" good.nn -o p.c --prefix=net
grep -q 'net_init(' p.h && ! grep -q 'good_init(' p.h && pass || fail "--prefix renames"
ends 0 "-D" good.nn -o d.c -Dwidth=5
cmp -s d.c a.c && fail "-D changes nothing" || pass
ends 0 "a model by its name" --model=good good.nn --check
ends 1 "no model of this name" --model=goo good.nn --check

echo old >keep.c
ends 1 "errors leave the old file" bad.nn -o keep.c
[ "$(cat keep.c)" = old ] && pass || fail "the old file is gone"
ends 3 "no such directory" good.nn -o nowhere/x.c
ends 3 "a full disk" good.nn -o /dev/full --header=full.h
[ -e full.h ] && fail "a failed run leaves a header" || pass
"$NNC" good.nn -o - >/dev/full 2>said
[ $? = 3 ] && pass || fail "a full standard output"
ln -s target.c link.c
ends 0 "a link" good.nn -o link.c
ends 0 "nothing to keep" good.nn -o /dev/null
[ -z "$(find . -name '*.c.??????' -o -name '*.h.??????')" ] && pass || fail "temporary files are left"

ends 0 "--check" odd.nn --check
[ -e odd.h ] && fail "--check writes" || pass
ends 0 "a warning" odd.nn -o odd.c;     says "[-Wunused]"
ends 1 "-Werror" odd.nn --check -Werror; says "[-Werror=unused]"
ends 0 "-Wno-unused" odd.nn --check -Werror -Wno-unused
ends 0 "-w" odd.nn --check -w -Werror
ends 1 "colors" bad.nn --color=always
grep -q "$(printf '\033')" said && pass || fail "--color=always has no colors"
ends 1 "no colors" bad.nn --color=never
grep -q "$(printf '\033')" said && fail "--color=never has colors" || pass

ends 0 "-M" -M good.nn
printf 'good.c good.h: good.nn \\\n parts/mine.nn \\\n parts/more.nn\n' >wanted
same "-M prints the rule" wanted out
ends 0 "-M with options" -M -MT x.o -MP -MF rule good.nn
printf 'x.o: good.nn \\\n parts/mine.nn \\\n parts/more.nn\n\nparts/mine.nn:\n\nparts/more.nn:\n' >wanted
same "-MT, -MP and -MF" wanted rule
ends 0 "-MD" -MD good.nn -o e.c
[ -s e.c ] && grep -q '^e.c e.h: good.nn' e.d && pass || fail "-MD writes the rule beside the C file"

for pass in $("$NNC" --help | sed -n '/^Passes/,/^$/s/^    \([a-z]*\) .*/\1/p'); do
    ends 0 "--emit=$pass" --emit="$pass" --check-passes good.nn
    [ -s out ] && pass || fail "--emit=$pass prints nothing"
    cp out "$pass.out"
done
cp gradient.out gradient.nn
ends 0 "the gradient compiles again" gradient.nn --check
ends 0 "--report" good.nn --report;     says "linear"
ends 0 "--report=json" good.nn --report=json
ends 0 "--time" good.nn --check --time; says " ms"

export XDG_CACHE_HOME="$PWD/cache"
mkdir -p cache
ends 0 "nnc run" run good.nn -- info;   says "good"
ls -li cache/nnc >first
ends 0 "nnc run, the second time" run good.nn -- info; says "good"
ls -li cache/nnc >second
same "the second run builds nothing" first second
CC=false
export CC
ends 4 "nnc run without a compiler" run good.nn -- info
finish

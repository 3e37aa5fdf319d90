#!/bin/sh
# Mutates models and gives them to the compiler built with sanitizers, for $SECONDS_TO_FUZZ seconds (60). Any end other
# than "good" (0), "the model has errors" (1) and "no such import" (3), a report of a sanitizer, and more than ten seconds are failures, and so is C
# that does not compile. The mutated files of failures stay in build/stages/fuzz.
. "$(dirname "$0")/stage.sh"
NNC=${CHECKED_NNC:-build/sanitize/nnc}
end=$(($(date +%s) + ${SECONDS_TO_FUZZ:-60}))
seeds=$(ls models/*.nn compiler/library/*.nn examples/*/*.nn tests/errors/*.nn 2>/dev/null)
round=${FIRST_ROUND:-1}
while [ "$(date +%s)" -lt $end ]; do
    for seed in $seeds; do
        # A line is dropped, doubled, cut, or swapped with another; a token of one line moves into another.
        awk -v seed="$round" 'BEGIN { srand(seed) }
            { line[NR] = $0 }
            END {
                for (m = 0; m < 1 + seed % 3; m++) {
                    a = 1 + int(rand()*NR); b = 1 + int(rand()*NR); kind = int(rand()*6)
                    if (kind == 0) line[a] = ""
                    else if (kind == 1) line[a] = line[a] "\n" line[b]
                    else if (kind == 2) line[a] = substr(line[a], 1, int(rand()*length(line[a])))
                    else if (kind == 3) { t = line[a]; line[a] = line[b]; line[b] = t }
                    else if (kind == 4) { n = split(line[b], w, /[ (),\[\]]+/); p = int(rand()*length(line[a])); line[a] = substr(line[a], 1, p) w[1 + int(rand()*n)] substr(line[a], p + 1) }
                    else { p = 1 + int(rand()*length(line[a])); line[a] = substr(line[a], 1, p - 1) substr("0123456789-+*/^%()[]{}<>=,.|_;\047", 1 + int(rand()*31), 1) substr(line[a], p + 1) }
                }
                for (i = 1; i <= NR; i++) print line[i]
            }' "$seed" >"$WORK/fuzz.nn"
        timeout 10 "$NNC" --check-passes "$WORK/fuzz.nn" -o "$WORK/fuzz.c" >"$WORK/said" 2>&1
        status=$?
        if { [ $status -gt 1 ] && [ $status != 3 ]; } || { [ $status = 1 ] && grep -q 'runtime error\|AddressSanitizer\|internal error' "$WORK/said"; }; then
            cp "$WORK/fuzz.nn" "$WORK/failure-$round-$(basename "$seed")"
            fail "$seed, round $round: ended with $status"
        elif [ $status = 0 ] && ! $CC -std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Werror -fsyntax-only -Iruntime "$WORK/fuzz.c" >"$WORK/said" 2>&1; then
            cp "$WORK/fuzz.nn" "$WORK/failure-$round-$(basename "$seed")"
            fail "$seed, round $round: the C does not compile"
        else
            pass
        fi
        [ "$(date +%s)" -lt $end ] || break
    done
    round=$((round + 1))
done
finish

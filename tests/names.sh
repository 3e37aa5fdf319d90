#!/bin/sh
# The C of the compiler and of the runtime names no layer, loss, optimizer or other definition of the library.
#
# The names come from the library itself: every `fn NAME`. A row of the operator table (sigmoid, tanh ...) is a scalar
# operator and may be named. Short names and plain English words (`norm`, `steps`) prove nothing when they occur in a
# comment, so comments are removed, and the name must stand as a whole word in code or in a string.
. "$(dirname "$0")/stage.sh"
operators=$(sed -n 's/^OP([A-Z0-9]*, *"\([a-z0-9]*\)".*/\1/p' compiler/equations/operators.def)
# Library names that are also words of C or of the compiler's own subject.
words="between distance identity normal one precision r2 relative root split steps top uniform windows"
find compiler runtime -name '*.[chly]' | sort | while read -r file; do
    gcc -fpreprocessed -dD -E -P -x c "$file" 2>/dev/null | sed "s|^|$file: |"
done >"$WORK/code"
for name in $(sed -n 's/^ *fn  *\([a-z_][a-z0-9_]*\) *[(=].*/\1/p' compiler/library/*.nn | sort -u); do
    case " $(echo $operators) $words " in *" $name "*) continue ;; esac
    if grep -w -- "$name" "$WORK/code" | grep -v 'operators\.def' >"$WORK/said"; then fail "the C names $name"; else pass; fi
done
rm -f "$WORK/said"
[ "$passed" -gt 0 ] || fail "the library has no definitions"
finish

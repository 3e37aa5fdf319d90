#!/bin/sh
# The examples of the documentation.
#
#     ```nn         the file compiles                       ```nn error    it does not, and a ```text block that follows
#     ```c, ```sh   not run here                                           holds exactly what the compiler says
#
# tests/docs.sh renew writes the compiler's words into those blocks, and docs/library.md from the library and its tests.
# The commands of the README are run at the end.
. "$(dirname "$0")/stage.sh"
mode=${1:-compare}

awk -f compiler/library/page.awk tests/library/*.txt compiler/library/missing.md compiler/library/*.nn >"$WORK/library.md"
if [ "$mode" = renew ]; then cmp -s "$WORK/library.md" docs/library.md || { cp "$WORK/library.md" docs/library.md && echo "renewed docs/library.md"; }
else try "docs/library.md is the library: make renew" cmp "$WORK/library.md" docs/library.md
fi

for page in README.md docs/*.md; do
    name=$(basename "$page" .md)
    # Block k becomes NAME-k.nn, its words NAME-k.text; the list says which kind each is.
    awk -v base="$WORK/$name" -v list="$WORK/$name.list" '
        /^```/ && !inside {
            inside = 1; file = ""
            if ($0 == "```nn" || $0 == "```nn error") { file = base "-" ++k ".nn"; print k, $2 ? "error" : "good", NR > list; printf "" > file; last = $2 }
            else if ($0 == "```text" && last == "error" && ended == NR - 1) { file = base "-" k ".text"; printf "" > file }
            next
        }
        /^```/ { inside = 0; ended = NR; if (file) close(file); next }
        inside && file { print > file }' "$page"
    [ -e "$WORK/$name.list" ] || continue
    while read -r number kind line; do
        cp "$WORK/$name-$number.nn" "$WORK/example.nn"
        (cd "$WORK" && "$NNC" --check --color=never example.nn) >"$WORK/said" 2>&1
        status=$?
        expected=$WORK/$name-$number.text
        if [ $kind = good ]; then
            if [ $status = 0 ] && [ ! -s "$WORK/said" ]; then pass; else fail "$page:$line: the example does not compile"; fi
        elif [ $status != 1 ]; then fail "$page:$line: the example should have errors"
        elif [ ! -e "$expected" ] || cmp -s "$WORK/said" "$expected"; then pass
        elif [ "$mode" = renew ]; then cp "$WORK/said" "$expected.new"
        else diff "$expected" "$WORK/said" >"$WORK/difference"; mv "$WORK/difference" "$WORK/said"; fail "$page:$line: the compiler says something else"
        fi
    done <"$WORK/$name.list"
    if [ "$mode" = renew ]; then
        awk -v base="$WORK/$name" '
            /^```/ && !inside {
                inside = 1; skip = 0; print
                if ($0 == "```nn" || $0 == "```nn error") { k++; last = $2 }
                else if ($0 == "```text" && last == "error" && ended == NR - 1) {
                    new = base "-" k ".text.new"
                    if ((getline words < new) > 0) { skip = 1; do print words; while ((getline words < new) > 0) }
                }
                next
            }
            /^```/ { inside = 0; ended = NR; skip = 0; print; next }
            !skip' "$page" >"$WORK/page"
        cmp -s "$WORK/page" "$page" || { cp "$WORK/page" "$page" && echo "renewed $page"; }
    fi
done
[ "$mode" = renew ] && exit

# The README's commands, as they stand there, from a directory of their own with nnc in the path.
mkdir -p "$WORK/readme"
awk '/^```sh test$/ { inside = 1; next } /^```/ { inside = 0 } inside { sub(/^\$ /, ""); print }' README.md >"$WORK/readme.sh"
if [ -s "$WORK/readme.sh" ]; then
    make -s install BUILD="$BUILD" PREFIX="$WORK/prefix" >"$WORK/said" 2>&1 || fail "make install"
    (cd "$WORK/readme" && ln -s "$ROOT/models" models &&
        C_INCLUDE_PATH="$WORK/prefix/include" LIBRARY_PATH="$WORK/prefix/lib" PATH="$WORK/prefix/bin:$PATH" XDG_CACHE_HOME="$WORK/cache" \
        sh -e ../readme.sh) >"$WORK/said" 2>&1
    if [ $? = 0 ]; then pass; else fail "the README's commands"; fi
else
    fail "the README has no commands"
fi
finish

# Prints docs/library.md: awk -f page.awk tests/library/*.txt compiler/library/missing.md compiler/library/*.nn
#
# A definition is a row: its signature, the comment right above it, PyTorch's name (what stands after the comment's last
# sentence), and the cases of tests/library that test it, or else those of others whose call names it. A file's first
# comment opens its section; "# ---- x ----" is a heading within it, a comment by itself a remark. missing.md, what PyTorch
# has and the library has not, is written by hand and comes last. A section whose picture lies in docs begins with it.
#
#     # Between 0 and 6. F.relu6
#     fn relu6(x) = min(6, max(0, x))     ->     | `relu6(x)` | Between 0 and 6. | F.relu6 | 3 |

function cell(text) { gsub(/\|/, "\\|", text); return text }

# A star of a comment is no Markdown, outside of its `code`.
function prose(text,    parts, n, i, out) {
    n = split(text, parts, "`")
    for (i = 1; i <= n; i++) {
        if (i % 2) gsub(/[*<]/, "\\\\&", parts[i])
        out = out (i > 1 ? "`" : "") parts[i]
    }
    return cell(out)
}

function link(count, area, before) { return count ? (before ? " + " : "") "[" count "](../tests/library/" area ".py)" : "" }

function add(line) { rows = rows line "\n" }

function close_table() { if (in_table) add(""); in_table = 0 }

# The definition that `signature` has collected: up to the "=" or "{" outside of its brackets.
function define(    i, c, depth, at, text, name, called, kept, tested) {
    for (i = 1; i <= length(signature); i++) {
        c = substr(signature, i, 1)
        if (c == "(" || c == "[") depth++
        if (c == ")" || c == "]") depth--
        if (depth == 0 && (c == "=" || c == "{")) break
    }
    if (i > length(signature)) return 0
    text = substr(signature, 4, i - 4)
    gsub(/ +/, " ", text); sub(/ $/, "", text)
    name = text
    sub(/[^a-z0-9_].*/, "", name)
    kept = comment
    if (kept !~ /\.$/) {                                # then PyTorch's name stands after the last sentence
        for (at = length(kept); at > 1 && substr(kept, at - 1, 2) != ". " && substr(kept, at - 2, 3) != ".) "; at--) { }
        called = substr(kept, at + 1)
        kept = substr(kept, 1, at - 1)
    }
    for (i = 1; i <= n_areas; i++) tested = tested link(cases[areas[i], name], areas[i], tested)
    if (!tested && called ~ /sklearn/) tested = "[its own](../tests/survey/survey.c)"
    if (!tested) {
        for (i = 1; i <= n_areas; i++) tested = tested link(named[areas[i], name], areas[i], tested)
        tested = tested ? tested " of others" : "part of others"
    }
    n_definitions++
    if (!in_table) add("| definition | what it gives | PyTorch's name | cases |\n|---|---|---|---|")
    in_table = 1
    add("| `" cell(text) "` | " prose(kept) " | " prose(called) " | " tested " |")
    return 1
}

FNR == 1 { file = FILENAME; sub(/^.*\//, "", file) }

file ~ /\.txt$/ {
    if (FNR == 1) { sub(/\.txt$/, "", file); areas[++n_areas] = file; file = file ".txt" }
    if ($1 != "case") next
    name = $2
    sub(/_[0-9]+$/, "", name)
    cases[areas[n_areas], name]++
    n_cases++
    n = split(substr($0, length($1 $2 $3 $4) + 5), words, /[^a-z0-9_]+/)
    for (i = 1; i <= n; i++) if (words[i] != name) named[areas[n_areas], words[i]]++
    next
}
file ~ /\.md$/ { missing = missing $0 "\n"; next }

FNR == 1 {
    close_table()
    title = toupper(substr(file, 1, 1)) substr(file, 2)
    sub(/\.nn$/, "", title)
    n_files++
    contents = contents (n_files > 1 ? " · " : "") "[" tolower(title) "](#" tolower(title) ")"
    add("## " title "\n")
    picture = "docs/" tolower(title) ".svg"             # drawn by a script of tests/curves, where there is one
    if ((getline text < picture) > 0) add("![" title " beside PyTorch](" tolower(title) ".svg)\n")
    comment = signature = ""
}
signature != "" { signature = signature " " $0; if (define()) signature = comment = ""; next }
/^# ---- / {                                            # or "# ---- x: y ----", where y is said below it
    close_table()
    text = $0
    gsub(/^# -+ | -+$/, "", text)
    comment = text ~ /: / ? substr(text, index(text, ": ") + 2) "." : ""
    if (comment ~ /^[a-z][a-z]/) comment = toupper(substr(comment, 1, 1)) substr(comment, 2)
    sub(/: .*/, "", text)
    add("### " toupper(substr(text, 1, 1)) substr(text, 2) "\n")
    if (comment != "") add(prose(comment) "\n")
    comment = ""
    next
}
/^#/ { text = $0; sub(/^# */, "", text); comment = comment (comment == "" ? "" : " ") text; next }
/^fn / { signature = $0; if (define()) signature = comment = ""; next }
/^$/ { if (comment != "") { close_table(); add(prose(comment) "\n") } comment = ""; next }

END {
    close_table()
    print "# The library\n"
    print "Written by compiler/library/page.awk from [compiler/library](../compiler/library) and [tests/library](../tests/library)."
    printf "%d definitions; %d cases compare them with PyTorch in double and in float. What has no case of its own is named by cases of others, or is a part of others.\n\n", n_definitions, n_cases
    print "Contents: " contents " · [missing](#missing)\n"
    printf "%s%s", rows, missing
}

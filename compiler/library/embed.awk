# Prints the C file that carries the library: awk -f embed.awk layers.nn losses.nn ... > library.c
#
#     fn relu(x) = max(0, x)     ->     static const char *const file_1[] = { "fn relu(x) = max(0, x)\n", 0 };
#                                       const LibraryFile library_files[] = { {"library/activations.nn", file_1}, {0, 0} };

BEGIN { print "#include \"library/library.h\"" }

FNR == 1 {
    if (files) print "    0\n};"
    files++
    name = FILENAME
    sub(/^.*\//, "", name)
    names[files] = name
    printf "\nstatic const char *const file_%d[] = {\n", files
}

{
    if (length($0) > 4000) {
        printf "%s:%d: the line is too long to embed\n", FILENAME, FNR > "/dev/stderr"
        exit failed = 1
    }
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    gsub(/\t/, "\\t")
    printf "    \"%s\\n\",\n", $0
}

END {
    if (failed) exit 1
    if (files) print "    0\n};"
    print "\nconst LibraryFile library_files[] = {"
    for (i = 1; i <= files; i++) printf "    {\"library/%s\", file_%d},\n", names[i], i
    print "    {0, 0}\n};"
}

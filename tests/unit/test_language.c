/* The front end: spans, diagnostics as they are printed, trees of good text, messages for bad text, and thousands of
 * damaged programs that must be read without a crash. */
#include "../../compiler/language/files.h"
#include "../../compiler/library/library.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static void setup(void)
{
    diagnostics_reset();
}

static void teardown(void)
{
    diagnostics_reset();
    memory_release();
}

static Source *source(const char *bytes)
{
    return source_of_text("t.nn", bytes, strlen(bytes), false);
}

/* What diagnostics_print writes. */
static const char *printed(void)
{
    char *buffer = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&buffer, &length);
    diagnostics_print(file);
    fclose(file);
    const char *result = name_of(buffer);
    free(buffer);
    return result;
}

static const char *tree_of(const char *bytes)
{
    Writer w = {0};
    put_text(&w, "");
    tree_print(&w, parse(source(bytes)));
    return w.text;
}

/* The tree of one expression. */
static const char *expression(const char *bytes)
{
    Tree *file = parse(source(text("fn f(x) = %s\n", bytes)));
    if (error_count() || file->n != 1)
        return printed();
    Writer w = {0};
    tree_print(&w, file->child[0]->child[2]);
    w.text[w.length - 1] = 0;
    return w.text;
}

/* The diagnostics of text, which must have some. */
static const char *complaints(const char *bytes)
{
    diagnostics_reset();
    parse(source(bytes));
    ck_assert_msg(error_count() > 0, "no error in %s", bytes);
    return printed();
}

static void assert_complaint(const char *bytes, const char *part)
{
    const char *all = complaints(bytes);
    ck_assert_msg(strstr(all, part) != NULL, "expected `%s` for\n%s\nbut there is\n%s", part, bytes, all);
}

static int count(const char *all, const char *part)
{
    int n = 0;
    for (const char *p = all; (p = strstr(p, part)); p += strlen(part))
        n++;
    return n;
}

/* ---- spans and names ---- */

START_TEST(spans_count_lines_and_columns)
{
    Source *s = source("ab\n  cd\n");
    Span cd = {s, 5, 7}, end = {s, 8, 8};
    ck_assert_int_eq(span_line(cd), 2);
    ck_assert_int_eq(span_column(cd), 3);
    ck_assert_str_eq(span_text(cd), "cd");
    ck_assert_int_eq(span_line(end), 3);
    ck_assert_int_eq(span_column(end), 1);
    Span both = span_join((Span){s, 0, 2}, cd);
    ck_assert_str_eq(span_text(both), "ab\n  cd");
    ck_assert_int_eq(span_line((Span){0}), 0);
}
END_TEST

START_TEST(interned_names_are_one_pointer)
{
    char bytes[] = "alpha";
    const char *first = name_of(bytes);
    for (int i = 0; i < 5000; i++)
        name_of(text("n%d", i));
    ck_assert_ptr_eq(first, intern("alphabet", 5));
    ck_assert_ptr_ne(first, name_of("alph"));
    ck_assert_str_eq(name_of("n4999"), "n4999");
}
END_TEST

START_TEST(lists_and_writers_grow)
{
    LIST(int) list = {0};
    for (int i = 0; i < 1000; i++)
        PUSH(list, i);
    ck_assert_int_eq(list.n, 1000);
    ck_assert_int_eq(list.at[999], 999);
    Writer w = {0};
    for (int i = 0; i < 1000; i++)
        put(&w, "%d,", i);
    put(&w, "%0500d", 7);
    ck_assert_uint_eq(w.length, 10 * 2 + 90 * 3 + 900 * 4 + 500);
    ck_assert_uint_eq(strlen(w.text), w.length);
}
END_TEST

START_TEST(misspelt_names_find_one_candidate)
{
    const char *const names[] = {"linear", "conv2d", "relu", "gelu", "adam", "adamw"};
    ck_assert_str_eq(closest_name("linaer", names, 6), "linear");
    ck_assert_str_eq(closest_name("conv2", names, 6), "conv2d");
    ck_assert_ptr_null(closest_name("xelu", names, 6));             /* relu or gelu? */
    ck_assert_ptr_null(closest_name("softmax", names, 6));
    ck_assert_ptr_null(closest_name("a", names, 6));
}
END_TEST

/* ---- diagnostics ---- */

START_TEST(a_diagnostic_shows_its_place)
{
    Source *s = source("x[10]\ny[i] = x[i+1] - x[i]\n");
    Diagnostic *d = error_at(((Span){s, 13, 19}), "x[i+1] reaches %d, and x has %d", 10, 10);
    note(d, (Span){s, 0, 5}, "x is declared here: [10]");
    help(d, "bound the index, or write x[i+1 else 0]");
    ck_assert_str_eq(printed(),
        "t.nn:2:8: error: x[i+1] reaches 10, and x has 10\n"
        "    2 | y[i] = x[i+1] - x[i]\n"
        "      |        ^~~~~~\n"
        "t.nn:1:1: note: x is declared here: [10]\n"
        "help: bound the index, or write x[i+1 else 0]\n");
    ck_assert_int_eq(error_count(), 1);
}
END_TEST

START_TEST(diagnostics_come_in_order_of_place_and_once)
{
    Source *s = source("one two three");
    error_at(((Span){s, 8, 13}), "third");
    error_at(((Span){s, 0, 3}), "first");
    error_at(((Span){s, 8, 13}), "third");
    error_at(((Span){0}), "no place");
    const char *all = printed();
    ck_assert(strstr(all, "nnc: error: no place") == all);
    ck_assert(strstr(all, "first") < strstr(all, "third"));
    ck_assert_int_eq(count(all, "third"), 1);
    ck_assert_str_eq(printed(), "");
}
END_TEST

START_TEST(warnings_have_switches)
{
    Span at = {source("abc"), 0, 3};
    report(SEVERITY_WARNING, "unused", at, "one");
    ck_assert_str_eq(printed(), "t.nn:1:1: warning: one [-Wunused]\n    1 | abc\n      | ^~~\n");
    ck_assert_int_eq(error_count(), 0);
    ck_assert(warning_configure("unused", false));
    help(report(SEVERITY_WARNING, "unused", at, "two"), "nobody sees this");
    ck_assert_str_eq(printed(), "");
    ck_assert(warning_configure("all", true));
    diagnostics_configure(false, true);
    report(SEVERITY_WARNING, "unused", at, "three");
    ck_assert(strstr(printed(), "error: three [-Werror=unused]"));
    ck_assert_int_eq(error_count(), 1);
    ck_assert(!warning_configure("nonsense", true));
}
END_TEST

START_TEST(library_text_is_reported_at_the_users_place)
{
    Source *library = source_of_text("library/l.nn", "fn f(x) = x[1]\n", 15, true);
    Source *mine = source("y = f(x)\n");
    Origin call = {{mine, 4, 8}, NULL}, inner = {{library, 10, 14}, &call};
    error_from(&inner, "wrong");
    ck_assert_str_eq(printed(),
        "t.nn:1:5: error: wrong\n"
        "    1 | y = f(x)\n"
        "      |     ^~~~\n"
        "library/l.nn:1:11: note: in this text of the library\n");
}
END_TEST

START_TEST(long_lines_and_control_characters_are_tamed)
{
    char *line = text("%0400d\033[31m", 0);
    Source *s = source(line);
    error_at(((Span){s, 300, 303}), "here");
    const char *all = printed();
    ck_assert(strlen(all) < 400);
    ck_assert(strstr(all, "...000"));
    error_at(((Span){s, 398, 402}), "there");
    all = printed();
    ck_assert(!strchr(all, 033));
    ck_assert(strstr(all, "?[31m"));
}
END_TEST

START_TEST(many_errors_are_cut)
{
    Source *s = source("x");
    for (int i = 0; i < 5000; i++)
        error_at(((Span){s, 0, 1}), "number %d", i);
    const char *all = printed();
    ck_assert_int_eq(count(all, "error:"), 40);
    ck_assert(strstr(all, "and 4960 more"));
}
END_TEST

/* ---- trees ---- */

START_TEST(expressions_follow_precedence)
{
    static const struct { const char *written, *tree; } rows[] = {
        {"a + b*c", "(+ a (* b c))"},
        {"a - b - c", "(- (- a b) c)"},
        {"-a + b", "(+ (- a) b)"},
        {"-a^2", "(- (^ a 2))"},
        {"a^b^c", "(^ a (^ b c))"},
        {"a^-b", "(^ a (- b))"},
        {"a // b % c / d", "(/ (% (// a b) c) d)"},
        {"sum(i) a[i] * b[i] + c", "(+ (sum (i) (* (read a i) (read b i))) c)"},
        {"a * sum(i) b[i] * c", "(* a (sum (i) (* (read b i) c)))"},
        {"sum(i, 0 <= j < n, ..) a[i]", "(sum (i (< (<= 0 j) n) ..) (read a i))"},
        {"sum(a) - 1", "(- (call sum a) 1)"},
        {"a < b <= c", "(<= (< a b) c)"},
        {"not a and b or c", "(or (and (not a) b) c)"},
        {"a |> f |> g(1, k=2)", "(pipe (pipe a (call f)) (call g 1 (named k 2)))"},
        {"a |> repeat(3) f(b) |> sum", "(pipe (pipe a (repeat 3 (call f b))) (call sum))"},
        {"x[i+1, (h, (d, e)), .., _ else -inf]", "(read x (+ i 1) (group h (group d e)) .. _ else (- inf))"},
        {"x[(..)]", "(read x (group ..))"},
        {"f(_, k=_)", "(call f _ (named k _))"},
        {"1.5e-3 * 2", "(* 1.5e-3 2)"},
        {"random()", "(call random)"},
        {"m' + s'", "(+ m' s')"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(expression(rows[i].written), rows[i].tree);
}
END_TEST

START_TEST(chains_differ_from_parentheses)
{
    Tree *chain = parse(source("fn f(x) = a < b < c\n"))->child[0]->child[2];
    Tree *truth = parse(source("fn f(x) = (a < b) < c\n"))->child[0]->child[2];
    ck_assert(!chain->child[0]->closed);
    ck_assert(truth->child[0]->closed);
}
END_TEST

START_TEST(statements_become_trees)
{
    ck_assert_str_eq(tree_of(
        "import \"other.nn\"\n"
        "fn g(x[.., C], k=1) -> y[.., C//2], z {\n"
        "    param w[C] = uniform(1), b = 0; state s[..] = 0 each epoch\n"
        "    y[i // 2 else drop] += x[i]\n"
        "    s' = s\n"
        "    p, q = f(x) }\n"
        "model m(n=3) {\n"
        "    input image[1, 28] : byte = \"a\\\"b.gz\", \"c\"\n"
        "    target digit : class[10], box[4]\n"
        "    output image; output y = image\n"
        "    loss l = mse(image, digit)\n"
        "    metric accuracy(image)\n"
        "    optimizer adam(lr=0.1)\n"
        "    update *.b, enc.*[R, C] = g\n"
        "    average * = a\n"
        "    watch p, q\n"
        "    train batch=64, epochs=10\n"
        "}\n"),
        "(import \"other.nn\")\n"
        "(fn g ((declare x (.. C)) (declare k () 1)) ((declare y (.. (// C 2))) (declare z ()))\n"
        "    (param (declare w (C) (call uniform 1)) (declare b () 0))\n"
        "    (state epoch (declare s (..) 0))\n"
        "    (+= (read y (// i 2) else drop) (read x i))\n"
        "    (= s' s)\n"
        "    (= p q (call f x)))\n"
        "(model m ((declare n () 3))\n"
        "    (input image (1 28) (declare byte ()) (\"a\\\"b.gz\" \"c\"))\n"
        "    (target digit () (declare class (10)) ())\n"
        "    (target box (4) () ())\n"
        "    (output image)\n"
        "    (output y image)\n"
        "    (loss l (call mse image digit))\n"
        "    (metric (call accuracy image))\n"
        "    (optimizer (call adam (named lr 0.1)))\n"
        "    (update (selector *.b ()) (selector enc.* (R C)) g)\n"
        "    (average (selector * ()) a)\n"
        "    (watch p q)\n"
        "    (train (named batch 64) (named epochs 10)))\n");
    ck_assert_int_eq(error_count(), 0);
}
END_TEST

START_TEST(newlines_end_statements)
{
    ck_assert_str_eq(tree_of(
        "fn f(a,\n  b) ->\n  y {\n"
        "    y = a +\n"
        "        b            # a comment\n"
        "\n"
        "      - c\n"
        "    z = a\n"
        "      |> f(1,\n"
        "           2); ; u = 1\r\n"
        "}\n\n;fn g() = 1"),
        "(fn f ((declare a ()) (declare b ())) ((declare y ()))\n"
        "    (= y (- (+ a b) c))\n"
        "    (= z (pipe a (call f 1 2)))\n"
        "    (= u 1))\n"
        "(fn g () () 1)\n");
    ck_assert_int_eq(error_count(), 0);
    ck_assert_str_eq(tree_of(""), "");
    ck_assert_str_eq(tree_of("# nothing"), "");
}
END_TEST

START_TEST(numbers_are_exact)
{
    Tree *integer = parse(source("fn f(x) = 9007199254740992\n"))->child[0]->child[2];
    ck_assert(integer->integer);
    ck_assert(integer->number == 9007199254740992.0);
    Tree *real = parse(source("fn f(x) = 2.5e1\n"))->child[0]->child[2];
    ck_assert(!real->integer);
    ck_assert(real->number == 25);
}
END_TEST

START_TEST(spans_of_trees_cover_their_text)
{
    const char *bytes = "fn f(x) = a*(b + c) - g(d)\n";
    Tree *difference = parse(source(bytes))->child[0]->child[2];
    ck_assert_str_eq(span_text(difference->span), "a*(b + c) - g(d)");
    ck_assert_str_eq(span_text(difference->child[0]->span), "a*(b + c)");
    ck_assert_str_eq(span_text(difference->child[1]->span), "g(d)");
}
END_TEST

START_TEST(the_library_parses)
{
    Files files = {0};
    files_load_library(&files);
    const char *all = printed();
    ck_assert_msg(error_count() == 0, "%s", all);
    ck_assert_int_eq(files.trees.n, files.library);
}
END_TEST

/* ---- messages ---- */

START_TEST(messages_say_what_is_wrong)
{
    static const struct { const char *written, *part; } rows[] = {
        {"fn f(x) = 2 * * x\n", "1:15: error: expected an expression before `*`"},
        {"fn f(x) = \n", "expected an expression before the end of the line"},
        {"fn f(x) = a * -b\n", "help: put the negated term into parentheses: a * (-b)"},
        {"fn f(x) = g(a, b[1)\n", "expected `]` before `)`\n"},
        {"fn f(x) = g(a, b[1)\n", "1:17: note: the `[` was opened here"},
        {"fn f(x) = g(a\nfn h(x) = 1\n", "1:14: error: expected `)` before the end of the line"},
        {"fn f(x) = a b\n", "expected an operator or the end of the line before `b`"},
        {"fn f(x) = a)\n", "this `)` closes nothing"},
        {"fn f(x) { }\n", "help: a definition with a block names its results: fn f(x) -> y { ... }"},
        {"fn f(x) = g(x)[1]\n", "help: only a name has subscripts"},
        {"bogus\n", "expected `fn`, `model` or `import` before `bogus`"},
        {"modle m { }\n", "help: did you mean `model`?"},
        {"def f(x) = x\n", "help: did you mean `fn`?"},
        {"model m {\n inptu x[3]\n}\n", "2:2: error: `inptu` begins no statement"},
        {"model m {\n optimiser adam()\n}\n", "help: did you mean `optimizer`?"},
        {"model m {\n relu(x)\n}\n", "help: an expression alone is no statement: give its value a name"},
        {"model m {\n x == 1\n}\n", "help: an equation is written with one `=`"},
        {"model m {\n loss = 1\n}\n", "error: `loss` is a word of the language, and cannot be a name"},
        {"model m {\n param max[3] = 1\n}\n", "help: `max` is a word of the language, and cannot be a name"},
        {"model m {\n sum = 1\n}\n", "help: `sum` is a word of the language, and cannot be a name"},
        {"model m {\n x = 1\nfn f(x) = x\n", "2:7: error: expected `}` before the next definition"},
        {"model m {\n x = 1\n", "expected `}` before the end of the file"},
        {"fn f(x) = x }\n", "this `}` closes nothing"},
        {"fn f(x) = a && b\n", "help: write `and`"},
        {"fn f(x) = a \xe2\x89\xa4 b\n", "help: write `<=`"},
        {"fn f(x) = \xff\n", "all text is ASCII"},
        {"fn f(x) = \x01\n", "a control character (byte 0x01)"},
        {"fn f(x) = $\n", "`$` means nothing here"},
        {"fn f(x) = 12abc\n", "`12abc` is neither a number nor a name"},
        {"fn f(x) = .5\n", "help: write 0.5"},
        {"fn f(x) = 99999999999999999999\n", "the integer 99999999999999999999 is too large"},
        {"fn f(x) = 1e999\n", "too large for a real"},
        {"fn f(x) = 1e-999\n", "too small for a real"},
        {"import \"abc\n", "this string has no closing quote on its line"},
        {"import \"a\\n\"\n", "a string knows the escapes"},
        {"fn f(x) = \"abc\"\n", "expected an expression before `\"abc\"`"},
        {"fn f(x) = _ + 1\n", "`_` stands in the brackets of a tensor and as an argument only"},
        {"fn f(x) = (a, b)\n", "a group such as (i, j) stands in the brackets of a tensor only"},
        {"fn f(x) = sum(..)\n", "`..` stands in brackets and as an index of a reduction only"},
        {"fn f(x) = sum(x^2) z\n", "a reduction binds indices"},
        {"fn f(x) = g(a=1, 2)\n", "arguments without a name come first"},
        {"fn f(x) = g(a=1, a=2)\n", "the argument `a` is given twice"},
        {"fn f(x, x) = x\n", "the parameter `x` is given twice"},
        {"fn f(x') = x\n", "a new name has no quote"},
        {"model m {\n y[i else 0] = x\n}\n", "only `+=` may drop terms"},
        {"model m {\n y[i else 0] += x\n}\n", "help: write `else drop`"},
        {"model m {\n state s = 0 each year\n}\n", "not `each year`"},
        {"model m {\n input x = \"a\", \"b\", \"c\"\n}\n", "two files at most"},
        {"model m {\n input x, \"a\"\n}\n", "help: write x = \"a\""},
        {"model m {\n train batch=1, batch=2\n}\n", "the setting `batch` is given twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_complaint(rows[i].written, rows[i].part);
}
END_TEST

START_TEST(one_run_finds_several_errors)
{
    const char *all = complaints("fn f(x) = x x\nmodel m {\n a = (1\n b = 2\n c = ]\n}\nbogus b {\n a = 1\n}\nfn g(x) = ^\n");
    ck_assert_int_eq(count(all, "error:"), 5);
}
END_TEST

START_TEST(what_could_be_read_is_given)
{
    ck_assert_str_eq(tree_of("model m {\n a = = 1\n b = 2\n}\nfn f(x) = x\n"),
                     "(model m ()\n    bad\n    (= b 2))\n(fn f ((declare x ())) () x)\n");
}
END_TEST

static char *repeated(const char *before, const char *piece, int n, const char *after)
{
    Writer w = {0};
    put_text(&w, before);
    for (int i = 0; i < n; i++)
        put_text(&w, piece);
    put_text(&w, after);
    return w.text;
}

START_TEST(depth_and_size_have_limits)
{
    assert_complaint(repeated("fn f(x) = ", "(", 100000, "x\n"), "brackets are nested more than 250 deep");
    assert_complaint(repeated("fn f(x) = ", "g[", 100000, "x\n"), "brackets are nested more than 250 deep");
    assert_complaint(repeated("fn f(x) = x", "+x", 100000, "\n"), "nested more than 500 levels deep");
    assert_complaint(repeated("fn f(x) = x", "^x", 100000, "\n"), "this is nested too deeply");
    assert_complaint(repeated("fn f(x) = ", "not ", 100000, "x\n"), "this is nested too deeply");
    assert_complaint(repeated("fn f(x) = ", "a", 100000, "\n"), "a name has 200 letters at most");
    assert_complaint(repeated("", "x x\n", 100000, "\n"), "expected `fn`");
    Source *zeros = source_of_text("t.nn", "fn f(x) = \0\0\0", 13, false);
    diagnostics_reset();
    parse(zeros);
    ck_assert(strstr(printed(), "byte 0x00"));
    diagnostics_reset();
    parse(source(repeated("fn f(x) = g(x", ",x", 100000, ")\n")));
    ck_assert_int_eq(error_count(), 0);
}
END_TEST

/* ---- damaged programs ---- */

static uint64_t state;

static uint32_t draw(uint32_t n)                        /* below n */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % n;
}

/* Spans lie inside the source, and children are as the kinds promise, as far as they are walked. */
static void check_spans(const Tree *tree, size_t length)
{
    ck_assert(tree->span.begin <= tree->span.end && tree->span.end <= length);
    for (int i = 0; i < tree->n; i++)
        check_spans(tree->child[i], length);
}

static void damage(char *bytes, size_t *length)
{
    static const char *const pieces[] = {
        "(", ")", "[", "]", "{", "}", ",", "=", "+=", "->", "|>", "..", "_", "else ", "sum(", "fn ", "model ", "loss ", "-",
        "*", "^", "\n", ";", "\"", "'", "1e9", "99999999999999999999", "repeat(", "#", "\xff", "input ", "x ", "not ", "<", ":",
    };
    size_t at = draw((uint32_t)*length + 1), n = draw(12) + 1;
    switch (draw(4)) {
    case 0:                                             /* cut */
        n = n < *length - at ? n : *length - at;
        memmove(bytes + at, bytes + at + n, *length - at - n);
        *length -= n;
        break;
    case 1:                                             /* change a byte */
        if (at < *length)
            bytes[at] = (char)draw(256);
        break;
    case 2: {                                           /* copy a piece elsewhere */
        size_t from = draw((uint32_t)*length + 1);
        char copy[16];
        n = n < *length - from ? n : *length - from;
        memcpy(copy, bytes + from, n);
        memmove(bytes + at + n, bytes + at, *length - at);
        memcpy(bytes + at, copy, n);
        *length += n;
        break;
    }
    default: {                                          /* insert a word */
        const char *piece = pieces[draw(sizeof pieces / sizeof *pieces)];
        n = strlen(piece);
        memmove(bytes + at + n, bytes + at, *length - at);
        memcpy(bytes + at, piece, n);
        *length += n;
    }
    }
}

START_TEST(damaged_programs_are_read)
{
    static const char *const extra =
        "model m(n=3) {\n  input image[1, 28] = \"a\", \"b\"\n  target digit : class[10]\n"
        "  x = image |> repeat(i < n) f(i, _) |> g\n  loss l = h(x, digit)\n  update *.b[R, C] = g - 0.1*w\n"
        "  state s[3] = 0 each epoch\n  s' = s + 1\n  y[i // 2 else drop] += x[i]\n  train batch=4\n}\n";
    FILE *nowhere = fopen("/dev/null", "w");
    state = 88172645463325252u;
    for (int round = 0; round < 4000; round++) {
        static char bytes[4096];
        size_t length = strlen(extra);
        memcpy(bytes, extra, length);
        int lines = 0, files = 0;
        while (library_files[files].name)
            files++;
        const char *const *line = files ? library_files[draw((uint32_t)files)].lines : NULL;
        while (line && line[lines])
            lines++;
        if (lines && draw(4)) {                         /* a piece of the library instead */
            length = 0;
            for (int i = (int)draw((uint32_t)lines); i < lines && length + strlen(line[i]) < 2000; i++) {
                memcpy(bytes + length, line[i], strlen(line[i]));
                length += strlen(line[i]);
            }
        }
        for (int hits = (int)draw(6) + 1; hits > 0 && length > 0; hits--)
            damage(bytes, &length);
        bytes[length] = 0;
        Tree *tree = parse(source_of_text("damaged.nn", bytes, length, false));
        check_spans(tree, length);
        Writer w = {0};
        tree_print(&w, tree);
        diagnostics_print(nowhere);
        teardown();
    }
    fclose(nowhere);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("language");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, spans_count_lines_and_columns);
    tcase_add_test(all, interned_names_are_one_pointer);
    tcase_add_test(all, lists_and_writers_grow);
    tcase_add_test(all, misspelt_names_find_one_candidate);
    tcase_add_test(all, a_diagnostic_shows_its_place);
    tcase_add_test(all, diagnostics_come_in_order_of_place_and_once);
    tcase_add_test(all, warnings_have_switches);
    tcase_add_test(all, library_text_is_reported_at_the_users_place);
    tcase_add_test(all, long_lines_and_control_characters_are_tamed);
    tcase_add_test(all, many_errors_are_cut);
    tcase_add_test(all, expressions_follow_precedence);
    tcase_add_test(all, chains_differ_from_parentheses);
    tcase_add_test(all, statements_become_trees);
    tcase_add_test(all, newlines_end_statements);
    tcase_add_test(all, numbers_are_exact);
    tcase_add_test(all, spans_of_trees_cover_their_text);
    tcase_add_test(all, the_library_parses);
    tcase_add_test(all, messages_say_what_is_wrong);
    tcase_add_test(all, one_run_finds_several_errors);
    tcase_add_test(all, what_could_be_read_is_given);
    tcase_add_test(all, depth_and_size_have_limits);
    tcase_add_test(all, damaged_programs_are_read);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}

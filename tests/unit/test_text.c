/* Text: vocabularies and their files, lines and characters as data, and the commands that read and write text. */
#include "../../runtime/bleu.h"
#include "../../runtime/texts.h"
#include "../runtime/commands.h"
#include "../runtime/words.c"

static char started[500];         /* the directory of the project */

static nn_vocabulary *learnt(nn_unit unit, const char *text, size_t most, nn_failure *f) {
    nn_table counts = { 0 };
    nn_vocabulary *v = nn_vocabulary_count(&counts, unit, "here", 1, text, strlen(text), f)
                           ? nn_vocabulary_learn(&counts, unit, most, "german", f) : NULL;
    nn_table_free(&counts);
    return v;
}

static void is_written(const nn_vocabulary *v, const char *expected) {
    nn_failure f = { 0 };
    size_t size;
    char *text = nn_vocabulary_write(v, &size, &f);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    nn_vocabulary *back = nn_vocabulary_read("there", text, size, &f);
    ck_assert_msg(back != NULL, "%s", f.text);
    ck_assert(nn_vocabulary_same(v, back));
    nn_vocabulary_free(back);
    free(text);
}

START_TEST(small_vocabularies) {
    nn_failure f = { 0 };
    nn_vocabulary *v = learnt(NN_CHARACTERS, "ba\n\"aé\t", 99, &f);
    is_written(v, "nn vocabulary 1: characters\n\"\\u0009\"\n\"\\u000a\"\n\"\\\"\"\n\"a\"\n\"b\"\n\"é\"\n");
    nn_vocabulary_free(v);
    /* ab and bc stand three times each: the smaller left token wins. What stands once is not merged. */
    v = learnt(NN_SUBWORDS, "abc abc abc xy", 99, &f);
    is_written(v, "nn vocabulary 1: subwords\n\" \"\n\"a\"\n\"b\"\n\"c\"\n\"x\"\n\"y\"\n\"a\" \"b\"\n\"ab\" \"c\"\n\" \" \"abc\"\n");
    nn_vocabulary_free(v);
    v = learnt(NN_SUBWORDS, "abc abc abc xy", 10, &f);
    ck_assert_uint_eq(nn_vocabulary_size(v), 10);
    nn_vocabulary_free(v);
    /* A run of one letter, which overlaps itself, is merged from the left. */
    v = learnt(NN_SUBWORDS, "aaaaa", 99, &f);
    is_written(v, "nn vocabulary 1: subwords\n\"a\"\n\"a\" \"a\"\n");
    nn_vocabulary_free(v);
    ck_assert(!learnt(NN_SUBWORDS, "abcd", 6, &f) && strstr(f.text, "4 distinct characters beside 3 tokens"));
    f.text[0] = 0;
    ck_assert(!learnt(NN_CHARACTERS, "abcd", 3, &f) && strstr(f.text, "write class[4] or more"));
} END_TEST

/* tests/text/learn.py has learned the same from the same text, counting all pairs anew for each merge. */
START_TEST(as_the_plain_method) {
    nn_failure f = { 0 };
    nn_table counts = { 0 };
    static const char *const files[] = { "tests/text/sample.txt", "tests/text/sample.vocabulary" };
    char *text[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", started, files[i]);
        text[i] = bytes_of(path, &size[i]);
        text[i][size[i]] = 0;
    }
    char *rest = text[0], *line;
    while ((line = strsep(&rest, "\n")))
        ck_assert(nn_vocabulary_count(&counts, NN_SUBWORDS, "sample", 1, line, strlen(line), &f));
    nn_vocabulary *v = nn_vocabulary_learn(&counts, NN_SUBWORDS, 400, "german", &f);
    is_written(v, text[1]);
    nn_vocabulary_free(v);
    nn_table_free(&counts);
    free(text[0]);
    free(text[1]);
} END_TEST

static void comes_back(nn_vocabulary *v, const char *text) {
    nn_failure f = { 0 };
    nn_tokens t = { 0 };
    char back[4096];
    size_t used = 0, n;
    ck_assert_msg(nn_vocabulary_encode(v, "text", 1, text, strlen(text), &t, &f), "%s", f.text);
    for (size_t i = 0; i < t.count; i++, used += n) {
        const char *piece = nn_vocabulary_text(v, t.token[i], &n);
        ck_assert_uint_lt(used + n, sizeof back);
        memcpy(back + used, piece, n);
    }
    back[used] = 0;
    ck_assert_str_eq(back, text);
    nn_tokens_free(&t);
}

START_TEST(text_comes_back) {
    static const char *const texts[] = {
        "", " ", "  ", "   a", "a   ", "a  b", " \t a\n\n b \r\n", "it's 3,141.59 -- \"so\" ...", "Größe über Straße", "日本語。テスト、 です",
        "\xf0\x9d\x84\x9e clef", "…„“”", "\x7f\x01", "\xc2\xa0\xc2\xb5\xc3\x97\xc3\xb7\xe2\xaf\xbf\xe2\xb0\x80\xef\xbc\x81" };
    char all[4096] = "", lengthy[2000] = "";
    nn_failure f = { 0 };
    for (int i = 0; i < 300; i++) strcat(lengthy, i % 7 ? "ab" : "ä");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) strcat(all, texts[i]);
    strcat(all, lengthy);
    for (int most = 90; most < 400; most *= 2) {
        nn_vocabulary *v = learnt(NN_SUBWORDS, all, (size_t)most, &f), *c = learnt(NN_CHARACTERS, all, 400, &f);
        ck_assert_msg(v && c, "%s", f.text);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) comes_back(v, texts[i]), comes_back(c, texts[i]);
        comes_back(v, all);
        comes_back(v, lengthy);
        nn_vocabulary_free(v);
        nn_vocabulary_free(c);
    }
} END_TEST

START_TEST(unknown_characters) {
    nn_failure f = { 0 };
    nn_tokens t = { 0 };
    nn_vocabulary *v = learnt(NN_SUBWORDS, "ab ab", 20, &f), *c = learnt(NN_CHARACTERS, "ab\n", 20, &f);
    ck_assert(nn_vocabulary_encode(v, "here", 1, "abé", 4, &t, &f));
    ck_assert_uint_eq(t.count, 2);
    ck_assert_int_eq(t.token[1], NN_UNKNOWN);
    t.token[0] = NN_UNKNOWN, t.token[1] = NN_END;
    char *line = nn_text_line(v, t.token, NN_I32, 2, &f);
    ck_assert_str_eq(line, "\xef\xbf\xbd");
    free(line);
    ck_assert(!nn_vocabulary_encode(c, "here", 5, "ab\né", 5, &t, &f));
    ck_assert_msg(strstr(f.text, "here: line 6: the character 'é' (U+00E9) is none of the 3") != NULL, "%s", f.text);
    nn_tokens_free(&t);
    nn_vocabulary_free(v);
    nn_vocabulary_free(c);
} END_TEST

START_TEST(bad_text) {
    static const struct { const char *text; size_t size; const char *says; } cases[] = {
        { "a\n\xff", 3, "here: line 2 is no text in UTF-8: byte 1 of it is 0xff" },
        { "\xc0\x80", 2, "no text in UTF-8" },          { "\xed\xa0\x80", 3, "no text in UTF-8" },
        { "\xf4\x90\x80\x80", 4, "no text in UTF-8" },  { "a\xe2\x82", 3, "byte 2 of it is 0xe2" },
        { "a\0b", 3, "line 1 is no text: it has a zero byte" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nn_failure f = { 0 };
        ck_assert(!nn_text_check("here", 1, cases[i].text, cases[i].size, &f));
        ck_assert_msg(strstr(f.text, cases[i].says) != NULL, "%s", f.text);
    }
} END_TEST

START_TEST(bad_vocabularies) {
    static const struct { const char *text, *says; } cases[] = {
        { "", "is no vocabulary" },
        { "nn vocabulary 1: syllables\n", "is no vocabulary" },
        { "nn vocabulary 1: subwords", "is no vocabulary" },
        { "nn vocabulary 1: subwords\n", "has no token" },
        { "nn vocabulary 1: subwords\na\n", "line 2: is no token in quotes" },
        { "nn vocabulary 1: subwords\n\"a\"\n\n", "line 3: is no token in quotes" },
        { "nn vocabulary 1: subwords\n\"\"\n", "line 2: a token alone" },
        { "nn vocabulary 1: subwords\n\"ab\"\n", "line 2: a token alone on its line is one character" },
        { "nn vocabulary 1: subwords\n\"a\"\n\"a\"\n", "line 3: the character is there already" },
        { "nn vocabulary 1: subwords\n\"a\"\n\"a\" \"b\"\n", "line 3: \"b\" is no earlier token" },
        { "nn vocabulary 1: subwords\n\"a\"\n\"a\" b\n", "line 3: after the first token" },
        { "nn vocabulary 1: subwords\n\"a\"\n\"a\" \"a\" \"a\"\n", "line 3: after the first token" },
        { "nn vocabulary 1: subwords\n\"a\"\n\"a\" \"a\"\n\"a\" \"a\"\n", "line 4: the two tokens are merged already" },
        { "nn vocabulary 1: subwords\n\"a\"\n\"a\" \"a\"\n\"b\"\n", "line 4: a token alone comes before" },
        { "nn vocabulary 1: characters\n\"a\"\n\"a\" \"a\"\n", "line 3: a vocabulary of characters merges none" },
        { "nn vocabulary 1: characters\n\"\xff\"\n", "line 2 is no text in UTF-8" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nn_failure f = { 0 };
        ck_assert(!nn_vocabulary_read("there", cases[i].text, strlen(cases[i].text), &f));
        ck_assert_msg(strstr(f.text, cases[i].says) != NULL, "'%s' for case %zu", f.text, i);
    }
    /* Tokens that double with each line would soon fill any memory. */
    char doubling[9000] = "nn vocabulary 1: subwords\n\"a\"\n", token[2000] = "a";
    for (int i = 0; i < 9; i++) {
        sprintf(doubling + strlen(doubling), "\"%s\" \"%s\"\n", token, token);
        strncat(token, memcpy((char[1000]){ 0 }, token, strlen(token)), 999);
    }
    nn_failure f = { 0 };
    ck_assert(!nn_vocabulary_read("there", doubling, strlen(doubling), &f) && strstr(f.text, "more than 256 bytes"));
    static const char other_ends[] = "nn vocabulary 1: subwords\r\n\"a\"\r\n\"a\" \"a\"";
    nn_vocabulary *v = nn_vocabulary_read("there", other_ends, strlen(other_ends), &f);
    ck_assert(v && nn_vocabulary_size(v) == 5);
    nn_vocabulary_free(v);
} END_TEST

#define LINES "--train german=de:lines --train english=en:lines:as=german "

static int echoes(const char *line) { return command_of(&echo_model, line); }
static int goes_on(const char *line) { return command_of(&next_model, line); }

static void hold(const char *file, const char *expected) {
    size_t size;
    char *all = bytes_of(file, &size);
    all[size] = 0;
    ck_assert_str_eq(all, expected);
    free(all);
}

static void make_lines(void) {
    put_words("de", "ein Hund\r\n\n\xc3\xbc" "ber allem\nein Hund, ein Hund und noch ein Hund und ein Hund\n");
    put_words("en", "a dog\n\nover all\na dog");
    put_words("more", "ein Hund\nHund \xe2\x82\xac ein\n");
}

START_TEST(lines) {
    make_lines();
    ck_assert_int_eq(echoes("train " LINES "--steps 2 --save w"), 0);
    says("errors", "note: 1 of 4 lines of training data for 'german' are longer than 11 tokens and were cut");
    ck_assert_int_eq(echoes("test --weights w --test german=de --test english=en:lines"), 0);
    says("out", "(4 samples)");
    /* A checkpoint goes on with its vocabulary, whatever the text is now. */
    put_words("de", "Hund\nHund\nHund\nHund\n");
    ck_assert_int_eq(echoes("train --train german=de:lines --train english=en:lines --steps 3 --resume w"), 0);
    ck_assert_int_eq(echoes("predict --weights w --test german=more"), 0);
    hold("out", "ein Hund\nHund \xef\xbf\xbd ein\n");
    ck_assert_int_eq(echoes("predict --weights w --test german=more --output said=said.txt"), 0);
    hold("said.txt", "ein Hund\nHund \xef\xbf\xbd ein\n");
    ck_assert_int_eq(echoes("predict --weights w --test german=more --output said.csv"), 0);
    says("said.csv", "said.0,said.1");
    /* Another vocabulary for the same parameters, and none at all. */
    ck_assert_int_eq(echoes("vocabulary --train german=more:lines --output v"), 0);
    ck_assert_int_eq(echoes("predict --weights w --test german=more --vocabulary german=v"), 1);
    says("errors", "has another vocabulary for 'german'");
    ck_assert_int_eq(echoes("train --train german=more:lines --train english=more:lines:as=german --vocabulary german=v --epochs 1 --save x"), 0);
    ck_assert_int_eq(echoes("predict --weights x --test german=more --vocabulary german=v"), 0);
    hold("out", "ein Hund\nHund \xe2\x82\xac ein\n");
    ck_assert_int_eq(echoes("train --weights w --partial --train german=more:lines --train english=more:lines:as=german "
                            "--vocabulary german=v --epochs 1"), 0);
} END_TEST

START_TEST(vocabulary_files) {
    make_lines();
    ck_assert_int_eq(echoes("vocabulary " LINES), 0);
    says("out", "nn vocabulary 1: subwords\n\" \"\n\",\"\n\"H\"\n");
    ck_assert_int_eq(echoes("vocabulary --train german=de:lines --train english=en:lines --output german=g --output english=e"), 0);
    says("e", "\"g\"\n\"l\"\n");
    ck_assert_int_eq(echoes("vocabulary --train german=de:lines --train english=en:lines"), 1);
    says("errors", "there are 2 vocabularies");
    ck_assert_int_eq(goes_on("vocabulary --train text=en:chars"), 1);
    says("errors", "has 8 classes");
} END_TEST

START_TEST(characters) {
    put_words("t", "abcabcabcabcabcabcabd\n");
    ck_assert_int_eq(goes_on("train --train text=t:chars:samples=0%-90% --test text=t:samples=50%- --epochs 1 --save w"), 0);
    ck_assert_int_eq(goes_on("test --weights w --test text=t:chars"), 0);
    says("out", "(5 samples)");
    ck_assert_int_eq(goes_on("sample --weights w --prompt ab --length 3 --temperature 0"), 0);
    hold("out", "abcd\n\n");                       /* what is expected after d is no token: the first of all others */
    ck_assert_int_eq(goes_on("sample --weights w --length 6 --temperature=0 --top 2"), 0);
    ck_assert_int_eq(goes_on("sample --weights w --prompt a --length 30 --seed 3"), 0);
    size_t n, k;
    char *first = bytes_of("out", &n);
    ck_assert_int_eq(goes_on("sample --weights w --prompt a --length 30 --seed 3 --threads 2"), 0);
    char *second = bytes_of("out", &k);
    ck_assert(n == k && n == 32 && !memcmp(first, second, n));
    free(first);
    free(second);
    /* Of a seldom likely token only the most likely one is left. */
    ck_assert_int_eq(goes_on("sample --weights w --prompt a --length 2 --top 1 --temperature 50"), 0);
    hold("out", "abc\n");
} END_TEST

START_TEST(translations) {
    make_lines();
    ck_assert_int_eq(echoes("train " LINES "--epochs 1 --save w"), 0);
    put_words("in", "\nein Hund\n\n\xc3\xbc" "ber ein Hund\nHund\nall\nein");
    ck_assert_int_eq(echoes("translate --weights w in --reference in"), 0);
    hold("out", "\nein Hund\n\n\xc3\xbc" "ber ein Hund\nHund\nall\nein\n");
    says("errors", "BLEU = 0.00 100.0/100.0/100.0/0.0");
    put_words("in", "ein Hund, ein Hund\n");
    put_words("ref", "ein Hund, ein Hund.\n");
    ck_assert_int_eq(echoes("translate --weights w in --reference ref --batch 1"), 0);
    says("errors", "BLEU = 81.87 100.0/100.0/100.0/100.0 (BP = 0.819 ratio = 0.833 hyp_len = 5 ref_len = 6)");
    ck_assert_int_eq(echoes("translate --weights w in --reference en"), 1);
    says("errors", "en: has more lines than there are sentences in in");
    put_words("in", "a\nb\nc\nd\ne\nf\n");
    ck_assert_int_eq(echoes("translate --weights w in --reference ref"), 1);
    says("errors", "ref: has fewer lines");
    /* Standard input. */
    put_words("in", "ein Hund\nHund Hund Hund Hund Hund Hund Hund Hund Hund Hund Hund Hund Hund");
    ck_assert_ptr_nonnull(freopen("in", "r", stdin));
    ck_assert_int_eq(echoes("translate --weights w"), 0);
    says("out", "ein Hund\nHund Hund");
    says("errors", "note: 1 of 2 sentences are longer than 11 tokens and were cut");
} END_TEST

START_TEST(wrong_words) {
    static const struct { const char *words; int code; const char *says; } cases[] = {
        { "train --train german=de:lines --train english=en:lines:as=french", 1, "names no input that is bound" },
        { "train --train german=de:lines --train english=en:lines:as=english", 1, "names the input itself" },
        { "train --train german=de:lines:as=english --train english=en:lines:as=german", 1, "names one that shares another's" },
        { "train --train german=de:chars --train english=en:lines:as=german", 1, "cannot share the vocabulary of 'german'" },
        { "train --train german=tokens.npy --train english=en:lines:as=german", 1, "is bound to no text with :lines or :chars" },
        { "train --train german=de:lines --train english=more:lines", 1, "2 samples for 'english', but 'german' has 4" },
        { "train --train german=empty:lines --train english=empty:lines", 1, "empty: " },
        { "train --train german=latin:lines --train english=en:lines", 1, "latin: line 2 is no text in UTF-8" },
        { "train --train german=de --train english=en", 1, "for text :lines or :chars" },
        { "train --train german=wide:lines --train english=en:lines", 1, "distinct characters beside 3 tokens" },
        { "test --weights plain --test german=de:lines --test english=en:lines", 1, "give one with --vocabulary german=FILE" },
        { "test --weights w --test german=de:chars --test english=en:lines", 1, "is one of :lines" },
        { "train --resume w --vocabulary german=v", 2, "is continued with its own vocabulary" },
        { "predict --weights w --test german=de --vocabulary dutch=v", 1, "no input or target 'dutch'" },
        { "predict --weights w --test german=de --vocabulary german=none", 1, "none: No such file" },
        { "predict --weights w --test german=de --vocabulary german=de", 1, "is no vocabulary" },
        { "predict --weights plain --test german=de:lines --vocabulary german=large", 1, "has 43 tokens, and 'german' has 40 classes" },
        { "predict --weights plain --test german=t.csv --output a.txt", 1, "is no row of tokens" },
        { "predict --weights w --test german=de --output a.doc", 1, "or as .txt if they are text" },
        { "predict --weights broken --test german=de", 1, "broken: 'text:german': is no vocabulary" },
        { "predict --weights numbers --test german=de", 1, "is no row of bytes" },
        { "vocabulary", 1, "no text to learn from" },
        { "vocabulary --train german=de", 1, "is bound without :lines or :chars" },
        { "vocabulary --train dutch=de:lines", 1, "no input or target 'dutch'" },
        { "vocabulary --train german=de:lines --output english=v", 1, "no text is bound to 'english'" },
        { "vocabulary --train german=de:lines --train english=en:lines --output v", 1, "there are 2 vocabularies" },
        { "vocabulary --train german=de:lines --output no/where", 1, "No such file" },
        { "translate", 2, "--weights FILE" },
        { "translate a b", 2, "is no option" },
        { "translate --weights plain in", 1, "has no vocabulary for its input" },
        { "translate --weights w none", 1, "none: No such file" },
        { "translate --weights w latin", 1, "latin: line 2 is no text in UTF-8" },
        { "sample --weights w", 1, "output 'said' is 12, and 'german' takes 40 classes" },
        { "sample --weights plain", 1, "there is no vocabulary for 'german'" },
        { "sample", 2, "--weights FILE" },
        { "sample --weights w --temperature -1", 2, "takes a number from 0" },
        { "sample --weights w --temperature x", 2, "takes a number from 0" },
        { "sample --weights w --length 0", 2, "takes a whole number from 1" } };
    make_lines();
    put_words("empty", "");
    put_words("latin", "fine\n\xfc" "ber\n\n\n");
    put_words("wide", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\n\n\n\n");
    put_words("t.csv", "0,1,2,3,4,5,6,7,8,9,10,11\n");
    ck_assert_int_eq(echoes("train --train german=t.csv --train english=t.csv --steps 1 --save plain"), 0);
    ck_assert_int_eq(echoes("train " LINES "--steps 1 --save w"), 0);
    ck_assert_int_eq(echoes("vocabulary --train german=de:lines --output v"), 0);
    FILE *large = fopen("large", "w");
    fprintf(large, "nn vocabulary 1: subwords\n");
    for (int i = 0; i < 40; i++) fprintf(large, "\"%c\"\n", '0' + i);
    fclose(large);
    const nn_view broken[] = { { "w", NN_F32, 0, NULL, &(float){ 1 } }, { "text:german", NN_U8, 1, (const int64_t[]){ 5 }, "words" } };
    const nn_view numbers[] = { { "w", NN_F32, 0, NULL, &(float){ 1 } }, { "text:german", NN_F32, 0, NULL, &(float){ 1 } } };
    nn_failure f = { 0 };
    ck_assert(nn_archive_write("broken", broken, 2, NULL, 0, &f) && nn_archive_write("numbers", numbers, 2, NULL, 0, &f));
    put_bytes("tokens.npy", "\x93NUMPY", 6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int code = echoes(cases[i].words);
        says("errors", cases[i].says);
        ck_assert_msg(code == cases[i].code, "%s: %d", cases[i].words, code);
    }
    put_words("t", "abcabcabcabc\n");
    ck_assert_int_eq(goes_on("train --train text=t:chars --epochs 1 --save n"), 0);
    ck_assert_int_eq(goes_on("translate --weights n t"), 1);
    says("errors", "reads characters, not lines");
    ck_assert_int_eq(goes_on("sample --weights n --prompt xyz"), 1);
    says("errors", "--prompt: line 1: the character 'x' (U+0078) is none of the 4");
    put_words("u", "abcd\n");
    ck_assert_int_eq(goes_on("test --weights n --test text=u"), 1);
    says("errors", "u: line 1: the character 'd' (U+0064)");
    ck_assert_int_eq(goes_on("train --train text=t:chars:samples=90%-10% --epochs 1"), 1);
    says("errors", "or a share of them, as samples=0%-90%");
    ck_assert_int_eq(goes_on("train --train text=t:chars:samples=0-10% --epochs 1"), 1);
    says("errors", "or a share of them");
    ck_assert_int_eq(goes_on("train --train text=t:chars:samples=0%-1% --epochs 1"), 1);
    says("errors", "samples=0%-1%: is none of 13 samples");
    ck_assert_int_eq(goes_on("train --train text=t:chars:samples=0%-20% --epochs 1"), 1);
    says("errors", "no windows of 5 for 'text'");
    put_words("few", "abcdefghijk");
    ck_assert_int_eq(goes_on("train --train text=few:chars --epochs 1"), 1);
    says("errors", "the text for 'text' has 11 distinct characters, and 'text' has 8 classes");
} END_TEST

int main(void) {
    if (!getcwd(started, sizeof started)) return 1;
    const TTest *const tests[] = { small_vocabularies, as_the_plain_method, text_comes_back, unknown_characters, bad_text,
                                          bad_vocabularies, lines, vocabulary_files, characters, translations, wrong_words };
    return run_tests("text", tests, sizeof tests / sizeof *tests);
}

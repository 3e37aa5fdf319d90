/* Pictures: smoothing, reading logs, charts as well-formed SVG with all of their curves, and the command `plot`. */
#include <math.h>
#include "../../runtime/chart.h"
#include "../../runtime/log.h"
#include "../../runtime/smooth.h"
#include "../runtime/command.h"

/* ---- smoothing ---- */

START_TEST(smooth_lines) {
    enum { N = 200 };
    double x[N], value[N], slope[N];
    /* A straight line is what it is, to its ends. */
    for (int k = 0; k < N; k++) x[k] = 3 - 0.5 * k;
    ck_assert(nn_smooth_lines(value, slope, x, N, 10));
    for (int k = 0; k < N; k++) {
        ck_assert_double_eq_tol(value[k], x[k], 1e-9);
        ck_assert_double_eq_tol(slope[k], -0.5, 1e-9);
    }
    /* Against the sums of the definition, with a gap. */
    for (int k = 0; k < N; k++) x[k] = k % 17 == 3 ? NAN : sin(k * 0.7) + 0.1 * k;
    ck_assert(nn_smooth_lines(value, slope, x, N, 4));
    for (int k = 0; k < N; k++) {
        double w[3] = { 0 }, y[2] = { 0 };
        for (int j = 0; j < N; j++) {
            const double weight = pow(0.75, abs(j - k)), d = j - k;
            if (isnan(x[j])) continue;
            for (int i = 0; i < 3; i++) w[i] += weight * pow(d, i);
            for (int i = 0; i < 2; i++) y[i] += weight * pow(d, i) * x[j];
        }
        const double det = w[0] * w[2] - w[1] * w[1];
        ck_assert_int_eq(isnan(value[k]), isnan(x[k]));
        if (isnan(x[k])) continue;
        ck_assert_double_eq_tol(value[k], (w[2] * y[0] - w[1] * y[1]) / det, 1e-9);
        ck_assert_double_eq_tol(slope[k], (w[0] * y[1] - w[1] * y[0]) / det, 1e-9);
    }
    ck_assert(nn_smooth_lines(value, slope, (double[]){ 7 }, 1, 10));
    ck_assert_double_eq(value[0], 7);
    ck_assert_double_eq(slope[0], 0);
    ck_assert(nn_smooth_lines(value, NULL, x, 0, 10));
} END_TEST

START_TEST(smooth_means) {
    nn_smooth s = { 0 };
    ck_assert_double_eq(nn_smooth_next(&s, 8, 4), 8);
    ck_assert_double_eq_tol(nn_smooth_next(&s, 1, 4), (0.75 * 8 + 1) / 1.75, 1e-12);
} END_TEST

/* ---- reading logs ---- */

static nn_log_table log_of(const char *name, const char *text) {
    nn_log_table t;
    nn_failure f = { 0 };
    put_words(name, text);
    ck_assert_msg(nn_log_read(&t, name, &f), "%s", f.text);
    return t;
}

START_TEST(logs_read) {
    static const char *const same[] = {
        "what,epoch,step,loss,note,seconds\nstep,1,5,0.5,x,\nepoch,1,7,nan,,1.5\nepoch,2,14,-2e-3,y,1.5\nepoch,3,21",
        "{\"what\":\"step\",\"epoch\":1,\"step\":5,\"loss\":0.5,\"note\":\"x\"}\n"
        "{\"what\":\"epoch\", \"epoch\" : 1 ,\"step\":7,\"loss\":null,\"seconds\":1.5}\r\n\n"
        "{\"loss\":-2e-3,\"deep\":{\"a\":[1,\"}\\\"\"],\"b\":2},\"flag\":true,\"seconds\":1.5,\"step\":14,\"what\":\"epoch\",\"epoch\":2}\n"
        "{\"what\":\"epoch\",\"epoch\":3,\"st" };
    for (int k = 0; k < 2; k++) {
        nn_log_table t = log_of("a.log", same[k]);
        const double *loss = nn_log_values(&t, "loss"), *step = nn_log_values(&t, "step"), *epoch = nn_log_values(&t, "epoch");
        const double *seconds = nn_log_values(&t, "seconds");
        ck_assert(loss && step && epoch && seconds);
        ck_assert_uint_eq(t.rows, 3);
        ck_assert(!t.epoch_end[0] && t.epoch_end[1] && t.epoch_end[2]);
        ck_assert(loss[0] == 0.5 && isnan(loss[1]) && loss[2] == -2e-3);
        ck_assert(step[0] == 5 && step[1] == 7 && step[2] == 14 && epoch[2] == 2);
        ck_assert(isnan(seconds[0]) && seconds[2] == 1.5);
        ck_assert(!nn_log_values(&t, "note") && !nn_log_values(&t, "deep") && !nn_log_values(&t, "flag"));
        nn_log_table_free(&t);
    }
    /* More lines than fit at first, and a column that comes late. */
    FILE *out = fopen("b.jsonl", "w");
    for (int k = 0; k < 1000; k++) fprintf(out, "{\"what\":\"step\",\"step\":%d%s}\n", k, k == 777 ? ",\"late\":3" : "");
    fclose(out);
    nn_log_table t;
    nn_failure f = { 0 };
    ck_assert(nn_log_read(&t, "b.jsonl", &f));
    ck_assert_uint_eq(t.rows, 1000);
    ck_assert(nn_log_values(&t, "step")[999] == 999 && nn_log_values(&t, "late")[777] == 3 && isnan(nn_log_values(&t, "late")[776]));
    nn_log_table_free(&t);
} END_TEST

/* ---- the form of the pictures ---- */

static int count(const char *text, const char *what) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}

/* Well-formed enough: tags nest and close, attributes are quoted, entities are known, no number is "nan" or "inf". */
static char *picture(const char *path) {
    size_t size;
    char *text = bytes_of(path, &size);
    text[size] = 0;
    char open[20][20];
    int depth = 0;
    ck_assert_uint_eq(strlen(text), size);
    for (const char *p = text; *p;) {
        if (*p == '&') ck_assert_msg(!strncmp(p, "&amp;", 5) || !strncmp(p, "&lt;", 4) || !strncmp(p, "&gt;", 4), "entity: %.20s", p);
        if (*p != '<') {
            ck_assert_msg(*p != '>' && (unsigned char)*p >= 9, "stray: %.20s", p);
            p++;
            continue;
        }
        char name[20];
        const bool closing = p[1] == '/';
        ck_assert_int_eq(sscanf(p + 1 + closing, "%19[a-zA-Z]", name), 1);
        bool quoted = false;
        for (p += 1 + closing + strlen(name); *p && (quoted || *p != '>'); p++) {
            quoted ^= *p == '"';
            ck_assert_msg(*p != '<', "in a tag: %.20s", p);
        }
        ck_assert_int_eq(*p, '>');
        if (closing) {
            ck_assert_int_gt(depth, 0);
            ck_assert_str_eq(open[--depth], name);
        } else if (p[-1] != '/') {
            ck_assert_int_lt(depth, 20);
            strcpy(open[depth++], name);
        }
        p++;
    }
    ck_assert_int_eq(depth, 0);
    ck_assert(!strstr(text, "nan ") && !strstr(text, "\"nan") && !strstr(text, "inf ") && !strstr(text, "\"inf") && !strstr(text, "-nan"));
    return text;
}

/* So many panels, strong curves, pale curves and points are in it, and these texts. */
static void shows(const char *path, int panels, int curves, int raw, int points, const char *const *texts) {
    char *text = picture(path);
    ck_assert_msg(count(text, "class=\"panel\"") == panels, "%s: %d panels", path, count(text, "class=\"panel\""));
    ck_assert_msg(count(text, "class=\"curve\"") == curves, "%s: %d curves", path, count(text, "class=\"curve\""));
    ck_assert_msg(count(text, "class=\"raw\"") == raw, "%s: %d pale curves", path, count(text, "class=\"raw\""));
    ck_assert_msg(points < 0 || count(text, "<circle") == points, "%s: %d points", path, count(text, "<circle"));
    for (; *texts; texts++) ck_assert_msg(strstr(text, *texts) != NULL, "%s: no %s", path, *texts);
    free(text);
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(charts) {
    nn_failure f = { 0 };
    nn_chart *c = nn_chart_new("a <b> & \"c\" \x01 \xff \xc3\xa4 \xed\xa0\x80");
    nn_chart_key(c, "caf\xc3\xa9", nn_colour_of(3));
    nn_panel *p = nn_chart_panel(c, "one", "x"), *q = nn_chart_panel(c, "decades", "x"), *r = nn_chart_panel(c, "empty", "x");
    nn_curve *a = nn_chart_curve(c, p, "name", NN_POINTS, nn_colour_of(0)), *b = nn_chart_curve(c, q, "", NN_PALE, nn_colour_of(9));
    nn_chart_curve(c, r, "", NN_LINE, nn_colour_of(1));
    const double y[] = { 1, 2, NAN, 3, NAN, INFINITY, 1e200, 2, 1 };
    for (int k = 0; k < 9; k++) nn_chart_point(c, a, k, y[k]);
    for (int k = 0; k < 100000; k++) nn_chart_point(c, b, k, k == 50000 ? 1e6 : 1 + k % 2);
    q->log_y = nn_panel_spans(q, 20);
    ck_assert(q->log_y && !nn_panel_spans(p, 20));
    nn_chart_mark(q, 777, "here");
    ck_assert_msg(nn_chart_write(c, "a.svg", &f), "%s", f.text);
    shows("a.svg", 2, 1, 1, 5, TEXTS("a &lt;b&gt; &amp; \"c\" \xef\xbf\xbd \xef\xbf\xbd \xc3\xa4", "caf\xc3\xa9", ">here<", ">1e6<", ">50k<"));
    /* 100000 points take no more room than the picture has points, and the spike is among them, or the axis would not reach 1e6. */
    size_t size;
    free(bytes_of("a.svg", &size));
    ck_assert_uint_lt(size, 40000);
    nn_chart_free(c);
    ck_assert_int_eq(nn_chart_write(NULL, "b.svg", &f), false);
    ck_assert_ptr_nonnull(strstr(f.text, "not enough memory"));
} END_TEST

/* Axes of every size, of one number and of none: ticks are few, and all is finite. */
START_TEST(axes) {
    static const double ends[][2] = {
        { 0, 1 }, { 0, 0 }, { 5, 5 }, { -3, -3 }, { 1, 1.0000000001 }, { 1e9, 1e9 + 1 }, { -1e99, 1e99 }, { 1e-99, 1e99 }, { 1e-300, 1 },
        { 1e-7, 3e-7 }, { 0.999, 1.001 }, { 1, 9 }, { 3, 4 }, { 1, 1e5 }, { -1e-12, 1e-12 }, { 0.5, 2e6 }, { 123456, 123457 } };
    nn_failure f = { 0 };
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
        for (int how = 0; how < 8; how++) {
            nn_chart *c = nn_chart_new("axes");
            nn_panel *p = nn_chart_panel(c, "p", "x");
            nn_curve *a = nn_chart_curve(c, p, "", NN_LINE, nn_colour_between(how, 8));
            p->log_x = how & 1, p->log_y = how & 2, p->whole_x = how & 4;
            nn_chart_point(c, a, ends[k][0], ends[k][0]);
            nn_chart_point(c, a, ends[k][1], ends[k][1]);
            ck_assert(nn_chart_write(c, "a.svg", &f));
            nn_chart_free(c);
            char *text = picture("a.svg");
            ck_assert_msg(count(text, "<text") <= 36, "%g .. %g: %d texts", ends[k][0], ends[k][1], count(text, "<text"));
            free(text);
        }
} END_TEST

/* ---- the command ---- */

START_TEST(plots) {
    make_data();
    ck_assert_int_eq(command("train --epochs 12 --log epochs.csv" DATA), 0);
    ck_assert_int_eq(command("train --epochs 8 --log steps.jsonl --log-every 1 --lr 0.01" DATA), 0);
    ck_assert_int_eq(command("plot epochs.csv -o epochs.svg"), 0);
    /* Loss and metric of training and test, and the gradient; the rate is always the same. */
    shows("epochs.svg", 3, 5, 0, 60, TEXTS("epochs.csv", ">loss<", ">mae<", ">length of the gradient<", ">training<", ">test<", ">epoch<"));
    ck_assert_int_eq(command("plot steps.jsonl -o steps.svg"), 0);
    shows("steps.svg", 3, 5, 2, -1, TEXTS("steps.jsonl", ">step<"));
    /* Two of them: training and test apart, the rates differ. */
    ck_assert_int_eq(command("plot -o both.svg epochs.csv steps.jsonl"), 0);
    shows("both.svg", 6, 12, 2, -1, TEXTS(">2 runs<", ">epochs.csv<", ">steps.jsonl<", ">training loss<", ">test loss<", ">test mae<", ">lr<"));
    /* One that was killed, one with fields of others and numbers that are none, one of a single line. */
    put_words("killed.csv", "what,epoch,step,loss,test_loss\nepoch,1,10,0.5,0.6\nepoch,2,20,0.4,0.5\nepoch,3,3");
    ck_assert_int_eq(command("plot killed.csv -o a.svg"), 0);
    shows("a.svg", 1, 2, 0, 4, TEXTS(">killed.csv<"));
    put_words("odd.jsonl", "{\"step\":1,\"loss\":null,\"what\":\"epoch\"}\n{\"step\":2,\"loss\":2,\"test_only\":4,\"x\":[1,{}],\"what\":\"epoch\"}\n");
    ck_assert_int_eq(command("plot odd.jsonl -o a.svg"), 0);
    shows("a.svg", 2, 2, 0, 2, TEXTS(">test_only<", ">loss<"));
    /* A spike among losses below zero, where there is no logarithmic axis. */
    FILE *out = fopen("spike.csv", "w");
    fputs("what,epoch,step,loss\n", out);
    for (int k = 1; k <= 200; k++) fprintf(out, "step,1,%d,%g\n", k, k == 99 ? 1e9 : -1 - 1.0 / k);
    fclose(out);
    ck_assert_int_eq(command("plot spike.csv -o a.svg"), 0);
    shows("a.svg", 1, 1, 1, 0, TEXTS(">loss  (spikes cut off)<", ">-1.0<"));
} END_TEST

START_TEST(plots_that_fail) {
    static const struct { const char *text, *says; } cases[] = {
        { "", "bad.log: holds no line of a run yet" },
        { "what,epoch,step,loss\n", "bad.log: holds no line of a run yet" },
        { "{\"what\":\"ep", "bad.log: holds no line of a run yet" },
        { "a,b\n1,2\n", "bad.log: is no log of training: its first line names no column 'step'" },
        { "{\"loss\":1}\n", "bad.log: is no log of training: its lines have no number 'step'" },
        { "what,epoch,step,loss\nepoch,1,1\nepoch,2,2,0.3\n", "bad.log: line 2 is not of a log" },
        { "what,epoch,step,loss\nepoch,1,1,2,3\n", "bad.log: line 2 is not of a log" },
        { "{\"step\":1}\n{\"step\":2\n{\"step\":3}\n", "bad.log: line 2 is not of a log" },
        { "{\"step\":1}\n{\"step\":}\n", "bad.log: line 2 is not of a log" },
        { "{\"step\":1}\n{\"step\":{1}\n", "bad.log: line 2 is not of a log" },
        { "{\"step\":1} x\n", "bad.log: line 1 is not of a log" },
        { "precious text\n", "bad.log: is no log of training" } };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        put_words("bad.log", cases[k].text);
        ck_assert_int_eq(command("plot bad.log -o a.svg"), 1);
        says("errors", cases[k].says);
        ck_assert_int_ne(access("a.svg", F_OK), 0);
    }
    put_bytes("bad.log", "what,step\nepoch,1\n\0,3\n", 22);
    ck_assert_int_eq(command("plot bad.log -o a.svg"), 1);
    says("errors", "line 3 is not of a log");
    ck_assert_int_eq(command("plot . -o a.svg"), 1);
    says("errors", ".: Is a directory");
    put_words("good.csv", "what,epoch,step,loss\nepoch,1,1,2\n");
    ck_assert_int_eq(command("plot good.csv none.csv -o a.svg"), 1);
    says("errors", "none.csv: No such file");
    ck_assert_int_eq(command("plot good.csv -o no/where.svg"), 1);
    says("errors", "no/where.svg");
} END_TEST

START_TEST(pictures_of_choices) {
    make_data();
    ck_assert_int_eq(command("train --sweep lr=1e30,0.2,0.05,0.01 --epochs 6 --plot a.svg" DATA), 0);
    /* Each value has its losses and their smoothed form, and what it gave is one point, but for the one that diverged. */
    shows("a.svg", 2, 5, 4, 3, TEXTS(">tiny: a sweep of lr<", ">best: lr 0.2<", ">lr 1e+30 (diverged)<", ">training loss<", ">test loss<"));
    ck_assert_int_eq(command("train --sweep lr=1e30,1e25 --plot b.svg" DATA), 4);
    shows("b.svg", 1, 2, 2, 0, TEXTS(">lr 1e+30 (diverged)<"));
    ck_assert_int_eq(command("train --sweep momentum=0,0.5 --by -mae --plot c.svg" DATA), 0);
    shows("c.svg", 2, 3, 2, 2, TEXTS(">test mae<", ">sgd.momentum 0.5<"));
    ck_assert_int_eq(command("train --lr-find --plot d.svg" DATA), 0);
    shows("d.svg", 1, 1, 1, 0, TEXTS(">tiny: range test of lr<", ": steepest descent<", ": a tenth of the least loss's<", ">1e-4<"));
    ck_assert_int_eq(command("train --lr-find --range lr=1e-30,1e-28 --plot e.svg" DATA), 1);
    shows("e.svg", 1, 1, 1, 0, TEXTS(">loss<"));
} END_TEST

int main(void) {
    const TTest *const tests[] = { smooth_lines, smooth_means, logs_read, charts, axes, plots, plots_that_fail, pictures_of_choices };
    return run_tests("plot", tests, sizeof tests / sizeof *tests);
}

/* A program of its own that learns twice: to foretell the pressure of a pump, and to name its fault.
 *
 * Both models are structs that this program places; there is nothing to open, to free or to link but their two files.
 * The pump is simulated: a wave with noise, whose mean sinks when it leaks, and which stands still when it is stuck. */
#include "alarm.h"
#include "forecast.h"
#include <math.h>
#include <stdio.h>

enum { WINDOW = 16, BATCH = 32 };

static forecast foreteller;
static alarm guard;

static uint32_t state = 1;
static double noise(void) {
    state = state * 1664525u + 1013904223u;
    return (double)(state >> 8) / 8388608.0 - 1;
}

/* One window of pressures, the one after it, and how the pump does. */
static void observe(nn_real window[WINDOW], nn_real *next, int fault) {
    double phase = 3.14159 * noise(), still = sin(phase);
    for (int i = 0; i <= WINDOW; i++) {
        double pressure = fault == 2 ? still : sin(phase + 0.5 * i);
        pressure += 0.05 * noise() - (fault == 1 ? 0.06 * i : 0);
        if (i < WINDOW) window[i] = (nn_real)pressure;
        else *next = (nn_real)pressure;
    }
}

int main(void) {
    static nn_real windows[BATCH][WINDOW], next[BATCH];
    int32_t faults[BATCH];
    forecast_init(&foreteller, 1);
    alarm_init(&guard, 2);
    for (int step = 1; step <= 1000; step++) {
        double error, surprise;
        for (int s = 0; s < BATCH; s++) observe(windows[s], &next[s], 0);
        error = forecast_step(&foreteller, BATCH, windows[0], next);
        for (int s = 0; s < BATCH; s++) {
            faults[s] = (int32_t)((state >> 8) % 3);
            observe(windows[s], &next[s], faults[s]);
        }
        surprise = alarm_step(&guard, BATCH, windows[0], faults);
        if (step % 250 == 0) printf("step %4d  forecast loss %.4f  alarm loss %.4f\n", step, error, surprise);
    }

    /* Parameters alone suffice to predict. */
    static forecast_predict_work forecast_work;
    static alarm_predict_work alarm_work;
    int right = 0;
    double worst = 0;
    for (int s = 0; s < 300; s++) {
        nn_real seen[WINDOW], coming, foretold, likely[3];
        observe(seen, &coming, 0);
        forecast_predict_one(&foreteller.params, &forecast_work, seen, &foretold);
        worst = fmax(worst, fabs((double)(foretold - coming)));
        observe(seen, &coming, s % 3);
        alarm_predict_one(&guard.params, &alarm_work, seen, likely);
        right += likely[s % 3] > likely[(s + 1) % 3] && likely[s % 3] > likely[(s + 2) % 3];
    }
    printf("largest error of a forecast: %.3f; faults named rightly: %d of 300\n", worst, right);
    return right >= 285 && worst < 0.5 ? 0 : 1;
}

// Trains one step at a time from a loop of its own: the program decides what a batch is, how the rate falls, what to
// watch between gradients and update, and when to stop.
#include "spirals.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <vector>

struct Points {
    std::vector<nn_real> position;      // two numbers a point
    std::vector<int32_t> arm;
};

static Points draw(int count, std::mt19937 &random) {
    Points points;
    std::uniform_real_distribution<double> along(0.1, 1.0);
    std::normal_distribution<double> off(0, 0.01);
    for (int i = 0; i < count; i++) {
        const double r = along(random), turn = 3 * 3.14159265 * r + (i % 2) * 3.14159265;
        points.position.push_back(static_cast<nn_real>(r * std::cos(turn) + off(random)));
        points.position.push_back(static_cast<nn_real>(r * std::sin(turn) + off(random)));
        points.arm.push_back(i % 2);
    }
    return points;
}

static double length_of(const spirals_params &gradient) {
    const nn_real *g = reinterpret_cast<const nn_real *>(&gradient);      // a struct of arrays of one type, no gaps
    double sum = 0;
    for (size_t i = 0; i < sizeof gradient / sizeof *g; i++) sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
    return std::sqrt(sum);
}

int main() {
    std::mt19937 random(1);
    auto model = std::make_unique<spirals>();
    spirals_init(model.get(), 1);

    const Points test = draw(400, random);
    double accuracy = 0;
    for (int step = 1; step <= 3000 && accuracy < 0.99; step++) {
        const Points batch = draw(SPIRALS_BATCH, random);
        model->hyper.lr = 0.01 * std::pow(0.5, step / 1000);
        const double loss = spirals_gradients(model.get(), SPIRALS_BATCH, batch.position.data(), batch.arm.data());
        const double length = length_of(model->grads);
        spirals_update(model.get());
        if (step % 250 != 0) continue;

        spirals_reset(model.get());
        for (int first = 0; first < 400; first += SPIRALS_BATCH) {
            const int n = std::min<int>(SPIRALS_BATCH, 400 - first);
            spirals_evaluate(model.get(), n, &test.position[2 * static_cast<size_t>(first)], &test.arm[static_cast<size_t>(first)]);
        }
        spirals_metrics(model.get(), &accuracy);
        std::printf("step %4d  loss %.4f  gradient %.3f  test accuracy %.3f\n", step, loss, length, accuracy);
    }
    return accuracy >= 0.95 ? 0 : 1;
}

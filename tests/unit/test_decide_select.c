/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Selectors by figures: RHV's own cases first, then ties, single hosts and what is not finite. */
#include "unit/decide_bench.h"

#include "decide/select.h"

#include <math.h>

#define HOSTS_MAX 8

struct election {
    struct bound_unit units[4];
    struct ballot ballots[4];
    double weights[4][HOSTS_MAX], ranks[4][HOSTS_MAX];
    double scores[HOSTS_MAX];
    uint32_t n_units, n_hosts;
};

static void add(struct election *election, double factor, const double *weights)
{
    uint32_t u = election->n_units++;
    memcpy(election->weights[u], weights, election->n_hosts * sizeof *weights);
    election->units[u] = (struct bound_unit){.name = "unit", .factor = factor};
    election->ballots[u] = (struct ballot){
        .unit = &election->units[u],
        .weights = election->weights[u],
        .ranks = election->ranks[u],
    };
}

static uint32_t elect(struct election *election, enum selector selector)
{
    struct arena scratch = ARENA_INIT;
    uint32_t winner = select_host(selector, election->ballots, election->n_units,
                                  election->n_hosts, election->scores, &scratch);
    arena_free(&scratch);
    return winner;
}

#define NEARLY(a, b) assert_true(fabs((a) - (b)) < 1e-9)

/* RHV's rank_basic: a host of which a unit says nothing has the weight 0. */
static void rhv_rank_basic(void **state)
{
    (void)state;
    struct election election = {.n_hosts = 3};
    add(&election, 1, (double[]){500000, 1000, 85366814});
    add(&election, 100, (double[]){100, 0, 50});
    assert_int_equal(elect(&election, SELECTOR_RANK), 1);
    NEARLY(election.scores[0], 1);
    NEARLY(election.scores[1], 202);
    NEARLY(election.scores[2], 100);
}

/* RHV's testSameWeightRankingWithExternalScheduler: ties share the better rank. */
static void rhv_rank_with_external(void **state)
{
    (void)state;
    struct election election = {.n_hosts = 3};
    add(&election, 1, (double[]){200, 200, 200});
    add(&election, 1, (double[]){200, 300, 200});
    add(&election, 100, (double[]){0, 0, 1});
    assert_int_equal(elect(&election, SELECTOR_RANK), 0);
    NEARLY(election.scores[0], 204);
    NEARLY(election.scores[1], 202);
    NEARLY(election.scores[2], 4);
}

/* RHV's weight_raw. */
static void rhv_weight_raw(void **state)
{
    (void)state;
    struct election election = {.n_hosts = 3};
    add(&election, 1, (double[]){500000, 1000, 85366814});
    add(&election, 1, (double[]){100, 0, 50});
    assert_int_equal(elect(&election, SELECTOR_RAW), 1);
    NEARLY(election.scores[0], 500100);
    NEARLY(election.scores[1], 1000);
    NEARLY(election.scores[2], 85366864);
}

static void ranks_of_ties(void **state)
{
    (void)state;
    struct election election = {.n_hosts = 5};
    add(&election, 1, (double[]){7, 3, 7, 3, 9});
    assert_int_equal(elect(&election, SELECTOR_RANK), 1);
    static const double expected[] = {2, 4, 2, 4, 0};
    for (uint32_t i = 0; i < 5; i++)
        NEARLY(election.ranks[0][i], expected[i]);
}

static void equal_weights_give_all_the_best_rank_and_the_first_wins(void **state)
{
    (void)state;
    for (int selector = SELECTOR_RANK; selector <= SELECTOR_RAW; selector++) {
        struct election election = {.n_hosts = 4};
        add(&election, 3, (double[]){-2.5, -2.5, -2.5, -2.5});
        assert_int_equal(elect(&election, (enum selector)selector), 0);
        for (uint32_t i = 0; i < 4; i++) {
            static const double each[] = {9, 3, -7.5};
            NEARLY(election.scores[i], each[selector]);
        }
    }
}

static void one_host_wins_whatever_it_weighs(void **state)
{
    (void)state;
    for (int selector = SELECTOR_RANK; selector <= SELECTOR_RAW; selector++) {
        struct election election = {.n_hosts = 1};
        add(&election, 2, (double[]){1e9});
        assert_int_equal(elect(&election, (enum selector)selector), 0);
    }
}

static void without_weights_the_first_wins(void **state)
{
    (void)state;
    for (int selector = SELECTOR_RANK; selector <= SELECTOR_RAW; selector++) {
        struct election election = {.n_hosts = 3};
        assert_int_equal(elect(&election, (enum selector)selector), 0);
        NEARLY(election.scores[2], 0);
    }
}

static void a_factor_of_zero_silences_a_unit(void **state)
{
    (void)state;
    for (int selector = SELECTOR_RANK; selector <= SELECTOR_RAW; selector++) {
        struct election election = {.n_hosts = 2};
        add(&election, 0, (double[]){1, 1000});
        add(&election, 1, (double[]){5, 4});
        assert_int_equal(elect(&election, (enum selector)selector), 1);
    }
}

static void normalized_scales_each_unit_to_0_1(void **state)
{
    (void)state;
    struct election election = {.n_hosts = 3};
    add(&election, 1, (double[]){10, 20, 30});
    add(&election, 2, (double[]){-1000, 1000, 0});
    assert_int_equal(elect(&election, SELECTOR_NORMALIZED), 0);
    NEARLY(election.scores[0], 1 + 2);
    NEARLY(election.scores[1], 0.5 + 0);
    NEARLY(election.scores[2], 0 + 1);
}

/* INFINITY is how a unit says "never": that host must not win, nor spoil the others' scores. */
static void an_infinite_weight_loses_under_every_selector(void **state)
{
    (void)state;
    for (int selector = SELECTOR_RANK; selector <= SELECTOR_RAW; selector++) {
        struct election election = {.n_hosts = 3};
        add(&election, 1, (double[]){INFINITY, 20, 10});
        add(&election, 0, (double[]){INFINITY, INFINITY, 10});
        uint32_t winner = elect(&election, (enum selector)selector);
        assert_int_not_equal(winner, 0);
        for (uint32_t i = 0; i < 3; i++)
            assert_false(isnan(election.scores[i]));
    }
    struct election all = {.n_hosts = 2};
    add(&all, 1, (double[]){INFINITY, -INFINITY});
    assert_int_equal(elect(&all, SELECTOR_NORMALIZED), 1);
    assert_int_equal(elect(&all, SELECTOR_RAW), 1);
    assert_int_equal(elect(&all, SELECTOR_RANK), 1);
}

/* Ranks see order alone: any growing function of the weights elects the same host. */
static void ranks_do_not_see_magnitudes(void **state)
{
    (void)state;
    struct chance chance = {1};
    for (int round = 0; round < 2000; round++) {
        struct election plain = {.n_hosts = 1 + chance_below(&chance, HOSTS_MAX)};
        struct election grown = {.n_hosts = plain.n_hosts};
        for (uint32_t u = 0; u < 3; u++) {
            double weights[HOSTS_MAX] = {0}, larger[HOSTS_MAX] = {0};
            double factor = chance_below(&chance, 5);
            for (uint32_t i = 0; i < plain.n_hosts; i++) {
                weights[i] = chance_below(&chance, 6);
                larger[i] = exp(weights[i]) * 1000 - 5;
            }
            add(&plain, factor, weights);
            add(&grown, factor, larger);
        }
        assert_int_equal(elect(&plain, SELECTOR_RANK), elect(&grown, SELECTOR_RANK));
        for (uint32_t i = 0; i < plain.n_hosts; i++)
            NEARLY(plain.scores[i], grown.scores[i]);
    }
}

/* rank(host) = (n - 1) - hosts with a strictly lower weight, counted here the slow way. */
static void ranks_are_what_the_formula_says(void **state)
{
    (void)state;
    struct chance chance = {2};
    for (int round = 0; round < 2000; round++) {
        struct election election = {.n_hosts = 1 + chance_below(&chance, HOSTS_MAX)};
        double weights[HOSTS_MAX] = {0};
        for (uint32_t i = 0; i < election.n_hosts; i++)
            weights[i] = (double)chance_below(&chance, 4) - 2;
        add(&election, 1, weights);
        uint32_t winner = elect(&election, SELECTOR_RANK);
        uint32_t best = 0;
        for (uint32_t i = 0; i < election.n_hosts; i++) {
            double lower = 0;
            for (uint32_t k = 0; k < election.n_hosts; k++)
                lower += weights[k] < weights[i];
            NEARLY(election.ranks[0][i], election.n_hosts - 1 - lower);
            best = weights[i] < weights[best] ? i : best;
        }
        assert_int_equal(winner, best);
    }
}

/* Ranks are counts: (n - 1) less those that are strictly lower, however the weights lie. */
static void ranks_are_counted(void **state)
{
    (void)state;
    enum { N = 300 };
    static double weights[N], ranks[N], scores[N];
    struct chance chance = {31};
    for (int round = 0; round < 400; round++) {
        struct bound_unit unit = {.name = "unit", .factor = 1};
        struct ballot ballot = {.unit = &unit, .weights = weights, .ranks = ranks};
        uint32_t n = 2 + chance_below(&chance, N - 1), spread = 1 + chance_below(&chance, 1000);
        int form = (int)chance_below(&chance, 4);
        for (uint32_t i = 0; i < n; i++) {
            double x = chance_below(&chance, spread) / 7.0;
            weights[i] = form == 0 ? x : form == 1 ? exp(x) : form == 2 ? -1 / (x + 1e-9) : fmin(x, 1);
            if (chance_one_in(&chance, 50))
                weights[i] = chance_one_in(&chance, 2) ? INFINITY : -INFINITY;
        }
        struct arena scratch = ARENA_INIT;
        select_host(SELECTOR_RANK, &ballot, 1, n, scores, &scratch);
        arena_free(&scratch);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t lower = 0;
            for (uint32_t k = 0; k < n; k++)
                lower += weights[k] < weights[i];
            assert_true(ranks[i] == (double)(n - 1 - lower));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rhv_rank_basic),
        cmocka_unit_test(ranks_are_counted),
        cmocka_unit_test(rhv_rank_with_external),
        cmocka_unit_test(rhv_weight_raw),
        cmocka_unit_test(ranks_of_ties),
        cmocka_unit_test(equal_weights_give_all_the_best_rank_and_the_first_wins),
        cmocka_unit_test(one_host_wins_whatever_it_weighs),
        cmocka_unit_test(without_weights_the_first_wins),
        cmocka_unit_test(a_factor_of_zero_silences_a_unit),
        cmocka_unit_test(normalized_scales_each_unit_to_0_1),
        cmocka_unit_test(an_infinite_weight_loses_under_every_selector),
        cmocka_unit_test(ranks_do_not_see_magnitudes),
        cmocka_unit_test(ranks_are_what_the_formula_says),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

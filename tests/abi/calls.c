/* Every function of motes.h from C11, with answers that can be worked out by hand, and what each refuses. A program, or
 * (with MOTES_ABI_SHARED) a function of a shared library: 0, or how many expectations failed. */
#include <motes/motes.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#ifndef __STDC_NO_THREADS__
#include <threads.h>
#endif

static int failed = 0;
static motes_error error;

static void expect(int holds, const char* what, int line) {
  if (holds) return;
  ++failed;
  printf("calls.c:%d: %s\n", line, what);
}

static void expect_status(motes_status status, motes_status expected, const char* words, int64_t index, int line) {
  if (status == expected && (status == MOTES_OK || (strcmp(error.text, words) == 0 && error.index == index))) return;
  ++failed;
  printf("calls.c:%d: status %d, \"%s\" at %lld\n", line, (int)status, status ? error.text : "",
         status ? (long long)error.index : -1);
}

#define EXPECT(holds) expect((holds) != 0, #holds, __LINE__)
#define FINE(call) expect_status((call), MOTES_OK, "", -1, __LINE__)
#define REFUSED(call, words, index) expect_status((call), MOTES_BAD_ARGUMENT, (words), (index), __LINE__)
#define SAME(type, n, found, ...) EXPECT(memcmp((found), (type[]){__VA_ARGS__}, (n) * sizeof(type)) == 0)
#define NEAR(found, expected) EXPECT(fabs((double)(found) - (expected)) < 1e-5)

/* Three patterns of 2x2 pixels: photons in pixels 0 and 2; none; three photons in pixel 1 and one in pixel 3. */
enum { N = 3, M = 4, R = 2 };
static const int64_t indptr[N + 1] = {0, 2, 2, 4};
static const uint16_t pixels[4] = {0, 2, 1, 3};
static const int64_t multi_position[1] = {2};
static const int32_t multi_extra[1] = {2};
static const motes_patterns patterns = {.struct_size = sizeof(motes_patterns), .n_patterns = N, .n_pixels = M,
                                        .indptr = indptr, .pixels = pixels, .pixel_bytes = 2, .n_multi = 1,
                                        .multi_position = multi_position, .multi_extra = multi_extra};
static const float weights[M * R] = {0, 0, 1, -1, 2, -2, 3, -3}, base[R] = {0, 1};
static const double weights_f64[M * R] = {0, 0, 1, -1, 2, -2, 3, -3}, base_f64[R] = {0, 1};

static void test_version(void) {
  EXPECT(MOTES_VERSION_CHECK());
  EXPECT(strcmp(motes_version(), MOTES_VERSION) == 0);
  EXPECT(motes_version_number() == MOTES_VERSION_NUMBER);
  EXPECT(motes_version_matches(MOTES_VERSION_NUMBER + 1));
  EXPECT(!motes_version_matches(MOTES_VERSION_NUMBER - 1));
  EXPECT(!motes_version_matches(MOTES_VERSION_NUMBER + 10000));
  EXPECT(motes_isa_available(motes_isa()) && motes_isa_available("baseline"));
  EXPECT(!motes_isa_available("abacus") && !motes_isa_available(NULL));
  EXPECT(motes_hardware_threads() >= 1);
  EXPECT(strcmp(motes_status_text(MOTES_OUT_OF_MEMORY), "out of memory") == 0);
}

static int stop_at_once(void* calls) { return ++*(int*)calls; }

static void test_structs(void) {
  struct {
    motes_patterns known;
    int64_t later;
  } grown = {patterns, 0};
  motes_patterns bad = patterns;
  float out[N * R];
  int64_t photons[M];
  int n_asked = 0;
  motes_run run = MOTES_RUN_INIT;
  REFUSED(motes_check_patterns(NULL, &error), "patterns: null pointer", -1);
  grown.known.struct_size = sizeof grown;
  FINE(motes_check_patterns(&grown.known, &error));
  grown.later = 1;
  REFUSED(motes_check_patterns(&grown.known, &error),
          "patterns: asks for what this library, " MOTES_VERSION ", does not know (bytes beyond 72 are not zero)", -1);
  bad.struct_size = 0;
  REFUSED(motes_total_image(&bad, photons, NULL, &error), "patterns.struct_size: expected its sizeof, 72 bytes, got 0", -1);
  run.struct_size = 8;
  REFUSED(motes_total_image(&patterns, photons, &run, &error), "run.struct_size: expected its sizeof, 32 bytes, got 8", -1);
  run.struct_size = sizeof run;
  run.threads = -1;
  REFUSED(motes_total_image(&patterns, photons, &run, &error), "threads: expected 0 to 1024, got -1", -1);
  run.threads = 1;
  run.stop = &stop_at_once;
  run.stop_argument = &n_asked;
  expect_status(motes_likelihood_f32(&patterns, weights, base, R, out, &run, &error), MOTES_INTERRUPTED, "interrupted", -1,
                __LINE__);
  EXPECT(n_asked == 1);
  EXPECT(motes_check_patterns(NULL, NULL) == MOTES_BAD_ARGUMENT); /* nobody has to listen */
}

static void test_ingest(void) {
  const int32_t rows[4] = {2, 0, 2, 0}, bad_rows[4] = {0, 0, -1, 0};
  const uint8_t columns[4] = {1, 2, 3, 0}, counts[4] = {3, 1, 1, 1};
  const int64_t which[2] = {2, 0}, outside[1] = {3};
  const motes_integers column = {columns, MOTES_UINT8};
  motes_coo entries = {4, {rows, MOTES_INT32}, {columns, MOTES_UINT8}, {counts, MOTES_UINT8}};
  int64_t ptr[N + 1], position[1], n_lit = 0, n_multi = 0, largest = 0, image[M];
  uint16_t lit[4];
  int32_t extra[1];
  expect_status(motes_ingest(&entries, N, M, ptr, lit, 2, &n_lit, NULL, NULL, &n_multi, NULL, &error), MOTES_TOO_SMALL,
                "the capacity of an output is too small", -1, __LINE__);
  EXPECT(n_multi == 1);
  FINE(motes_ingest(&entries, N, M, ptr, lit, 2, &n_lit, position, extra, &n_multi, NULL, &error));
  EXPECT(n_lit == 4 && position[0] == 2 && extra[0] == 2);
  EXPECT(memcmp(ptr, indptr, sizeof ptr) == 0 && memcmp(lit, pixels, sizeof lit) == 0);
  FINE(motes_largest(column, 4, &largest, "columns", NULL, &error));
  EXPECT(largest == 3);
  REFUSED(motes_largest((motes_integers){bad_rows, MOTES_INT32}, 4, &largest, "rows", NULL, &error),
          "rows: negative at index 2", 2);
  REFUSED(motes_largest(column, 4, NULL, "columns", NULL, &error), "largest: expected 1 values, got a null pointer", -1);
  REFUSED(motes_ingest(&entries, 2, M, ptr, lit, 2, &n_lit, position, extra, &n_multi, NULL, &error),
          "rows: 2 at index 0 is outside 0..1", 0);

  FINE(motes_take_count(&patterns, which, 2, &n_lit, &n_multi, &error));
  EXPECT(n_lit == 4 && n_multi == 1);
  FINE(motes_take(&patterns, which, 2, ptr, lit, position, extra, NULL, &error));
  SAME(int64_t, 3, ptr, 0, 2, 4);
  SAME(uint16_t, 4, lit, 1, 3, 0, 2);
  EXPECT(position[0] == 0 && extra[0] == 2);
  REFUSED(motes_take_count(&patterns, outside, 1, &n_lit, &n_multi, &error), "which: pattern 3 at index 0 is outside 0..2",
          0);
  REFUSED(motes_take(&patterns, which, 2, NULL, lit, position, extra, NULL, &error),
          "indptr: expected 1 values, got a null pointer", -1);
  FINE(motes_total_image(&patterns, image, NULL, &error));
  SAME(int64_t, M, image, 1, 3, 1, 1);
  REFUSED(motes_total_image(&patterns, NULL, NULL, &error), "photons: expected 4 values, got a null pointer", -1);
}

static void test_check_patterns(void) {
  const uint16_t far[4] = {0, 4, 1, 3}, unsorted[4] = {0, 2, 3, 3};
  const int64_t down[N + 1] = {0, 2, 1, 4};
  const int32_t none[1] = {0};
  motes_patterns bad = patterns;
  FINE(motes_check_patterns(&patterns, &error));
  bad.pixels = far;
  REFUSED(motes_check_patterns(&bad, &error), "pattern 0: pixel 4 is outside 0..3", 0);
  bad.pixels = unsorted;
  REFUSED(motes_check_patterns(&bad, &error), "pattern 2: pixels are not in ascending order", 2);
  bad.pixels = pixels;
  bad.multi_extra = none;
  REFUSED(motes_check_patterns(&bad, &error), "patterns.multi_extra: expected 1 or more at index 0, got 0", 0);
  bad.indptr = down;
  REFUSED(motes_check_patterns(&bad, &error), "patterns.indptr: descends after pattern 1", 1);
}

static void test_likelihood(void) {
  float bad[M * R], out[N * R], share[N * R], evidence[N];
  double out_f64[N * R], share_f64[N * R], evidence_f64[N];
  int32_t label[N];
  memcpy(bad, weights, sizeof bad);
  bad[5] = NAN;
  FINE(motes_likelihood_f32(&patterns, weights, base, R, out, NULL, &error));
  SAME(float, N * R, out, 2, -1, 0, 1, 6, -5);
  FINE(motes_likelihood_f64(&patterns, weights_f64, base_f64, R, out_f64, NULL, &error));
  SAME(double, N * R, out_f64, 2, -1, 0, 1, 6, -5);
  REFUSED(motes_likelihood_f32(&patterns, bad, base, R, out, NULL, &error), "weights: not finite at index 5", 5);
  REFUSED(motes_likelihood_f64(&patterns, weights_f64, base_f64, 0, out_f64, NULL, &error),
          "weights: expected 1 to 16777216 templates, got 0", -1);
  FINE(motes_posterior_f32(&patterns, weights, base, R, label, share, evidence, NULL, &error));
  SAME(int32_t, N, label, 0, 1, 0);
  NEAR(share[2], 1 / (1 + exp(1.0)));
  NEAR(evidence[0], log(exp(2.0) + exp(-1.0)));
  FINE(motes_posterior_f64(&patterns, weights_f64, base_f64, R, NULL, share_f64, evidence_f64, NULL, &error));
  NEAR(share_f64[2], 1 / (1 + exp(1.0)));
  NEAR(evidence_f64[0], log(exp(2.0) + exp(-1.0)));
  REFUSED(motes_posterior_f32(&patterns, NULL, base, R, label, NULL, NULL, NULL, &error),
          "weights: expected 8 values, got a null pointer", -1);
  REFUSED(motes_posterior_f64(NULL, weights_f64, base_f64, R, label, NULL, NULL, NULL, &error), "patterns: null pointer",
          -1);
}

static void test_backrotation(void) {
  const float coefficients[N * R] = {1, 0, 0, 0, 0.5f, 0.25f};
  const double coefficients_f64[N * R] = {1, 0, 0, 0, 0.5, 0.25}, endless[N * R] = {0, 0, INFINITY, 0, 0, 0};
  const double master[M] = {1, 2, 3, 4};
  const int32_t index[R * M] = {0, 1, 2, 3, 3, 2, 1, 0}, outside[R * M] = {0, 1, 2, 3, 3, 2, 1, 4};
  double planes[M * R], home[M];
  FINE(motes_backrotation_f32(&patterns, coefficients, R, planes, NULL, &error));
  SAME(double, M * R, planes, 1, 0, 1.5, 0.75, 1, 0, 0.5, 0.25);
  memset(planes, 0, sizeof planes);
  FINE(motes_backrotation_f64(&patterns, coefficients_f64, R, planes, NULL, &error));
  SAME(double, M * R, planes, 1, 0, 1.5, 0.75, 1, 0, 0.5, 0.25);
  REFUSED(motes_backrotation_f32(&patterns, NULL, R, planes, NULL, &error),
          "coefficients: expected 6 values, got a null pointer", -1);
  REFUSED(motes_backrotation_f64(&patterns, endless, R, planes, NULL, &error), "coefficients: not finite at index 2", 2);
  FINE(motes_expand(master, index, R, M, planes, &error));
  SAME(double, M * R, planes, 1, 4, 2, 3, 3, 2, 4, 1);
  FINE(motes_rotate_home(planes, index, R, M, home, &error));
  SAME(double, M, home, 2, 4, 6, 8);
  REFUSED(motes_expand(master, outside, R, M, planes, &error), "index: 4 at 7 is outside 0..3", 7);
  REFUSED(motes_rotate_home(planes, outside, R, M, home, &error), "index: 4 at 7 is outside 0..3", 7);
  REFUSED(motes_expand(master, index, R, INT64_MIN, planes, &error),
          "index: negative number of pixels, -9223372036854775808", -1);
  REFUSED(motes_rotate_home(planes, index, R, -M, home, &error), "index: negative number of pixels, -4", -1);
}

static void test_interpolation(void) {
  /* 3x3 pixels without their corners: as they are, and a quarter turn clockwise. */
  const double master[9] = {NAN, 1, NAN, 3, 4, 5, NAN, 7, NAN}, turns[8] = {1, 0, 0, 1, 0, 1, -1, 0};
  const double longer[4] = {1, 0, 0, 1.5}, planes[9] = {9, 1, 9, 3, 4, 5, 9, 7, 9};
  double templates[18], home[9];
  FINE(motes_interpolate(master, turns, 2, 3, templates, NULL, &error));
  SAME(double, 18, templates, 0, 0, 1, 3, 0, 0, 3, 7, 4, 4, 5, 1, 0, 0, 7, 5, 0, 0);
  FINE(motes_interpolate_home(planes, turns + 4, 1, 3, home, NULL, &error));
  SAME(double, 9, home, 0, 5, 0, 1, 4, 7, 0, 3, 0);
  REFUSED(motes_interpolate(master, longer, 1, 3, templates, NULL, &error),
          "turns: expected rotations, got ((1, 0), (0, 1.5)) at index 0", 0);
  REFUSED(motes_interpolate_home(planes, turns, 0, 3, home, NULL, &error),
          "turns: expected 1 to 16777216 templates, got 0", -1);
  REFUSED(motes_interpolate(master, turns, 1, 40000, templates, NULL, &error),
          "side: expected 0 to 32768 pixels, got 40000", -1);
  REFUSED(motes_interpolate_home(NULL, turns, 1, 3, home, NULL, &error), "planes: expected 9 values, got a null pointer", -1);
}

static void expect_hard_sums(const motes_sums* sums, const int64_t* planes, const int64_t* share) {
  const int64_t one = (int64_t)(1 / sums->quantum);
  const int64_t expected[M * R] = {one, 0, 3 * one, 0, one, 0, one, 0};
  EXPECT(memcmp(planes, expected, sizeof expected) == 0 && share[0] == 2 * one && share[1] == one);
  EXPECT(sums->log_likelihood[0] == 9 && sums->log_likelihood[1] == 0 && sums->n_impossible == 0);
}

static int sweep_often(void* wrong) {
  for (int k = 0; k < 200; ++k) {
    int64_t planes[M * R], share[R];
    motes_sums sums = {.struct_size = sizeof sums, .planes = planes, .weights = share};
    const motes_status status = motes_sweep_f32(&patterns, weights, base, R, MOTES_HARD, &sums, NULL, NULL);
    if (status || planes[0] != 1 << 20 || sums.log_likelihood[0] != 9) *(int*)wrong = 1;
  }
  return 0;
}

static void test_sweep(void) {
  int64_t planes[M * R], share[R];
  motes_sums sums = {.struct_size = sizeof sums, .planes = planes, .weights = share};
  FINE(motes_sweep_f32(&patterns, weights, base, R, MOTES_HARD, &sums, NULL, &error));
  expect_hard_sums(&sums, planes, share);
  FINE(motes_sweep_f64(&patterns, weights_f64, base_f64, R, MOTES_HARD, &sums, NULL, &error));
  expect_hard_sums(&sums, planes, share);
  REFUSED(motes_sweep_f32(&patterns, weights, base, R, (motes_assignment_rule)7, &sums, NULL, &error),
          "rule: expected soft (0) or hard (1)", -1);
  REFUSED(motes_sweep_f64(&patterns, weights_f64, base_f64, R, MOTES_SOFT, NULL, NULL, &error), "sums: null pointer", -1);
  sums.struct_size = 0;
  REFUSED(motes_sweep_f32(&patterns, weights, base, R, MOTES_SOFT, &sums, NULL, &error),
          "sums.struct_size: expected its sizeof, 56 bytes, got 0", -1);
#ifndef __STDC_NO_THREADS__
  thrd_t threads[4];
  int wrong[4] = {0};
  for (int k = 0; k < 4; ++k) EXPECT(thrd_create(&threads[k], &sweep_often, &wrong[k]) == thrd_success);
  for (int k = 0; k < 4; ++k) EXPECT(thrd_join(threads[k], NULL) == thrd_success && !wrong[k]);
#endif
}

static void test_assignment(void) {
  const double centres[M * 2] = {0, 1, 0, 1, 0, 1, 0, 1}, offsets[2] = {0, -1.5};
  int64_t photons[M * 2] = {0}, members[2] = {0};
  int32_t labels[N] = {-1, -1, -1};
  motes_clusters clusters = {.struct_size = sizeof clusters, .photons = photons, .members = members, .labels = labels};
  FINE(motes_assignment(&patterns, centres, offsets, 2, &clusters, NULL, &error));
  SAME(int32_t, N, labels, 1, 0, 1);
  SAME(int64_t, 2, members, 1, 2);
  SAME(int64_t, M * 2, photons, 0, 1, 0, 3, 0, 1, 0, 1);
  EXPECT(clusters.n_moved == 3 && clusters.score[0] == 3 && clusters.score[1] == 0);
  labels[1] = 2;
  REFUSED(motes_assignment(&patterns, centres, offsets, 2, &clusters, NULL, &error),
          "clusters.labels: expected -1..1, got 2 at index 1", 1);
}

static void test_outer(void) {
  const int32_t orbit[M] = {0, 1, 2, 3};
  const uint8_t phase[M] = {0}, turn[1] = {0};
  const motes_orbits orbits = {M, 1, orbit, phase, turn};
  double sums[M * M];
  FINE(motes_outer(&patterns, NULL, &orbits, 0, sums, NULL, &error));
  SAME(double, M * M, sums, 1, 0, 1, 0, 0, 9, 0, 3, 1, 0, 1, 0, 0, 3, 0, 1);
  REFUSED(motes_outer(&patterns, NULL, NULL, 0, sums, NULL, &error), "orbits: null pointer", -1);
}

static const double centres[6] = {0, 0, 0.1, 0, 10, 0}, radii[3] = {1, 1, 1}, scores[3] = {0.5, 0.9, 0.7};
static const motes_circles picks = {3, centres, radii, 8}, truth = {1, centres, radii, 8};
static const int64_t pick_indptr[2] = {0, 3}, truth_indptr[2] = {0, 1}, short_indptr[2] = {0, 2};

static void test_circles(void) {
  const double elsewhere[6] = {0, 0, 2.1, 0, 10, 0}, flat[3] = {1, 0, 1};
  const float corner[2] = {0, 0}, beside[2] = {1, 0}, size[2] = {2, 2};
  const motes_circles others = {3, elsewhere, radii, 8}, points = {3, centres, flat, 8};
  const motes_boxes box = {1, corner, size, 4}, next = {1, beside, size, 4}, odd = {1, corner, size, 3};
  const motes_boxes many = {INT64_MAX, corner, size, 4};
  const int64_t one[2] = {0, 1};
  double iou[9], distance = 0;
  float box_iou[1] = {0};
  FINE(motes_circle_iou(&picks, &others, iou, NULL, &error));
  SAME(double, 3, iou, 1, 0, 1);
  FINE(motes_circle_iou_all(&picks, &truth, 1, pick_indptr, truth_indptr, iou, NULL, &error));
  EXPECT(iou[0] == 1 && iou[1] > 0.8 && iou[1] < 1 && iou[2] == 0);
  FINE(motes_box_iou(&box, &next, box_iou, NULL, &error));
  NEAR(box_iou[0], 1 / 3.0);
  box_iou[0] = 0;
  FINE(motes_box_iou_all(&box, &next, 1, one, one, box_iou, NULL, &error));
  NEAR(box_iou[0], 1 / 3.0);
  FINE(motes_equal_radii_distance(0, &distance, &error));
  NEAR(distance, 2);
  REFUSED(motes_circle_iou(&picks, &points, iou, NULL, &error), "radii: expected 1e-30 to 1e20, got 0 at index 1", 1);
  REFUSED(motes_circle_iou_all(&picks, &truth, 1, short_indptr, truth_indptr, iou, NULL, &error),
          "a_indptr: expected to run from 0 to 3, runs from 0 to 2", -1);
  REFUSED(motes_box_iou(&box, &odd, box_iou, NULL, &error), "corners: expected reals of 4 or 8 bytes, got 3", -1);
  REFUSED(motes_box_iou(&many, &next, box_iou, NULL, &error), "a: expected 0 to 2^31, got 9223372036854775807", -1);
  REFUSED(motes_box_iou_all(&box, NULL, 1, one, one, box_iou, NULL, &error), "b: null pointer", -1);
  REFUSED(motes_equal_radii_distance(2, &distance, &error), "iou: expected 0 to 1, got 2", -1);
}

static void test_suppression(void) {
  const float map[6] = {0, 5, 0, 0, 0, 4}, holes[6] = {0, 5, 0, 0, NAN, 4};
  const double below[3] = {0.5, -1, 0.7};
  int64_t kept[3], kept_indptr[2], suppressor[3], peak[6], n_peaks[1];
  double decayed[3];
  FINE(motes_suppression(&picks, scores, 1, pick_indptr, MOTES_CIRCLE_IOU, 0.5, kept, kept_indptr, suppressor, NULL,
                         &error));
  SAME(int64_t, 2, kept_indptr, 0, 2);
  SAME(int64_t, 2, kept, 1, 2);
  SAME(int64_t, 3, suppressor, 1, -1, -1);
  FINE(motes_soft_suppression(&picks, scores, 1, pick_indptr, MOTES_LINEAR_DECAY, 0.5, 0.2, decayed, kept, kept_indptr,
                              NULL, &error));
  SAME(int64_t, 2, kept_indptr, 0, 2);
  EXPECT(decayed[1] == 0.9 && decayed[2] == 0.7 && decayed[0] < 0.2);
  FINE(motes_map_suppression(map, 4, 1, 2, 3, 1.0, 1.0, peak, n_peaks, NULL, &error));
  EXPECT(n_peaks[0] == 2 && peak[0] == 1 && peak[1] == 5);
  REFUSED(motes_suppression(&picks, scores, 1, pick_indptr, MOTES_DISTANCE, -1, kept, kept_indptr, NULL, NULL, &error),
          "distance: expected 0 to 1e+20, got -1", -1);
  REFUSED(motes_soft_suppression(&picks, below, 1, pick_indptr, MOTES_GAUSSIAN_DECAY, 0.5, 0, decayed, kept, kept_indptr,
                                 NULL, &error),
          "scores: expected 0 or more (a decay would raise it), got -1 at index 1", 1);
  REFUSED(motes_map_suppression(holes, 4, 1, 2, 3, 1.0, 1.0, peak, n_peaks, NULL, &error),
          "map: not a number at row 1, column 1", 4);
  REFUSED(motes_map_suppression(NULL, 4, INT64_MAX, 2, 3, 1.0, 1.0, peak, n_peaks, NULL, &error),
          "map: 9223372036854775807 maps of 2 x 3", -1);
}

static void test_matching(void) {
  int64_t matched[3], pair_indptr[4], partner[2];
  double overlap[3];
  FINE(motes_matching(&picks, scores, &truth, 1, pick_indptr, truth_indptr, MOTES_CIRCLE_IOU, 0.5, MOTES_GREEDY, matched,
                      overlap, NULL, &error));
  SAME(int64_t, 3, matched, -1, 0, -1);
  EXPECT(overlap[0] == 0 && overlap[1] > 0.8);
  expect_status(motes_near_pairs(&picks, &truth, 1, pick_indptr, truth_indptr, MOTES_DISTANCE, 1, 0, pair_indptr, NULL,
                                 NULL, NULL, &error),
                MOTES_TOO_SMALL, "the capacity of an output is too small", -1, __LINE__);
  EXPECT(pair_indptr[3] == 2);
  FINE(motes_near_pairs(&picks, &truth, 1, pick_indptr, truth_indptr, MOTES_DISTANCE, 1, 2, pair_indptr, partner, overlap,
                        NULL, &error));
  SAME(int64_t, 4, pair_indptr, 0, 1, 2, 2);
  EXPECT(partner[0] == 0 && partner[1] == 0 && overlap[0] == 0 && fabs(overlap[1] - 0.1) < 1e-12);
  REFUSED(motes_matching(NULL, scores, &truth, 1, pick_indptr, truth_indptr, MOTES_DISTANCE, 1, MOTES_GREEDY, matched,
                         overlap, NULL, &error),
          "picks: null pointer", -1);
  REFUSED(motes_near_pairs(&picks, &truth, 1, pick_indptr, truth_indptr, (motes_measure)9, 1, 0, pair_indptr, NULL, NULL,
                           NULL, &error),
          "measure: unknown, 9", -1);
}

MOTES_API int motes_abi_calls(void);

int motes_abi_calls(void) {
  failed = 0;
  test_version();
  test_structs();
  test_ingest();
  test_check_patterns();
  test_likelihood();
  test_backrotation();
  test_interpolation();
  test_sweep();
  test_assignment();
  test_outer();
  test_circles();
  test_suppression();
  test_matching();
  fflush(stdout);
  return failed;
}

#ifndef MOTES_ABI_SHARED
int main(void) {
  const int n_failed = motes_abi_calls();
  printf("motes %s, %s: %d failed\n", motes_version(), motes_isa(), n_failed);
  return n_failed != 0;
}
#endif

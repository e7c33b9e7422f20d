/* Every function of motes_cuda.h from C11. The caller gives device arrays, and looks at what was written to them. */
#include <motes/motes_cuda.h>

#include <stdio.h>
#include <string.h>

static int failed;
static motes_error error;

static void expect_status(motes_status status, motes_status expected, const char* words, int line) {
  if (status == expected && (status == MOTES_OK || strcmp(error.text, words) == 0)) return;
  ++failed;
  printf("calls_cuda.c:%d: status %d, \"%s\"\n", line, (int)status, status ? error.text : "");
}

static void expect(int holds, const char* what, int line) {
  if (holds) return;
  ++failed;
  printf("calls_cuda.c:%d: %s\n", line, what);
}

#define EXPECT(holds) expect((holds) != 0, #holds, __LINE__)
#define FINE(call) expect_status((call), MOTES_OK, "", __LINE__)
#define REFUSED(call, words) expect_status((call), MOTES_BAD_ARGUMENT, (words), __LINE__)

/* The patterns of calls.c, and what a sweep of the last `n` of them finds. */
enum { N = 3, M = 4, R = 2 };
static const int64_t indptr[N + 1] = {0, 2, 2, 4};
static const uint16_t pixels[4] = {0, 2, 1, 3};
static const int64_t multi_position[1] = {2};
static const int32_t multi_extra[1] = {2};
static const float weights[M * R] = {0, 0, 1, -1, 2, -2, 3, -3}, base[R] = {0, 1};
static const int32_t turned[R * M] = {0, 1, 2, 3, 2, 0, 3, 1}; /* as it is, and a quarter turn */
static const double weights_f64[M * R] = {0, 0, 1, -1, 2, -2, 3, -3}, base_f64[R] = {0, 1};

/* Device memory: patterns as above, other pixels of theirs that are wrong, entries, three circles, a map, and room for results. */
typedef struct {
  const void *indptr, *pixels, *bad_pixels, *multi_position, *multi_extra;
  const void *rows, *cols, *counts; /* entries of the same patterns, in another order; counts of one byte */
  const void *centres, *radii, *scores, *corners, *sizes, *map;
  const void *coefficients_f32, *coefficients_f64;
  const void* master;
  void *labels; /* of clusters: -1, -1, -1 at first */
  void* start;  /* a point: its master and weights */
  void *scores_f32, *scores_f64, *label, *responsibility, *evidence, *planes_f32, *planes_f64, *iou, *iou_all, *box_iou, *box_iou_all, *kept, *suppressor, *peak;
  void *templates, *home, *outer, *next, *beyond;
} device_arrays;

static motes_patterns host_patterns(void) {
  const motes_patterns x = {.struct_size = sizeof x, .n_patterns = N, .n_pixels = M, .indptr = indptr, .pixels = pixels,
                            .pixel_bytes = 2, .n_multi = 1, .multi_position = multi_position, .multi_extra = multi_extra};
  return x;
}

static motes_patterns device_patterns(const device_arrays* there) {
  motes_patterns x = host_patterns();
  x.indptr = there->indptr;
  x.pixels = there->pixels;
  x.multi_position = there->multi_position;
  x.multi_extra = there->multi_extra;
  return x;
}

static void expect_sweep(const motes_cuda_patterns* held, int first_too) {
  int64_t planes[M * R], share[R];
  motes_sums sums = {.struct_size = sizeof sums, .planes = planes, .weights = share};
  FINE(motes_cuda_sweep_f32(held, weights, base, R, MOTES_HARD, &sums, NULL, &error));
  EXPECT(planes[0] == (int64_t)first_too << 20 && planes[2] == 3 << 20 && planes[6] == 1 << 20 && planes[3] == 0);
  EXPECT(share[0] == (1 + first_too) << 20 && share[1] == 1 << 20);
  EXPECT(sums.log_likelihood[0] == 7 + 2 * first_too && sums.n_impossible == 0);
  FINE(motes_cuda_sweep_f64(held, weights_f64, base_f64, R, MOTES_HARD, &sums, NULL, &error));
  EXPECT(planes[2] == (int64_t)3 << 30 && sums.log_likelihood[0] == 7 + 2 * first_too);
  REFUSED(motes_cuda_sweep_f32(held, weights, base, R, (motes_assignment_rule)7, &sums, NULL, &error),
          "rule: expected soft (0) or hard (1)");
  REFUSED(motes_cuda_sweep_f64(held, weights_f64, base_f64, R, MOTES_SOFT, NULL, NULL, &error), "sums: null pointer");
}

static void expect_assignment(const motes_cuda_patterns* held, void* labels) {
  const double centres[M * 2] = {0, 1, 0, 1, 0, 1, 0, 1}, offsets[2] = {0, -1.5};
  int64_t photons[M * 2] = {0}, members[2] = {0};
  motes_clusters clusters = {.struct_size = sizeof clusters, .photons = photons, .members = members, .labels = labels};
  FINE(motes_cuda_assignment(held, centres, offsets, 2, &clusters, NULL, &error));
  EXPECT(members[0] == 1 && members[1] == 2 && photons[1] == 1 && photons[3] == 3 && photons[2] == 0);
  EXPECT(clusters.n_moved == 3 && clusters.score[0] == 3 && clusters.score[1] == 0);
  clusters.struct_size = 0;
  REFUSED(motes_cuda_assignment(held, centres, offsets, 2, &clusters, NULL, &error),
          "clusters.struct_size: expected its sizeof, 56 bytes, got 0");
}

static void test_devices(void) {
  char words[128];
  int n_devices = 0;
  motes_cuda_facts facts = {.struct_size = sizeof facts};
  motes_cuda_run run = MOTES_CUDA_RUN_INIT;
  EXPECT(MOTES_CUDA_VERSION_CHECK() && motes_cuda_version_number() == MOTES_VERSION_NUMBER);
  EXPECT(strcmp(motes_cuda_version(), MOTES_VERSION) == 0);
  FINE(motes_cuda_device_count(&n_devices, &error));
  FINE(motes_cuda_device_facts(0, &facts, &error));
  EXPECT(*facts.name && facts.multiprocessors > 0 && facts.memory > 0 && facts.shared_per_block >= 48 << 10);
  snprintf(words, sizeof words, "device: cuda:99 is not there, this process sees cuda:0 to cuda:%d", n_devices - 1);
  REFUSED(motes_cuda_device_facts(99, &facts, &error), words);
  run.device = 99;
  REFUSED(motes_cuda_synchronize(&run, &error), words);
  run.struct_size = 0;
  REFUSED(motes_cuda_synchronize(&run, &error), "run.struct_size: expected its sizeof, 24 bytes, got 0");
  REFUSED(motes_cuda_device_count(NULL, &error), "n_devices: expected 1 values, got a null pointer");
}

static void test_patterns(const device_arrays* there) {
  motes_patterns here = host_patterns(), far = device_patterns(there);
  motes_cuda_patterns* held = NULL;
  int64_t n_patterns = 0, n_pixels = 0, bytes = 0;
  int device = -1;
  float out[N * R];

  FINE(motes_cuda_patterns_from_host(&here, &held, NULL, &error));
  FINE(motes_cuda_patterns_extents(held, &n_patterns, &n_pixels, &device, &bytes, &error));
  EXPECT(n_patterns == N && n_pixels == M && device == 0 && bytes > 0);
  expect_sweep(held, 1);
  FINE(motes_cuda_likelihood_f32(held, weights, base, R, there->scores_f32, NULL, &error));
  FINE(motes_cuda_likelihood_f64(held, weights_f64, base_f64, R, there->scores_f64, NULL, &error));
  FINE(motes_cuda_posterior_f32(held, weights, base, R, there->label, there->responsibility, there->evidence, NULL, &error));
  FINE(motes_cuda_posterior_f64(held, weights_f64, base_f64, R, there->label, NULL, NULL, NULL, &error));
  REFUSED(motes_cuda_posterior_f32(held, weights, base, R, NULL, out, NULL, NULL, &error),
          "responsibility: expected memory of cuda:0, got the host's");
  FINE(motes_cuda_backrotation_f32(held, there->coefficients_f32, R, there->planes_f32, NULL, &error));
  FINE(motes_cuda_backrotation_f64(held, there->coefficients_f64, R, there->planes_f64, NULL, &error));
  REFUSED(motes_cuda_backrotation_f32(held, NULL, R, there->planes_f32, NULL, &error),
          "coefficients: expected 6 values, got a null pointer");
  expect_assignment(held, there->labels);
  REFUSED(motes_cuda_likelihood_f32(held, weights, base, R, out, NULL, &error),
          "out: expected memory of cuda:0, got the host's");
  REFUSED(motes_cuda_likelihood_f64(NULL, weights_f64, base_f64, R, there->scores_f64, NULL, &error),
          "patterns: null pointer");
  FINE(motes_cuda_patterns_free(held, NULL, &error));
  FINE(motes_cuda_patterns_free(NULL, NULL, &error));

  FINE(motes_cuda_patterns_from_device(&far, &held, NULL, &error));
  expect_sweep(held, 1);
  FINE(motes_cuda_patterns_free(held, NULL, &error));

  here.n_patterns = far.n_patterns = N - 1; /* without the first */
  here.indptr += 1;
  far.indptr += 1;
  FINE(motes_cuda_patterns_from_host(&here, &held, NULL, &error));
  expect_sweep(held, 0);
  FINE(motes_cuda_patterns_free(held, NULL, &error));
  FINE(motes_cuda_patterns_from_device(&far, &held, NULL, &error));
  expect_sweep(held, 0);
  FINE(motes_cuda_patterns_free(held, NULL, &error));

  far.pixels = there->bad_pixels;
  REFUSED(motes_cuda_patterns_from_device(&far, &held, NULL, &error), "pattern 1: pixel 4 is outside 0..3");
  EXPECT(held == NULL);
  here = host_patterns();
  REFUSED(motes_cuda_patterns_from_device(&here, &held, NULL, &error),
          "patterns.indptr: expected memory of cuda:0, got the host's");
  here.struct_size = 0;
  REFUSED(motes_cuda_patterns_from_host(&here, &held, NULL, &error),
          "patterns.struct_size: expected its sizeof, 72 bytes, got 0");
  REFUSED(motes_cuda_patterns_extents(NULL, NULL, NULL, NULL, NULL, &error), "patterns: expected 1 values, got a null pointer");
}

static void test_take(const device_arrays* there) {
  const motes_patterns here = host_patterns();
  const int64_t which[4] = {2, 1, 0, 2}, outside[2] = {0, N};
  motes_cuda_patterns *held = NULL, *taken = NULL;
  int64_t photons[M] = {0}, n_patterns = 0;
  FINE(motes_cuda_patterns_from_host(&here, &held, NULL, &error));
  FINE(motes_cuda_take(held, which, 4, &taken, NULL, &error));
  FINE(motes_cuda_patterns_extents(taken, &n_patterns, NULL, NULL, NULL, &error));
  FINE(motes_cuda_total_image(taken, photons, NULL, &error));
  EXPECT(n_patterns == 4 && photons[0] == 1 && photons[1] == 6 && photons[2] == 1 && photons[3] == 2);
  FINE(motes_cuda_patterns_free(taken, NULL, &error));
  REFUSED(motes_cuda_take(held, outside, 2, &taken, NULL, &error), "which: pattern 3 at index 1 is outside 0..2");
  EXPECT(taken == NULL);
  REFUSED(motes_cuda_take(NULL, which, 4, &taken, NULL, &error), "patterns: null pointer");

  const int32_t orbit[M] = {0, 1, 2, 3};
  const uint8_t phase[M] = {0}, turn[1] = {0};
  const motes_orbits orbits = {M, 1, orbit, phase, turn};
  FINE(motes_cuda_outer(held, NULL, &orbits, 0, there->outer, NULL, &error));
  REFUSED(motes_cuda_outer(held, NULL, NULL, 0, there->outer, NULL, &error), "orbits: null pointer");
  FINE(motes_cuda_patterns_free(held, NULL, &error));
}

static void test_turns(const device_arrays* there) {
  const int32_t outside[R * M] = {0, 1, 2, 3, 2, 0, 3, 4};
  FINE(motes_cuda_expand(there->master, turned, R, M, there->templates, NULL, &error));
  FINE(motes_cuda_rotate_home(there->templates, turned, R, M, there->home, NULL, &error));
  REFUSED(motes_cuda_expand(there->master, outside, R, M, there->templates, NULL, &error), "index: 4 at 7 is outside 0..3");
  REFUSED(motes_cuda_rotate_home(there->templates, outside, R, M, there->home, NULL, &error),
          "index: 4 at 7 is outside 0..3");
  REFUSED(motes_cuda_expand(weights_f64, turned, R, M, there->templates, NULL, &error),
          "master: expected memory of cuda:0, got the host's");
  REFUSED(motes_cuda_expand(there->master, turned, R, -M, there->templates, NULL, &error),
          "index: negative number of pixels, -4");
  REFUSED(motes_cuda_rotate_home(there->templates, turned, R, -M, there->home, NULL, &error),
          "index: negative number of pixels, -4");
}

static void test_em(const device_arrays* there) {
  const motes_patterns here = host_patterns();
  const uint8_t good[M] = {1, 1, 1, 1};
  const int32_t twice[R * M] = {0, 1, 2, 3, 2, 0, 3, 3};
  const int64_t which[4] = {2, 1, 0, 2};
  motes_cuda_em_setting setting = {.struct_size = sizeof setting, .n_rotations = R, .index = turned, .good = good,
                                   .noise = MOTES_CUDA_POISSON, .low = 1e-3 / N, .high = 1e300, .least_weight = 1e-3 / N,
                                   .estimate_weights = 1};
  motes_cuda_patterns *held = NULL, *more = NULL;
  motes_cuda_em* em = NULL;
  int64_t n_values = 0;
  double numbers[3] = {0};
  FINE(motes_cuda_patterns_from_host(&here, &held, NULL, &error));
  FINE(motes_cuda_em_begin(held, &setting, 1, &em, NULL, &error));
  FINE(motes_cuda_em_point_size(em, &n_values, &error));
  EXPECT(n_values == 4 * M + 2 * R + 3);
  FINE(motes_cuda_em_evaluate(em, held, MOTES_CUDA_EM_SOFT, there->start, &error));
  FINE(motes_cuda_em_advance(em, held, MOTES_CUDA_EM_SOFT, there->start, there->next, &error));
  FINE(motes_cuda_em_extrapolate(em, held, there->start, there->next, 4, there->beyond, &error));
  FINE(motes_cuda_em_told(em, there->beyond, numbers, &error));
  EXPECT(numbers[0] < 0 && numbers[1] >= 1 && numbers[1] <= 4 && numbers[2] < 0);
  REFUSED(motes_cuda_em_evaluate(em, held, (motes_cuda_em_rule)9, there->start, &error),
          "rule: expected soft (0), hard (1) or nearest (2)");
  REFUSED(motes_cuda_em_evaluate(em, NULL, MOTES_CUDA_EM_SOFT, there->start, &error), "patterns: null pointer");
  REFUSED(motes_cuda_em_evaluate(em, held, MOTES_CUDA_EM_SOFT, numbers, &error),
          "point: expected memory of cuda:0, got the host's");
  REFUSED(motes_cuda_em_extrapolate(em, held, there->start, there->next, 0.5, there->beyond, &error),
          "longest: expected 1 or more, got 0.5");
  FINE(motes_cuda_take(held, which, 4, &more, NULL, &error));
  REFUSED(motes_cuda_em_evaluate(em, more, MOTES_CUDA_EM_SOFT, there->start, &error),
          "patterns: expected those of the beginning or a part of them, 3, got 4");
  FINE(motes_cuda_patterns_free(more, NULL, &error));
  REFUSED(motes_cuda_em_told(em, NULL, numbers, &error), "point: expected 23 values, got a null pointer");
  REFUSED(motes_cuda_em_point_size(NULL, &n_values, &error), "em: expected 1 values, got a null pointer");
  FINE(motes_cuda_em_free(em, &error));
  FINE(motes_cuda_em_free(NULL, &error));

  setting.index = twice;
  REFUSED(motes_cuda_em_begin(held, &setting, 1, &em, NULL, &error), "setting.index: pixel 3 stands twice in row 1");
  EXPECT(em == NULL);
  setting.index = turned;
  setting.noise = MOTES_CUDA_BERNOULLI;
  REFUSED(motes_cuda_em_begin(held, &setting, 1, &em, NULL, &error),
          "setting.low, setting.high: expected 0 < low < high < 1, got 0.000333333 and 1e+300");
  setting.struct_size = 0;
  REFUSED(motes_cuda_em_begin(held, &setting, 1, &em, NULL, &error),
          "setting.struct_size: expected its sizeof, 72 bytes, got 0");
  FINE(motes_cuda_patterns_free(held, NULL, &error));
}

static void test_ingest(const device_arrays* there) {
  motes_coo entries = {.size = 5, .row = {there->rows, MOTES_INT64}, .column = {there->cols, MOTES_UINT16},
                       .count = {there->counts, MOTES_UINT8}};
  motes_cuda_patterns* held = NULL;
  int64_t largest = -7, photons[M] = {0}, n_patterns = 0;
  FINE(motes_cuda_largest(entries.row, entries.size, &largest, "rows", NULL, &error));
  EXPECT(largest == N - 1);
  REFUSED(motes_cuda_largest((motes_integers){indptr, MOTES_INT64}, N, &largest, "rows", NULL, &error),
          "rows: expected memory of cuda:0, got the host's");
  FINE(motes_cuda_ingest(&entries, N, M, &held, NULL, &error));
  FINE(motes_cuda_patterns_extents(held, &n_patterns, NULL, NULL, NULL, &error));
  EXPECT(n_patterns == N);
  expect_sweep(held, 1);
  FINE(motes_cuda_total_image(held, photons, NULL, &error));
  EXPECT(photons[0] == 1 && photons[1] == 3 && photons[2] == 1 && photons[3] == 1);
  REFUSED(motes_cuda_total_image(held, NULL, NULL, &error), "photons: expected 4 values, got a null pointer");
  REFUSED(motes_cuda_total_image(NULL, photons, NULL, &error), "patterns: null pointer");
  FINE(motes_cuda_patterns_free(held, NULL, &error));

  REFUSED(motes_cuda_ingest(&entries, N - 1, M, &held, NULL, &error), "rows: 2 at index 0 is outside 0..1");
  EXPECT(held == NULL);
  REFUSED(motes_cuda_ingest(NULL, N, M, &held, NULL, &error), "entries: expected 1 values, got a null pointer");
  entries.column.data = pixels;
  REFUSED(motes_cuda_ingest(&entries, N, M, &held, NULL, &error), "cols: expected memory of cuda:0, got the host's");
}

static void test_detections(const device_arrays* there) {
  const motes_circles picks = {3, there->centres, there->radii, 8}, one = {1, there->centres, there->radii, 8};
  const motes_circles here = {1, weights_f64, weights_f64, 8};
  const motes_boxes boxes = {2, there->corners, there->sizes, 4};
  const int64_t all[2] = {0, 3}, first[2] = {0, 1}, both[2] = {0, 2}, shorter[2] = {0, 2};
  int64_t kept_indptr[2], peak_indptr[2];
  FINE(motes_cuda_circle_iou(&picks, &picks, there->iou, NULL, &error));
  FINE(motes_cuda_circle_iou_all(&picks, &one, 1, all, first, there->iou_all, NULL, &error));
  FINE(motes_cuda_box_iou(&boxes, &boxes, there->box_iou, NULL, &error));
  FINE(motes_cuda_box_iou_all(&boxes, &boxes, 1, both, both, there->box_iou_all, NULL, &error));
  REFUSED(motes_cuda_circle_iou(&picks, NULL, there->iou, NULL, &error), "b: null pointer");
  REFUSED(motes_cuda_circle_iou(&here, &one, there->iou, NULL, &error), "centres: expected memory of cuda:0, got the host's");
  REFUSED(motes_cuda_circle_iou_all(&picks, &one, 1, shorter, first, there->iou_all, NULL, &error),
          "a_indptr: expected to run from 0 to 3, runs from 0 to 2");

  FINE(motes_cuda_suppression(&picks, there->scores, 1, all, MOTES_CIRCLE_IOU, 0.5, there->kept, kept_indptr,
                              there->suppressor, NULL, &error));
  EXPECT(kept_indptr[0] == 0 && kept_indptr[1] == 2);
  REFUSED(motes_cuda_suppression(&picks, there->scores, 1, all, MOTES_DISTANCE, -1, there->kept, kept_indptr, NULL, NULL,
                                 &error),
          "distance: expected 0 to 1e+20, got -1");
  expect_status(motes_cuda_map_suppression(there->map, 4, 1, 2, 3, 1, 1, 1, there->peak, peak_indptr, NULL, &error),
                MOTES_TOO_SMALL, "the capacity of an output is too small", __LINE__);
  EXPECT(peak_indptr[1] == 2);
  FINE(motes_cuda_map_suppression(there->map, 4, 1, 2, 3, 1, 1, 2, there->peak, peak_indptr, NULL, &error));
  EXPECT(peak_indptr[0] == 0 && peak_indptr[1] == 2);
  FINE(motes_cuda_synchronize(NULL, &error));
}

MOTES_API int motes_abi_calls_cuda(const device_arrays* there);

int motes_abi_calls_cuda(const device_arrays* there) {
  failed = 0;
  test_devices();
  test_patterns(there);
  test_take(there);
  test_turns(there);
  test_em(there);
  test_ingest(there);
  test_detections(there);
  fflush(stdout);
  return failed;
}

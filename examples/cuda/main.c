/* One sweep over 100,000 patterns on a GPU and on the processor, from C: the sums must be the same, bit for bit.
 * Exit status 0 if they are, 1 if not or if something failed, 77 where there is no GPU. */
#include <motes/motes.h>
#include <motes/motes_cuda.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 25, PIXELS = SIDE * SIDE, TURNS = 4, PATTERNS = 100000, MOST = 40 };

typedef struct {
  int64_t planes[PIXELS * TURNS], weights[TURNS];
  motes_sums sums;
} swept;

static uint64_t state = 2026;

static double uniform(void) { /* in [0, 1) */
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 11) / 9007199254740992.0;
}

static void check(motes_status status, const motes_error* error) {
  if (status == MOTES_OK) return;
  fprintf(stderr, "compare: %s\n", error->text);
  exit(1);
}

/* Templates of a bar over a ramp, turned; weights and base of photons that are there or not. */
static void fill_templates(float* weights, float* base) {
  for (int r = 0; r < TURNS; ++r) {
    double none = log(1.0 / TURNS);
    for (int y = 0; y < SIDE; ++y)
      for (int x = 0; x < SIDE; ++x) {
        const int end = SIDE - 1;
        const int row = r == 0 ? y : r == 1 ? end - x : r == 2 ? end - y : x;
        const int column = r == 0 ? x : r == 1 ? y : r == 2 ? end - x : end - y;
        const double mean = (row < 9 ? 0.06 : 0.01) + 0.03 * column / SIDE;
        weights[(y * SIDE + x) * TURNS + r] = (float)(log(mean) - log1p(-mean));
        none += log1p(-mean);
      }
    base[r] = (float)none;
  }
}

/* Up to MOST photons anywhere: `pixels` ascends inside each pattern. */
static int64_t fill_photons(int64_t* indptr, uint16_t* pixels) {
  int64_t n = 0;
  indptr[0] = 0;
  for (int p = 0; p < PATTERNS; ++p) {
    int pixel = -1;
    for (int k = 0; k < MOST; ++k) {
      pixel += 1 + (int)(uniform() * 2 * PIXELS / MOST);
      if (pixel >= PIXELS) break;
      pixels[n++] = (uint16_t)pixel;
    }
    indptr[p + 1] = n;
  }
  return n;
}

static void prepare(swept* of) {
  memset(of, 0, sizeof *of);
  of->sums = (motes_sums){.struct_size = sizeof(motes_sums), .planes = of->planes, .weights = of->weights};
}

int main(void) {
  motes_error error;
  int n_devices = 0;
  if (!MOTES_VERSION_CHECK() || !MOTES_CUDA_VERSION_CHECK()) {
    fprintf(stderr, "compare: compiled for motes %s, runs with %s and %s\n", MOTES_VERSION, motes_version(),
            motes_cuda_version());
    return 1;
  }
  if (motes_cuda_device_count(&n_devices, &error) != MOTES_OK) {
    printf("compare: %s\n", error.text);
    return 77;
  }
  motes_cuda_facts facts = {.struct_size = sizeof facts};
  check(motes_cuda_device_facts(0, &facts, &error), &error);
  printf("%d GPU(s); the first: %s, %.1f GB\n", n_devices, facts.name, (double)facts.memory / 1e9);

  static float weights[PIXELS * TURNS], base[TURNS];
  static int64_t indptr[PATTERNS + 1];
  static uint16_t pixels[(int64_t)PATTERNS * MOST];
  static swept here, there;
  fill_templates(weights, base);
  const int64_t n_photons = fill_photons(indptr, pixels);
  const motes_patterns patterns = {.struct_size = sizeof patterns,
                                   .n_patterns = PATTERNS,
                                   .n_pixels = PIXELS,
                                   .indptr = indptr,
                                   .pixels = pixels,
                                   .pixel_bytes = sizeof *pixels};

  motes_cuda_patterns* uploaded = NULL;
  check(motes_cuda_patterns_from_host(&patterns, &uploaded, NULL, &error), &error);
  prepare(&here);
  prepare(&there);
  check(motes_sweep_f32(&patterns, weights, base, TURNS, MOTES_SOFT, &here.sums, NULL, &error), &error);
  check(motes_cuda_sweep_f32(uploaded, weights, base, TURNS, MOTES_SOFT, &there.sums, NULL, &error), &error);
  check(motes_cuda_patterns_free(uploaded, NULL, &error), &error);

  const int same = memcmp(here.planes, there.planes, sizeof here.planes) == 0 &&
                   memcmp(here.weights, there.weights, sizeof here.weights) == 0 &&
                   memcmp(here.sums.log_likelihood, there.sums.log_likelihood, sizeof here.sums.log_likelihood) == 0;
  printf("%" PRId64 " photons, %.6f nats a pattern: %s\n", n_photons,
         ((double)there.sums.log_likelihood[0] + (double)there.sums.log_likelihood[1] / (1 << 30)) / PATTERNS,
         same ? "the processor's bits" : "not the processor's sums");
  return same ? 0 : 1;
}

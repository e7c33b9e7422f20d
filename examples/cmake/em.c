/* Expectation maximisation with libmotes in C: draws 100,000 patterns of 25x25 pixels and about 27 photons each, of one
 * image turned by 0 to 3 clockwise quarter turns, and finds it in 20 sweeps. em.cpp and em.py do the same, bit for bit. */
#include <motes/motes.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 25, PIXELS = SIDE * SIDE, TURNS = 4, PATTERNS = 100000, MOST_PHOTONS = 4000000 };

static uint64_t state = 2026;
static double uniform(void) { /* in [0, 1) */
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(state >> 11) / 9007199254740992.0;
}

static motes_error error;
static void check(motes_status status) {
  if (status == MOTES_OK) return;
  fprintf(stderr, "em_c: status %d: %s\n", (int)status, error.text);
  exit(1);
}
static void* room(size_t bytes) {
  void* memory = malloc(bytes);
  if (!memory) {
    fprintf(stderr, "em_c: no %zu bytes of memory\n", bytes);
    exit(1);
  }
  return memory;
}

static int32_t turned[TURNS * PIXELS]; /* template r shows, at pixel i, the master's pixel turned[r, i] */
static double master[PIXELS], templates[PIXELS * TURNS], planes[PIXELS * TURNS];
static float weights[PIXELS * TURNS], base[TURNS];
static int64_t sums[PIXELS * TURNS], share[TURNS];

static void fill_turned(void) {
  for (int i = 0; i < PIXELS; ++i) turned[i] = i;
  for (int r = 1; r < TURNS; ++r)
    for (int y = 0; y < SIDE; ++y)
      for (int x = 0; x < SIDE; ++x)
        turned[r * PIXELS + y * SIDE + x] = turned[(r - 1) * PIXELS + (SIDE - 1 - x) * SIDE + y];
}

/* What E step and M step of one-photon (Bernoulli) patterns need of the templates. */
static void fill_weights(void) {
  for (int r = 0; r < TURNS; ++r) {
    double none = log(1.0 / TURNS);
    for (int i = 0; i < PIXELS; ++i) {
      const double mean = templates[i * TURNS + r];
      weights[i * TURNS + r] = (float)(log(mean) - log1p(-mean));
      none += log1p(-mean);
    }
    base[r] = (float)none;
  }
}

int main(void) {
  fill_turned();
  for (int i = 0; i < PIXELS; ++i)
    master[i] = (i / SIDE < 9 ? 0.06 : 0.01) + 0.03 * (double)(i % SIDE) / SIDE; /* a bar over a ramp */
  check(motes_expand(master, turned, TURNS, PIXELS, templates, &error));

  int32_t* row = room(MOST_PHOTONS * sizeof *row);
  uint16_t* column = room(MOST_PHOTONS * sizeof *column);
  int64_t n_photons = 0;
  for (int p = 0; p < PATTERNS; ++p) {
    const int turn = (int)(TURNS * uniform());
    for (int i = 0; i < PIXELS; ++i)
      if (uniform() < templates[i * TURNS + turn] && n_photons < MOST_PHOTONS) {
        row[n_photons] = p;
        column[n_photons++] = (uint16_t)i;
      }
  }
  int64_t* indptr = room((PATTERNS + 1) * sizeof *indptr);
  uint16_t* pixels = room((size_t)n_photons * sizeof *pixels);
  int64_t n_lit = 0, n_multi = 0; /* no pixel was drawn twice: no room is needed for what caught several photons */
  const motes_coo entries = {n_photons, {row, MOTES_INT32}, {column, MOTES_UINT16}, {NULL, MOTES_INT8}};
  check(motes_ingest(&entries, PATTERNS, PIXELS, indptr, pixels, 2, &n_lit, NULL, NULL, &n_multi, NULL, &error));
  free(row);
  free(column);
  const motes_patterns patterns = {.struct_size = sizeof patterns, .n_patterns = PATTERNS, .n_pixels = PIXELS,
                                   .indptr = indptr, .pixels = pixels, .pixel_bytes = 2};

  /* The patterns' mean is all but symmetric, a place where no sweep can tell the turns apart: start elsewhere. */
  for (int i = 0; i < PIXELS; ++i) master[i] = 0.02 + 0.04 * uniform();
  double log_likelihood = 0;
  for (int iteration = 0; iteration < 20; ++iteration) {
    check(motes_expand(master, turned, TURNS, PIXELS, templates, &error));
    fill_weights();
    motes_sums swept = {.struct_size = sizeof swept, .planes = sums, .weights = share};
    check(motes_sweep_f32(&patterns, weights, base, TURNS, MOTES_SOFT, &swept, NULL, &error));
    log_likelihood =
        ((double)swept.log_likelihood[0] + (double)swept.log_likelihood[1] / 1073741824.0) / PATTERNS;
    for (int i = 0; i < PIXELS * TURNS; ++i) planes[i] = (double)sums[i] * swept.quantum;
    check(motes_rotate_home(planes, turned, TURNS, PIXELS, master, &error));
    for (int i = 0; i < PIXELS; ++i) master[i] = fmax(master[i] / PATTERNS, 1e-6);
  }
  free(indptr);
  free(pixels);

  uint64_t checksum = UINT64_C(14695981039346656037); /* FNV-1a over the master's bits */
  for (int i = 0; i < PIXELS; ++i) {
    uint64_t bits;
    memcpy(&bits, &master[i], sizeof bits);
    checksum = (checksum ^ bits) * UINT64_C(1099511628211);
  }
  printf("photons %" PRId64 "\nlog-likelihood %.17g\nmaster %016" PRIx64 "\n", n_photons, log_likelihood, checksum);
  return 0;
}

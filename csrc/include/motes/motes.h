/* motes: kernels for single-particle imaging, the C ABI.
 *
 * Every function checks its arguments, runs on `run->threads` threads, allocates nothing that grows with the number of
 * patterns unless its family's header says so, and may be called from several threads at once. Nothing is thrown: a
 * status comes back, and unless it is MOTES_OK, `error` (may be NULL) says which argument was wrong, and where. Arrays
 * are the caller's; outputs must not overlap inputs.
 *
 * A struct that may grow begins with `struct_size`, its sizeof where the caller was compiled; fields are only ever added
 * at its end. The library reads and writes no further than that, takes what is missing for zero, and refuses bytes that
 * it does not know and that are not zero. Structs without it never change. MOTES_VERSION_CHECK() tells whether the
 * library that runs is one that a program was compiled for.
 *
 * Each family's formulas, shapes, units and guaranteed errors stand in its own header: motes/<family>.hpp.
 */
#ifndef MOTES_H
#define MOTES_H

#include <stddef.h>
#include <stdint.h>

#define MOTES_TEXT_(x) #x
#define MOTES_TEXT(x) MOTES_TEXT_(x)
#define MOTES_VERSION_MAJOR 0
#define MOTES_VERSION_MINOR 1
#define MOTES_VERSION_PATCH 0
#define MOTES_VERSION MOTES_TEXT(MOTES_VERSION_MAJOR) "." MOTES_TEXT(MOTES_VERSION_MINOR) "." MOTES_TEXT(MOTES_VERSION_PATCH)
#define MOTES_VERSION_NUMBER (MOTES_VERSION_MAJOR * 10000 + MOTES_VERSION_MINOR * 100 + MOTES_VERSION_PATCH)

#if defined(_WIN32)
#define MOTES_API
#else
#define MOTES_API __attribute__((visibility("default")))
#endif

/* Any int may come in an enum's place and is refused in words; in C++ that is so only if the enum is made of ints. */
#ifdef __cplusplus
#define MOTES_INT : int
extern "C" {
#else
#define MOTES_INT
#endif

typedef enum MOTES_INT {
  MOTES_OK = 0,
  MOTES_BAD_ARGUMENT = 1,  /* `error` names it */
  MOTES_OUT_OF_MEMORY = 2,
  MOTES_INTERRUPTED = 3, /* run->stop said so; outputs hold no result */
  MOTES_TOO_SMALL = 4,   /* an output's capacity; the size that is needed was written to it */
  MOTES_DEVICE_FAILED = 5 /* of CUDA alone: `error` says what was tried, and how it failed */
} motes_status;

typedef struct {
  char text[248];
  int64_t index; /* the first offending index, or -1 */
} motes_error;

/* How to run. NULL means MOTES_RUN_INIT. */
typedef struct {
  size_t struct_size;  /* sizeof(motes_run) */
  int threads;         /* 0: as many as the machine has; 1: the calling thread alone */
  int (*stop)(void*);  /* asked between lanes, on the calling thread only; nonzero ends the call; may be NULL */
  void* stop_argument;
} motes_run;
#define MOTES_RUN_INIT {sizeof(motes_run), 0, NULL, NULL}

/* N patterns of M pixels. A lit pixel stands once in `pixels`, in ascending order inside its pattern; photons beyond the
 * first are kept apart, so that the common loop over ones carries no counts. Positions count from `pixels`, also where
 * `indptr` is a part of a longer one (indptr[0] > 0): a slice of patterns shares everything but `indptr`. */
typedef struct {
  size_t struct_size;    /* sizeof(motes_patterns) */
  int64_t n_patterns, n_pixels;
  const int64_t* indptr; /* n_patterns + 1 */
  const void* pixels;    /* uint16 or uint32 */
  int pixel_bytes;       /* 2 (n_pixels <= 65536) or 4 */
  int64_t n_multi;
  const int64_t* multi_position; /* n_multi, ascending: where in `pixels` */
  const int32_t* multi_extra;    /* n_multi, >= 1: photons beyond the first */
} motes_patterns;

MOTES_API const char* motes_version(void);
MOTES_API int motes_version_number(void);
/* Nonzero if a library of that number keeps the promises of this header: from 1.0 on a later one of the same major
 * version, before that a later one of the same minor version. */
static inline int motes_version_matches(int number) {
  const int kin = MOTES_VERSION_MAJOR > 0 ? 10000 : 100;
  return number >= MOTES_VERSION_NUMBER && number / kin == MOTES_VERSION_NUMBER / kin;
}
#define MOTES_VERSION_CHECK() motes_version_matches(motes_version_number())
MOTES_API const char* motes_status_text(motes_status status); /* what a status means, in a few words */
MOTES_API const char* motes_isa(void);             /* "baseline", "v3", "v4": in use */
MOTES_API int motes_isa_available(const char* name); /* nonzero: this library and this machine have it */
MOTES_API int motes_hardware_threads(void);

/* Reads every photon. Whoever builds a motes_patterns calls it once; the kernels below only check extents and pointers. */
MOTES_API motes_status motes_check_patterns(const motes_patterns* patterns, motes_error* error);

/* ingest: motes/ingest.hpp ------------------------------------------------------------------------------------------ */
typedef enum MOTES_INT {
  MOTES_INT8, MOTES_UINT8, MOTES_INT16, MOTES_UINT16, MOTES_INT32, MOTES_UINT32, MOTES_INT64, MOTES_UINT64
} motes_integer;

typedef struct {
  const void* data;
  motes_integer type;
} motes_integers;

typedef struct {
  int64_t size;                 /* entries */
  motes_integers row, column;   /* pattern and pixel of each */
  motes_integers count;         /* data NULL: one photon each */
} motes_coo;

MOTES_API motes_status motes_largest(motes_integers values, int64_t size, int64_t* largest, const char* name,
                                     const motes_run* run, motes_error* error);
/* `pixels` holds entries->size values, of which n_lit are written; *n_multi is the capacity of the last two on entry and
 * what they need on return: MOTES_TOO_SMALL asks for another call with that much. */
MOTES_API motes_status motes_ingest(const motes_coo* entries, int64_t n_patterns, int64_t n_pixels, int64_t* indptr,
                                    void* pixels, int pixel_bytes, int64_t* n_lit, int64_t* multi_position,
                                    int32_t* multi_extra, int64_t* n_multi, const motes_run* run, motes_error* error);
MOTES_API motes_status motes_take_count(const motes_patterns* patterns, const int64_t* which, int64_t n_which,
                                        int64_t* n_lit, int64_t* n_multi, motes_error* error);
MOTES_API motes_status motes_take(const motes_patterns* patterns, const int64_t* which, int64_t n_which, int64_t* indptr,
                                  void* pixels, int64_t* multi_position, int32_t* multi_extra, const motes_run* run,
                                  motes_error* error);
MOTES_API motes_status motes_total_image(const motes_patterns* patterns, int64_t* photons, const motes_run* run,
                                         motes_error* error);

/* likelihood: motes/likelihood.hpp ---------------------------------------------------------------------------------- */
MOTES_API motes_status motes_likelihood_f32(const motes_patterns* patterns, const float* weights, const float* base,
                                            int64_t n_templates, float* out, const motes_run* run, motes_error* error);
MOTES_API motes_status motes_likelihood_f64(const motes_patterns* patterns, const double* weights, const double* base,
                                            int64_t n_templates, double* out, const motes_run* run, motes_error* error);
/* Each output may be NULL. */
MOTES_API motes_status motes_posterior_f32(const motes_patterns* patterns, const float* weights, const float* base,
                                           int64_t n_templates, int32_t* label, float* responsibility, float* evidence,
                                           const motes_run* run, motes_error* error);
MOTES_API motes_status motes_posterior_f64(const motes_patterns* patterns, const double* weights, const double* base,
                                           int64_t n_templates, int32_t* label, double* responsibility, double* evidence,
                                           const motes_run* run, motes_error* error);

/* backrotation: motes/backrotation.hpp ------------------------------------------------------------------------------ */
MOTES_API motes_status motes_backrotation_f32(const motes_patterns* patterns, const float* coefficients,
                                              int64_t n_templates, double* planes, const motes_run* run,
                                              motes_error* error);
MOTES_API motes_status motes_backrotation_f64(const motes_patterns* patterns, const double* coefficients,
                                              int64_t n_templates, double* planes, const motes_run* run,
                                              motes_error* error);
MOTES_API motes_status motes_expand(const double* master, const int32_t* index, int64_t n_templates, int64_t n_pixels,
                                    double* templates, motes_error* error);
MOTES_API motes_status motes_rotate_home(const double* planes, const int32_t* index, int64_t n_templates,
                                         int64_t n_pixels, double* master, motes_error* error);

/* interpolation: motes/interpolation.hpp ---------------------------------------------------------------------------- */
/* `turns` (R, 2, 2): where each template finds the pixel (x, y), columns and rows from the centre of side * side pixels. */
MOTES_API motes_status motes_interpolate(const double* master, const double* turns, int64_t n_templates, int64_t side,
                                         double* templates, const motes_run* run, motes_error* error);
MOTES_API motes_status motes_interpolate_home(const double* planes, const double* turns, int64_t n_templates,
                                              int64_t side, double* master, const motes_run* run, motes_error* error);

/* sweep: motes/sweep.hpp -------------------------------------------------------------------------------------------- */
typedef enum MOTES_INT { MOTES_SOFT = 0, MOTES_HARD = 1 } motes_assignment_rule;

/* Exact sums over patterns: integers, so they may be added in any order, whoever computed them. */
typedef struct {
  size_t struct_size;        /* sizeof(motes_sums) */
  int64_t* planes;           /* (M, R): sum_p gamma_pr x_pi, in units of `quantum` */
  int64_t* weights;          /* (R): sum_p gamma_pr, likewise */
  int64_t log_likelihood[2]; /* sum_p ln sum_r exp L_pr: whole nats, and a fraction in units of 2^-30 nat */
  int64_t n_impossible;      /* patterns that no template can have made; in none of the sums */
  double quantum;            /* 2^-20 (float32) or 2^-30 (float64) */
} motes_sums;

MOTES_API motes_status motes_sweep_f32(const motes_patterns* patterns, const float* weights, const float* base,
                                       int64_t n_templates, motes_assignment_rule rule, motes_sums* sums,
                                       const motes_run* run, motes_error* error);
MOTES_API motes_status motes_sweep_f64(const motes_patterns* patterns, const double* weights, const double* base,
                                       int64_t n_templates, motes_assignment_rule rule, motes_sums* sums,
                                       const motes_run* run, motes_error* error);

/* assignment: motes/assignment.hpp ---------------------------------------------------------------------------------- */
typedef struct {
  size_t struct_size; /* sizeof(motes_clusters) */
  int64_t* photons;   /* (M, K): photons of the members of each cluster; kept up to date, not recomputed */
  int64_t* members;   /* (K) */
  int32_t* labels;    /* (N): -1 = not assigned yet */
  int64_t n_moved;    /* patterns whose label changed in this call */
  int64_t score[2];   /* sum_p max_k (x.w_k + base_k), in float32: whole, and 2^-30 */
} motes_clusters;

MOTES_API motes_status motes_assignment(const motes_patterns* patterns, const double* weights, const double* base,
                                        int64_t n_clusters, motes_clusters* clusters, const motes_run* run,
                                        motes_error* error);

/* outer: motes/outer.hpp -------------------------------------------------------------------------------------------- */
typedef struct {
  int64_t n_orbits, n_slots; /* R slots to an orbit */
  const int32_t* orbit;      /* (M): the orbit of a pixel */
  const uint8_t* phase;      /* (M): which row of `turn` a photon there uses */
  const uint8_t* turn;       /* (R, R): turn[phase][slot] = the template whose coefficient lands in that slot */
} motes_orbits;

MOTES_API motes_status motes_outer(const motes_patterns* patterns, const float* coefficients, const motes_orbits* orbits,
                                   int with_coefficients, double* sums, const motes_run* run, motes_error* error);

/* circles: motes/circles.hpp ---------------------------------------------------------------------------------------- */
/* Micrographs are parts of one array: micrograph m holds circles indptr[m] to indptr[m + 1] - 1, and indptr runs from 0
 * to n. All lengths are in one unit, pixels say. */
typedef struct {
  int64_t n;
  const void* centre; /* (n, 2): x, y; at most 1e20 */
  const void* radius; /* (n): 1e-30 to 1e20 */
  int real_bytes;     /* 4: float; 8: double */
} motes_circles;

typedef struct {
  int64_t n;
  const void* corner; /* (n, 2): x, y of the corner nearest the origin; at most 1e20 */
  const void* size;   /* (n, 2): width, height; 1e-30 to 1e20 */
  int real_bytes;
} motes_boxes;

/* Both sides and `out` are of one real type. `out`: n values, or for every micrograph in turn a block of (rows of a,
 * rows of b). */
MOTES_API motes_status motes_circle_iou(const motes_circles* a, const motes_circles* b, void* out, const motes_run* run,
                                        motes_error* error);
MOTES_API motes_status motes_circle_iou_all(const motes_circles* a, const motes_circles* b, int64_t n_micrographs,
                                            const int64_t* a_indptr, const int64_t* b_indptr, void* out,
                                            const motes_run* run, motes_error* error);
MOTES_API motes_status motes_box_iou(const motes_boxes* a, const motes_boxes* b, void* out, const motes_run* run,
                                     motes_error* error);
MOTES_API motes_status motes_box_iou_all(const motes_boxes* a, const motes_boxes* b, int64_t n_micrographs,
                                         const int64_t* a_indptr, const int64_t* b_indptr, void* out,
                                         const motes_run* run, motes_error* error);
/* The distance at which two circles of radius 1 have this IoU, 0 to 1. */
MOTES_API motes_status motes_equal_radii_distance(double iou, double* distance, motes_error* error);

/* What makes two circles one: an IoU above `threshold` (of the circles, or of the squares about them), or centres
 * closer than it. */
typedef enum MOTES_INT { MOTES_CIRCLE_IOU = 0, MOTES_BOX_IOU = 1, MOTES_DISTANCE = 2 } motes_measure;

/* suppression: motes/suppression.hpp -------------------------------------------------------------------------------- */
/* `kept` (n) receives the indices that stay, micrograph after micrograph, in descending order of score; kept_indptr
 * (n_micrographs + 1) where each begins. `suppressor` (n; may be NULL): the kept circle of the highest score that took
 * this one, -1 for a kept one. */
MOTES_API motes_status motes_suppression(const motes_circles* circles, const void* score, int64_t n_micrographs,
                                         const int64_t* indptr, motes_measure measure, double threshold, int64_t* kept,
                                         int64_t* kept_indptr, int64_t* suppressor, const motes_run* run,
                                         motes_error* error);

typedef enum MOTES_INT { MOTES_LINEAR_DECAY = 0, MOTES_GAUSSIAN_DECAY = 1 } motes_decay;
/* `parameter`: the IoU above which scores decay (linear), or sigma (Gaussian). `decayed` (n): the final scores. */
MOTES_API motes_status motes_soft_suppression(const motes_circles* circles, const void* score, int64_t n_micrographs,
                                              const int64_t* indptr, motes_decay decay, double parameter,
                                              double min_score, double* decayed, int64_t* kept, int64_t* kept_indptr,
                                              const motes_run* run, motes_error* error);
/* Maps of (height, width) pixels; `peak` (n_maps, height * width) receives indices into each map, n_peaks (n_maps) how
 * many. */
MOTES_API motes_status motes_map_suppression(const void* map, int real_bytes, int64_t n_maps, int64_t height,
                                             int64_t width, double radius, double threshold, int64_t* peak,
                                             int64_t* n_peaks, const motes_run* run, motes_error* error);

/* matching: motes/matching.hpp -------------------------------------------------------------------------------------- */
typedef enum MOTES_INT { MOTES_GREEDY = 0, MOTES_OPTIMAL = 1, MOTES_BEST = 2, MOTES_FIRST = 3, MOTES_TOPAZ = 4 } motes_match_rule;

/* `score` (picks->n; may be NULL: in order of index). `matched` (picks->n): index of the particle, or -1; `overlap`
 * (picks->n): IoU, or distance; 0, or infinity, where there is none. */
MOTES_API motes_status motes_matching(const motes_circles* picks, const void* score, const motes_circles* truth,
                                      int64_t n_micrographs, const int64_t* pick_indptr, const int64_t* truth_indptr,
                                      motes_measure measure, double threshold, motes_match_rule rule, int64_t* matched,
                                      double* overlap, const motes_run* run, motes_error* error);
/* All pairs that are near: for pick i, entries pair_indptr[i] to pair_indptr[i + 1] - 1 of `partner` (ascending) and
 * `overlap`, whose capacity is given; MOTES_TOO_SMALL asks for pair_indptr[picks->n]. */
MOTES_API motes_status motes_near_pairs(const motes_circles* picks, const motes_circles* truth, int64_t n_micrographs,
                                        const int64_t* pick_indptr, const int64_t* truth_indptr, motes_measure measure,
                                        double threshold, int64_t capacity, int64_t* pair_indptr, int64_t* partner,
                                        double* overlap, const motes_run* run, motes_error* error);

#undef MOTES_INT
#ifdef __cplusplus
}
#endif
#endif

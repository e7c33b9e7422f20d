/* motes on NVIDIA GPUs: the C ABI of libmotes_cuda (CMake: find_package(motes CONFIG COMPONENTS cuda), motes::cuda).
 *
 * A function has the name of its twin in motes.h, and refuses the same in the same words; the same patterns, circles and
 * maps give the bits that its family's header promises. Arrays marked "device" are memory of `run->device`, C-contiguous,
 * and ready in `run->stream`; all others are the host's. Work goes to that stream. A function that does not wait returns
 * before its outputs are written, and what goes wrong on the way is told by the next call, motes_cuda_synchronize at the
 * latest. Any thread may call; the calling thread's current device is as before when a call returns.
 *
 * The library needs no driver to be loaded: without one, or without a GPU, every call that needs it returns
 * MOTES_DEVICE_FAILED and one sentence. MOTES_OUT_OF_MEMORY of a device says how much was asked for and what was free.
 */
#ifndef MOTES_CUDA_H
#define MOTES_CUDA_H

#include "motes/motes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where to run. NULL means MOTES_CUDA_RUN_INIT. */
typedef struct {
  size_t struct_size; /* sizeof(motes_cuda_run) */
  int device;         /* 0: the first that this process sees */
  void* stream;       /* a cudaStream_t of that device; NULL: its default stream */
} motes_cuda_run;
#define MOTES_CUDA_RUN_INIT {sizeof(motes_cuda_run), 0, NULL}

MOTES_API const char* motes_cuda_version(void);
MOTES_API int motes_cuda_version_number(void);
#define MOTES_CUDA_VERSION_CHECK() motes_version_matches(motes_cuda_version_number())

/* devices ------------------------------------------------------------------------------------------------------------ */
typedef struct {
  size_t struct_size; /* sizeof(motes_cuda_facts); set by the caller */
  char name[256];
  int major, minor;   /* compute capability */
  int multiprocessors;
  int64_t memory;           /* bytes */
  int64_t shared_per_block; /* bytes of shared memory that a block can ask for */
} motes_cuda_facts;

/* At least 1, or MOTES_DEVICE_FAILED with the reason. */
MOTES_API motes_status motes_cuda_device_count(int* n_devices, motes_error* error);
MOTES_API motes_status motes_cuda_device_facts(int device, motes_cuda_facts* facts, motes_error* error);
/* Waits for everything in the stream. */
MOTES_API motes_status motes_cuda_synchronize(const motes_cuda_run* run, motes_error* error);

/* patterns ----------------------------------------------------------------------------------------------------------- */
/* Checked patterns in the memory of one device: copied, so that the caller's arrays may go. */
typedef struct motes_cuda_patterns motes_cuda_patterns;

/* From arrays of the host; every photon is read, as by motes_check_patterns. Waits. */
MOTES_API motes_status motes_cuda_patterns_from_host(const motes_patterns* patterns, motes_cuda_patterns** held,
                                                     const motes_cuda_run* run, motes_error* error);
/* From device arrays (the struct itself is the host's), checked on the device. Waits. */
MOTES_API motes_status motes_cuda_patterns_from_device(const motes_patterns* patterns, motes_cuda_patterns** held,
                                                       const motes_cuda_run* run, motes_error* error);
/* In the order of the stream: after work on the patterns there. NULL is no error. */
MOTES_API motes_status motes_cuda_patterns_free(motes_cuda_patterns* held, const motes_cuda_run* run, motes_error* error);
/* Those of `which` (host; 0 .. N - 1), in its order, in memory of their own, for motes_cuda_patterns_free. Waits. */
MOTES_API motes_status motes_cuda_take(const motes_cuda_patterns* patterns, const int64_t* which, int64_t n_which,
                                       motes_cuda_patterns** held, const motes_cuda_run* run, motes_error* error);
/* Each output may be NULL. `bytes`: of device memory. */
MOTES_API motes_status motes_cuda_patterns_extents(const motes_cuda_patterns* held, int64_t* n_patterns,
                                                   int64_t* n_pixels, int* device, int64_t* bytes, motes_error* error);

/* ingest: motes/ingest.hpp ------------------------------------------------------------------------------------------- */
/* values: device. Waits. */
MOTES_API motes_status motes_cuda_largest(motes_integers values, int64_t size, int64_t* largest, const char* name,
                                          const motes_cuda_run* run, motes_error* error);
/* Rows, columns and counts of the entries: device. Unlike motes_ingest's, the arrays of the patterns stay there, in memory
 * that is held, for motes_cuda_patterns_free. Waits. */
MOTES_API motes_status motes_cuda_ingest(const motes_coo* entries, int64_t n_patterns, int64_t n_pixels,
                                         motes_cuda_patterns** held, const motes_cuda_run* run, motes_error* error);
/* photons (M): the host's. Waits. */
MOTES_API motes_status motes_cuda_total_image(const motes_cuda_patterns* patterns, int64_t* photons,
                                              const motes_cuda_run* run, motes_error* error);

/* likelihood: motes/likelihood.hpp ----------------------------------------------------------------------------------- */
/* out (N, R): device. Does not wait. */
MOTES_API motes_status motes_cuda_likelihood_f32(const motes_cuda_patterns* patterns, const float* weights,
                                                 const float* base, int64_t n_templates, float* out,
                                                 const motes_cuda_run* run, motes_error* error);
MOTES_API motes_status motes_cuda_likelihood_f64(const motes_cuda_patterns* patterns, const double* weights,
                                                 const double* base, int64_t n_templates, double* out,
                                                 const motes_cuda_run* run, motes_error* error);
/* label (N), responsibility (N, R), evidence (N): device; each may be NULL. Does not wait. */
MOTES_API motes_status motes_cuda_posterior_f32(const motes_cuda_patterns* patterns, const float* weights,
                                                const float* base, int64_t n_templates, int32_t* label,
                                                float* responsibility, float* evidence, const motes_cuda_run* run,
                                                motes_error* error);
MOTES_API motes_status motes_cuda_posterior_f64(const motes_cuda_patterns* patterns, const double* weights,
                                                const double* base, int64_t n_templates, int32_t* label,
                                                double* responsibility, double* evidence, const motes_cuda_run* run,
                                                motes_error* error);

/* backrotation: motes/backrotation.hpp ------------------------------------------------------------------------------- */
/* coefficients (N, R), planes (M, R): device. Waits for the largest coefficient, not for `planes`. */
MOTES_API motes_status motes_cuda_backrotation_f32(const motes_cuda_patterns* patterns, const float* coefficients,
                                                   int64_t n_templates, double* planes, const motes_cuda_run* run,
                                                   motes_error* error);
MOTES_API motes_status motes_cuda_backrotation_f64(const motes_cuda_patterns* patterns, const double* coefficients,
                                                   int64_t n_templates, double* planes, const motes_cuda_run* run,
                                                   motes_error* error);

/* index (R, M): the host's. master (M), templates and planes (M, R): device. Do not wait. */
MOTES_API motes_status motes_cuda_expand(const double* master, const int32_t* index, int64_t n_templates,
                                         int64_t n_pixels, double* templates, const motes_cuda_run* run,
                                         motes_error* error);
MOTES_API motes_status motes_cuda_rotate_home(const double* planes, const int32_t* index, int64_t n_templates,
                                              int64_t n_pixels, double* master, const motes_cuda_run* run,
                                              motes_error* error);

/* sweep: motes/sweep.hpp --------------------------------------------------------------------------------------------- */
/* Waits for the sums. */
MOTES_API motes_status motes_cuda_sweep_f32(const motes_cuda_patterns* patterns, const float* weights,
                                            const float* base, int64_t n_templates, motes_assignment_rule rule,
                                            motes_sums* sums, const motes_cuda_run* run, motes_error* error);
MOTES_API motes_status motes_cuda_sweep_f64(const motes_cuda_patterns* patterns, const double* weights,
                                            const double* base, int64_t n_templates, motes_assignment_rule rule,
                                            motes_sums* sums, const motes_cuda_run* run, motes_error* error);

/* assignment: motes/assignment.hpp ----------------------------------------------------------------------------------- */
/* clusters->labels: device; photons and members: the host's. Waits for these. */
MOTES_API motes_status motes_cuda_assignment(const motes_cuda_patterns* patterns, const double* weights,
                                             const double* base, int64_t n_clusters, motes_clusters* clusters,
                                             const motes_cuda_run* run, motes_error* error);

/* outer: motes/outer.hpp --------------------------------------------------------------------------------------------- */
/* coefficients (N, R; may be NULL) and sums (S, S): device; the arrays of `orbits`: the host's. Waits for the check of the
 * coefficients, not for the sums. */
MOTES_API motes_status motes_cuda_outer(const motes_cuda_patterns* patterns, const float* coefficients,
                                        const motes_orbits* orbits, int with_coefficients, double* sums,
                                        const motes_cuda_run* run, motes_error* error);

/* em: expectation maximisation, the master in device memory from one iteration to the next ---------------------------- */
/* No twin in motes.h: there it is a loop of motes_expand, motes_sweep and motes_rotate_home. A point is
 * device memory for motes_cuda_em_point_size float64: a master (M), the probability of each rotation (R), what the M step
 * makes of them (M, R), three numbers, photons turned home (M), patterns that looked at each pixel (M). */
typedef enum { MOTES_CUDA_BERNOULLI = 0, MOTES_CUDA_POISSON = 1 } motes_cuda_noise;
typedef enum { MOTES_CUDA_EM_SOFT = 0, MOTES_CUDA_EM_HARD = 1, MOTES_CUDA_EM_NEAREST = 2 } motes_cuda_em_rule;

typedef struct {
  size_t struct_size; /* sizeof(motes_cuda_em_setting) */
  int64_t n_rotations;
  const int32_t* index; /* (R, M): the pixel of the master that template r shows at i; each pixel once in a row */
  const uint8_t* good;  /* (M): 0 for pixels of the detector that say nothing */
  motes_cuda_noise noise;
  double low, high;     /* means are kept between them: above 0, and for Bernoulli below 1 */
  double least_weight;  /* of a rotation, before they are made to sum to 1 */
  int estimate_weights;
} motes_cuda_em_setting;
typedef struct motes_cuda_em motes_cuda_em;

/* The arrays of `setting`: the host's, copied. In float64, or with scores in float32. All work goes to the stream of `run`,
 * which has to live as long. Waits. */
MOTES_API motes_status motes_cuda_em_begin(const motes_cuda_patterns* patterns, const motes_cuda_em_setting* setting,
                                           int in_double, motes_cuda_em** em, const motes_cuda_run* run,
                                           motes_error* error);
MOTES_API motes_status motes_cuda_em_free(motes_cuda_em* em, motes_error* error);
MOTES_API motes_status motes_cuda_em_point_size(const motes_cuda_em* em, int64_t* n_values, motes_error* error);
/* Fills a point from its master and weights, which the caller wrote; from the M step of another; from two steps beyond
 * `start`, of which `first` is the first (SQUAREM), at most `longest` of them. `patterns`: those of motes_cuda_em_begin,
 * or a part of them. Do not wait. */
MOTES_API motes_status motes_cuda_em_evaluate(motes_cuda_em* em, const motes_cuda_patterns* patterns,
                                              motes_cuda_em_rule rule, double* point, motes_error* error);
MOTES_API motes_status motes_cuda_em_advance(motes_cuda_em* em, const motes_cuda_patterns* patterns,
                                             motes_cuda_em_rule rule, const double* from, double* point,
                                             motes_error* error);
MOTES_API motes_status motes_cuda_em_extrapolate(motes_cuda_em* em, const motes_cuda_patterns* patterns,
                                                 const double* start, const double* first, double longest, double* point,
                                                 motes_error* error);
/* Nats per pattern; of an extrapolation also its length, and the nats of `first`. Waits. */
MOTES_API motes_status motes_cuda_em_told(const motes_cuda_em* em, const double* point, double numbers[3],
                                          motes_error* error);

/* circles: motes/circles.hpp ----------------------------------------------------------------------------------------- */
/* Centres, radii, corners, sizes and `out`: device. Wait for the checks of what they read, not for `out`. */
MOTES_API motes_status motes_cuda_circle_iou(const motes_circles* a, const motes_circles* b, void* out,
                                             const motes_cuda_run* run, motes_error* error);
MOTES_API motes_status motes_cuda_circle_iou_all(const motes_circles* a, const motes_circles* b, int64_t n_micrographs,
                                                 const int64_t* a_indptr, const int64_t* b_indptr, void* out,
                                                 const motes_cuda_run* run, motes_error* error);
MOTES_API motes_status motes_cuda_box_iou(const motes_boxes* a, const motes_boxes* b, void* out,
                                          const motes_cuda_run* run, motes_error* error);
MOTES_API motes_status motes_cuda_box_iou_all(const motes_boxes* a, const motes_boxes* b, int64_t n_micrographs,
                                              const int64_t* a_indptr, const int64_t* b_indptr, void* out,
                                              const motes_cuda_run* run, motes_error* error);

/* suppression: motes/suppression.hpp --------------------------------------------------------------------------------- */
/* Circles, `score`, `kept` and `suppressor` (may be NULL): device. Waits. */
MOTES_API motes_status motes_cuda_suppression(const motes_circles* circles, const void* score, int64_t n_micrographs,
                                              const int64_t* indptr, motes_measure measure, double threshold,
                                              int64_t* kept, int64_t* kept_indptr, int64_t* suppressor,
                                              const motes_cuda_run* run, motes_error* error);
/* `map` and `peak`: device. Unlike motes_map_suppression's, peaks stand map after map without gaps, those of map m from
 * peak_indptr[m] (n_maps + 1 values) on: room for every pixel would take eight bytes of the device for each. Waits;
 * MOTES_TOO_SMALL asks for a capacity of peak_indptr[n_maps]. */
MOTES_API motes_status motes_cuda_map_suppression(const void* map, int real_bytes, int64_t n_maps, int64_t height,
                                                  int64_t width, double radius, double threshold, int64_t capacity,
                                                  int64_t* peak, int64_t* peak_indptr, const motes_cuda_run* run,
                                                  motes_error* error);

#ifdef __cplusplus
}
#endif
#endif

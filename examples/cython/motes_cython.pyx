# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""By how much the best template of each pattern beats the second: the library's likelihood, then a loop of one's own.

Without Python's lock, and on arrays as they lie in NumPy. examples/pybind11 has the same in C++.
"""

import numpy as np

from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint16_t
from libc.string cimport memset


cdef extern from "motes/motes.h" nogil:
    ctypedef enum motes_status:
        MOTES_OK, MOTES_OUT_OF_MEMORY

    ctypedef struct motes_error:
        char text[248]

    ctypedef struct motes_run:
        size_t struct_size
        int threads

    ctypedef struct motes_patterns:  # the members that are set; those of patterns with counts are zero
        size_t struct_size
        int64_t n_patterns, n_pixels
        const int64_t* indptr
        const void* pixels
        int pixel_bytes

    motes_status motes_check_patterns(const motes_patterns* patterns, motes_error* error)
    motes_status motes_likelihood_f32(const motes_patterns* patterns, const float* weights, const float* base,
                                      int64_t n_templates, float* out, const motes_run* run, motes_error* error)


def margin(const int64_t[::1] indptr, const uint16_t[::1] pixels, const float[:, ::1] weights,
           const float[::1] base, *, int threads=0):
    """(N,) nats, of patterns with one photon in each lit pixel."""
    cdef motes_patterns patterns
    cdef motes_run run
    cdef motes_error error
    cdef motes_status status
    cdef Py_ssize_t n = indptr.shape[0] - 1, n_templates = base.shape[0], p, r
    cdef float best, second
    # Where an array ends the library can not know; what is in it, motes_check_patterns looks at.
    if n < 0 or indptr[n] > pixels.shape[0]:
        raise ValueError("indptr: ends beyond the end of pixels")
    if n_templates < 2 or weights.shape[1] != n_templates:
        raise ValueError("weights, base: expected shapes (M, R) and (R,), of two templates or more")
    scores_array, result_array = np.empty((n, n_templates), np.float32), np.empty(n, np.float32)
    cdef float[:, ::1] scores = scores_array
    cdef float[::1] result = result_array
    if n == 0:
        return result_array
    memset(&patterns, 0, sizeof(patterns))
    memset(&run, 0, sizeof(run))
    patterns.struct_size, run.struct_size = sizeof(patterns), sizeof(run)
    patterns.n_patterns, patterns.n_pixels = n, weights.shape[0]
    patterns.indptr, patterns.pixels, patterns.pixel_bytes = &indptr[0], &pixels[0], sizeof(uint16_t)
    run.threads = threads
    with nogil:
        status = motes_check_patterns(&patterns, &error)
        if status == MOTES_OK:
            status = motes_likelihood_f32(&patterns, &weights[0, 0], &base[0], n_templates, &scores[0, 0], &run, &error)
        if status == MOTES_OK:
            for p in range(n):
                best = second = -INFINITY
                for r in range(n_templates):
                    if scores[p, r] > best:
                        best, second = scores[p, r], best
                    elif scores[p, r] > second:
                        second = scores[p, r]
                result[p] = best - second
    if status != MOTES_OK:
        raise (MemoryError if status == MOTES_OUT_OF_MEMORY else ValueError)(error.text.decode())
    return result_array

// MOTES_HD marks a function that the host and a GPU both run: the tests of its arithmetic on the CPU then hold for
// both.
#pragma once

#if defined(__CUDACC__)
#define MOTES_HD __host__ __device__
#else
#define MOTES_HD
#endif

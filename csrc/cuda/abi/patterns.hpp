#pragma once
#include "cuda/hold.hpp"
#include "motes/motes_cuda.h"

struct motes_cuda_patterns {
  motes::cuda::Stored stored;
  int device;
};

#include <cstdio>

#include "cuda/abi/place.hpp"

const char* motes_cuda_version(void) { return MOTES_VERSION; }

int motes_cuda_version_number(void) { return MOTES_VERSION_NUMBER; }

motes_status motes_cuda_device_count(int* n_devices, motes_error* error) {
  if (const auto bad = motes::validate_pointer("n_devices", n_devices, 1, error)) return bad;
  return motes::cuda::count_devices(n_devices, error);
}

motes_status motes_cuda_device_facts(int device, motes_cuda_facts* facts, motes_error* error) {
  if (const auto bad = motes::validate_struct("facts", facts, error)) return bad;
  motes::cuda::DeviceFacts found;
  if (const auto bad = motes::cuda::facts_of(device, &found, error)) return bad;
  std::snprintf(facts->name, sizeof facts->name, "%s", found.name);
  facts->major = found.major;
  facts->minor = found.minor;
  facts->multiprocessors = found.multiprocessors;
  facts->memory = found.memory;
  facts->shared_per_block = found.shared_per_block;
  return MOTES_OK;
}

motes_status motes_cuda_synchronize(const motes_cuda_run* run, motes_error* error) {
  using namespace motes::cuda;
  return at_place(run, error, [](const Place& at) { return told(cudaStreamSynchronize(at.stream()), "CUDA", at.error()); });
}

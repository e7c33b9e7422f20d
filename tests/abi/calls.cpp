// The C++ layer over the C ABI: every function of every family, with calls.c's patterns and circles; refusals are
// exceptions. 0, or how many expectations failed.
#include <motes/assignment.hpp>
#include <motes/backrotation.hpp>
#include <motes/circles.hpp>
#include <motes/ingest.hpp>
#include <motes/interpolation.hpp>
#include <motes/likelihood.hpp>
#include <motes/matching.hpp>
#include <motes/outer.hpp>
#include <motes/suppression.hpp>
#include <motes/sweep.hpp>

#include <cmath>
#include <cstdio>
#include <functional>

namespace {

int failed = 0;

void expect(bool holds, const char* what, int line) {
  if (holds) return;
  ++failed;
  std::printf("calls.cpp:%d: %s\n", line, what);
}

#define EXPECT(...) expect((__VA_ARGS__), #__VA_ARGS__, __LINE__)

template <class Exception = motes::Error>
std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

using Doubles = std::vector<double>;
using Floats = std::vector<float>;
using Wholes = std::vector<int64_t>;

void test_patterns() {
  const std::vector<int32_t> rows{2, 0, 2, 0};
  const std::vector<uint8_t> columns{1, 2, 3, 0}, counts{3, 1, 1, 1};
  const motes_coo entries{4, {rows.data(), MOTES_INT32}, {columns.data(), MOTES_UINT8}, {counts.data(), MOTES_UINT8}};
  const motes::OwnedPatterns<uint16_t> owned(entries, 3, 4);
  const motes_patterns patterns = owned.view();
  motes::check_patterns(patterns);
  EXPECT(motes::largest("columns", entries.column, 4) == 3);
  Wholes image(4);
  motes::total_image(patterns, image);
  EXPECT(image == Wholes{1, 3, 1, 1});
  const motes::OwnedPatterns<uint16_t> last(patterns, Wholes{2});
  motes::total_image(last.view(), image);
  EXPECT(image == Wholes{0, 3, 0, 1});
  EXPECT(refusal([&] { motes::total_image(patterns, std::span(image).first(3)); }) == "photons: expected 4 values, got 3");
  EXPECT(refusal([&] { motes::OwnedPatterns<uint16_t>(patterns, Wholes{3}); }) ==
         "which: pattern 3 at index 0 is outside 0..2");

  const Floats weights{0, 0, 1, -1, 2, -2, 3, -3}, base{0, 1};
  const Doubles weights_f64(weights.begin(), weights.end()), base_f64(base.begin(), base.end());
  Floats scores(6);
  Doubles scores_f64(6);
  motes::likelihood(patterns, weights, base, scores);
  motes::likelihood(patterns, weights_f64, base_f64, scores_f64);
  EXPECT(scores == Floats{2, -1, 0, 1, 6, -5} && scores_f64 == Doubles{2, -1, 0, 1, 6, -5});
  std::vector<int32_t> label(3);
  Floats evidence(3);
  Doubles share(6);
  motes::posterior(patterns, weights, base, {label, {}, evidence});
  motes::posterior(patterns, weights_f64, base_f64, {{}, share, {}});
  EXPECT(label == std::vector<int32_t>{0, 1, 0});
  EXPECT(std::fabs(evidence[1] - std::log(1 + std::exp(1.0))) < 1e-5 && std::fabs(share[2] + share[3] - 1) < 1e-12);

  Wholes planes(8), orientation(2);
  const motes_sums sums = motes::sweep(patterns, weights, base, planes, orientation, MOTES_HARD);
  EXPECT(planes[2] == 3 << 20 && orientation == Wholes{2 << 20, 1 << 20} && motes::log_likelihood(sums) == 9);
  EXPECT(motes::log_likelihood(motes::sweep(patterns, weights_f64, base_f64, planes, orientation, MOTES_HARD)) == 9);
  EXPECT(refusal([&] { motes::sweep(patterns, std::span(weights).first(7), base, planes, orientation); }) ==
         "weights: expected 8 values, got 7");
  motes_run run = MOTES_RUN_INIT;
  run.stop = [](void*) { return 1; };
  EXPECT(refusal<motes::Interrupted>([&] { motes::likelihood(patterns, weights, base, scores, &run); }) == "interrupted");

  Doubles gathered(8), templates(8), home(4);
  motes::backrotation(patterns, Floats{1, 0, 0, 0, 0.5, 0.25}, 2, gathered);
  EXPECT(gathered == Doubles{1, 0, 1.5, 0.75, 1, 0, 0.5, 0.25});
  motes::backrotation(patterns, Doubles{0, 1, 0, 0, 0.5, 0.25}, 2, gathered);
  EXPECT(gathered == Doubles{0, 1, 1.5, 0.75, 0, 1, 0.5, 0.25});
  const std::vector<int32_t> index{0, 1, 2, 3, 3, 2, 1, 0};
  motes::expand(Doubles{1, 2, 3, 4}, index, templates);
  motes::rotate_home(templates, index, home);
  EXPECT(templates == Doubles{1, 4, 2, 3, 3, 2, 4, 1} && home == Doubles{2, 4, 6, 8});

  Doubles turned(9), back(9);
  const Doubles corners{9, 1, 9, 3, 4, 5, 9, 7, 9}, quarter{0, 1, -1, 0};
  motes::interpolate(corners, quarter, 3, turned);
  motes::interpolate_home(turned, quarter, 3, back);
  EXPECT(turned == Doubles{0, 3, 0, 7, 4, 1, 0, 5, 0} && back == Doubles{0, 1, 0, 3, 4, 5, 0, 7, 0});
  EXPECT(refusal([&] { motes::interpolate(corners, quarter, 4, turned); }) == "master: expected 16 values, got 9");

  Wholes photons(8), members(2);
  std::vector<int32_t> labels(3, -1);
  motes_clusters clusters{sizeof clusters, photons.data(), members.data(), labels.data(), 0, {0, 0}};
  motes::assignment(patterns, Doubles{0, 1, 0, 1, 0, 1, 0, 1}, Doubles{0, -1.5}, clusters);
  EXPECT(members == Wholes{1, 2} && clusters.n_moved == 3);
  const std::vector<int32_t> orbit{0, 1, 2, 3};
  const std::vector<uint8_t> phase(4), turn(1);
  Doubles moments(16);
  motes::outer(patterns, {}, {4, 1, orbit.data(), phase.data(), turn.data()}, false, moments);
  EXPECT(moments == Doubles{1, 0, 1, 0, 0, 9, 0, 3, 1, 0, 1, 0, 0, 3, 0, 1});
}

void test_circles() {
  const Doubles centres{0, 0, 0.1, 0, 10, 0}, radii{1, 1, 1}, scores{0.5, 0.9, 0.7};
  const Floats corners{0, 0, 1, 0}, sizes{2, 2, 2, 2};
  const auto picks = motes::circles<double>(centres, radii);
  const auto truth = motes::circles<double>(std::span(centres).first(2), std::span(radii).first(1));
  const auto boxes = motes::boxes<float>(corners, sizes);
  const Wholes all{0, 3}, one{0, 1}, two{0, 2};
  Doubles iou(3);
  Floats box_iou(4);
  motes::circle_iou<double>(picks, picks, iou);
  EXPECT(iou == Doubles{1, 1, 1});
  motes::circle_iou_all<double>(picks, truth, all, one, iou);
  EXPECT(iou[0] == 1 && iou[1] > 0.8 && iou[2] == 0);
  motes::box_iou<float>(boxes, boxes, std::span(box_iou).first(2));
  EXPECT(box_iou[0] == 1 && box_iou[1] == 1);
  motes::box_iou_all<float>(boxes, boxes, two, two, box_iou);
  EXPECT(box_iou[0] == 1 && std::fabs(box_iou[1] - 1 / 3.0) < 1e-6);
  EXPECT(std::fabs(motes::equal_radii_distance(0) - 2) < 1e-9);
  EXPECT(refusal([&] { motes::circle_iou<float>(picks, picks, std::span(box_iou).first(3)); }) ==
         "out: another real type than the shapes'");

  Wholes kept(3), kept_indptr(2), suppressor(3), peak(6);
  Doubles decayed(3);
  EXPECT(motes::suppress(picks, scores.data(), MOTES_CIRCLE_IOU, 0.5, kept) == 2 && kept[0] == 1 && kept[1] == 2);
  motes::suppress(picks, scores.data(), all, MOTES_CIRCLE_IOU, 0.5, kept, kept_indptr, suppressor);
  EXPECT(kept_indptr == Wholes{0, 2} && suppressor == Wholes{1, -1, -1});
  motes::soft_suppress(picks, scores.data(), all, MOTES_LINEAR_DECAY, 0.5, 0.2, decayed, kept, kept_indptr);
  EXPECT(kept_indptr == Wholes{0, 2} && decayed[1] == 0.9);
  EXPECT(motes::suppress_map<float>(Floats{0, 5, 0, 0, 0, 4}, 3, 1.0, 1.0, peak) == 2 && peak[0] == 1 && peak[1] == 5);

  Wholes matched(3);
  Doubles overlap(3);
  motes::match(picks, scores.data(), truth, MOTES_CIRCLE_IOU, 0.5, MOTES_GREEDY, matched, overlap);
  EXPECT(matched == Wholes{-1, 0, -1});
  const auto pairs = motes::near_pairs(picks, truth, all, one, MOTES_DISTANCE, 1);
  EXPECT(pairs.indptr == Wholes{0, 1, 2, 2} && pairs.partner == Wholes{0, 0} && std::fabs(pairs.overlap[1] - 0.1) < 1e-12);
}

}  // namespace

extern "C" MOTES_API int motes_abi_calls() {
  failed = 0;
  try {
    motes::check_version();
    test_patterns();
    test_circles();
  } catch (const std::exception& error) {
    expect(false, error.what(), __LINE__);
  }
  std::fflush(stdout);
  return failed;
}

#ifndef MOTES_ABI_SHARED
int main() {
  const int n_failed = motes_abi_calls();
  std::printf("motes %s, %s: %d failed\n", motes_version(), motes_isa(), n_failed);
  return n_failed != 0;
}
#endif

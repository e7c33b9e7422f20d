// Random circles, boxes and maps, and calls of the families that take them.
#include <algorithm>
#include <cmath>

#include "session.hpp"

namespace fuzz {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();

// Reals of 4 or 8 bytes, of exactly their size.
struct Reals {
  Reals(int width, int64_t size) : bytes(width), floats(width == 4 ? size : 0), doubles(width == 8 ? size : 0) {}
  void set(int64_t i, double value) {
    if (bytes == 4) floats[i] = static_cast<float>(value);
    else doubles[i] = value;
  }
  const void* get() const { return bytes == 4 ? static_cast<const void*>(floats.get()) : doubles.get(); }
  int bytes;
  Array<float> floats;
  Array<double> doubles;
};

// Micrographs share n circles: an indptr from 0 to n, some of them empty.
Array<int64_t> parts(Random& random, int64_t n, int64_t n_parts) {
  Array<int64_t> indptr(n_parts + 1);
  for (int64_t m = 1; m < n_parts; ++m) indptr[m] = random.between(0, n);
  indptr[n_parts] = n;
  std::sort(indptr.get(), indptr.get() + n_parts + 1);
  return indptr;
}

struct Given {
  int64_t n;
  Reals centre, radius, score;
  motes_circles view() const { return {n, centre.get(), radius.get(), centre.bytes}; }
};

// Crowded, sparse, on a grid (where distances are equal), or in one place; of one radius or of many.
Given draw_circles(Random& random, int bytes, int64_t n) {
  Given given{n, Reals(bytes, 2 * n), Reals(bytes, n), Reals(bytes, n)};
  const double side = random.of({0.0, 1.0, 30.0, 300.0, 1e4, 1e19}), largest = random.of({1e-30, 0.5, 5.0, 5.0, 40.0, 1e20});
  const bool grid = random.one_in(4), equal = random.one_in(2), hostile = random.one_in(8), negative = random.one_in(4);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < 2; ++k) {
      const double place = (random.unit() - (negative ? 0.5 : 0.0)) * side;
      given.centre.set(2 * i + k, hostile ? wild(random) : grid ? std::round(place) : place);
    }
    given.radius.set(i, hostile ? std::abs(wild(random)) + 1e-3 : equal ? largest : std::max(1e-30, random.unit() * largest));
    given.score.set(i, hostile ? wild(random) : random.one_in(5) ? 0.5 : random.unit());
  }
  return given;
}

motes_circles fields(const Given& given, Session& session) {
  auto x = given.view();
  x.n = session.number<int64_t>(x.n, {-1, kLeast, (int64_t{1} << 31) + 1, kMost});
  x.centre = session.pointer(x.centre, given.n);
  x.radius = session.pointer(x.radius, given.n);
  x.real_bytes = session.number(x.real_bytes, {0, 2, 16, -4});
  return x;
}

int64_t draw_count(Random& random) { return random.one_in(40) ? 9000 : random.of<int64_t>({0, 1, 2, 3, 17, 100, 400}); }

void draw_threshold(Session& session, motes_measure& measure, double& threshold) {
  auto& random = session.random;
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  measure = static_cast<motes_measure>(random.below(3));
  if (measure == MOTES_DISTANCE) threshold = random.of({0.0, 1e-30, 0.5, 5.0, 50.0, 1e20});
  else threshold = random.of({0.0, 1e-12, 0.3, 0.5, 1 - 1e-12, 1.0, random.unit()});
  threshold = session.number(threshold, {-1.0, -1e-300, nan, inf, -inf, 1e21});
  measure = static_cast<motes_measure>(session.number<int>(measure, {-1, 3, 1 << 20}));
}

void ious(Session& session) {
  auto& random = session.random;
  const int bytes = random.of({4, 8});
  const bool all = random.one_in(2), boxes = random.one_in(2);
  const int64_t n = draw_count(random), m = all ? std::min<int64_t>(draw_count(random), 400) : n;
  const Given a = draw_circles(random, bytes, n), b = draw_circles(random, bytes, m);
  const int64_t n_parts = n + m > 0 ? random.between(1, 9) : random.between(0, 3);
  const auto a_indptr = parts(random, n, n_parts), b_indptr = parts(random, m, n_parts);
  int64_t n_out = n;
  if (all) {
    n_out = 0;
    for (int64_t k = 0; k < n_parts; ++k) n_out += (a_indptr[k + 1] - a_indptr[k]) * (b_indptr[k + 1] - b_indptr[k]);
  }
  if (n_out > 2000000) return;
  const auto* ap = session.pointer(a_indptr.get());
  const auto* bp = session.pointer(b_indptr.get());
  if (!all && (!ap || !bp)) return;
  const bool lost = session.loses(n_out);
  const auto output = [&](Outputs& out) {
    return bytes == 4 ? static_cast<void*>(out.array<float>(n_out, lost)) : out.array<double>(n_out, lost);
  };
  if (boxes) {  // sizes are drawn as other circles' centres, made positive
    Reals a_size(bytes, 2 * n), b_size(bytes, 2 * m);
    for (int64_t i = 0; i < 2 * n; ++i) a_size.set(i, random.unit() * 20 + 1e-3);
    for (int64_t i = 0; i < 2 * m; ++i) b_size.set(i, random.unit() * 20 + 1e-3);
    const motes_boxes left{session.number<int64_t>(n, {-1, kMost}), session.pointer(a.centre.get(), n),
                           session.pointer(a_size.get(), n), bytes};
    const motes_boxes right{m, b.centre.get(), b_size.get(), session.number(bytes, {bytes == 4 ? 2 : 4, 0})};
    const auto *x = session.pointer(&left), *y = session.pointer(&right);
    session.make("box_iou", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return all ? motes_box_iou_all(x, y, n_parts, ap, bp, output(out), run, error)
                 : motes_box_iou(x, y, output(out), run, error);
    });
  } else {
    const auto left = fields(a, session), right = fields(b, session);
    const auto *x = session.pointer(&left), *y = session.pointer(&right);
    session.make("circle_iou", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return all ? motes_circle_iou_all(x, y, n_parts, ap, bp, output(out), run, error)
                 : motes_circle_iou(x, y, output(out), run, error);
    });
  }
}

// An indptr that descends somewhere, perhaps.
void spoil_parts(Session& session, Array<int64_t>& indptr) {
  const int64_t n_parts = indptr.size() - 1;
  if (n_parts < 2 || !session.random.one_in(20)) return;
  indptr[session.random.between(1, n_parts - 1)] = session.random.of<int64_t>({-1, indptr[n_parts] + 1, kLeast, kMost});
  session.expect_refusal();
}

void suppress(Session& session) {
  auto& random = session.random;
  const int64_t n = draw_count(random), n_parts = random.of<int64_t>({1, 1, 3, 9, n > 0 ? 1 : 0});
  const Given given = draw_circles(random, random.of({4, 8}), n);
  auto indptr = parts(random, n, n_parts);
  spoil_parts(session, indptr);
  const auto x = fields(given, session);
  const auto* circles = session.pointer(&x);
  const auto* score = session.pointer(given.score.get(), n);
  const auto* ptr = session.pointer(indptr.get());
  const int64_t n_micrographs = session.number<int64_t>(n_parts, {-1, kLeast});
  const bool lost = session.loses(n);
  if (random.one_in(2)) {
    motes_measure measure;
    double threshold;
    draw_threshold(session, measure, threshold);
    const bool with_suppressor = random.one_in(2);
    session.make("suppression", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return motes_suppression(circles, score, n_micrographs, ptr, measure, threshold, out.array<int64_t>(n, lost),
                               out.array<int64_t>(n_parts + 1), with_suppressor ? out.array<int64_t>(n) : nullptr, run, error);
    });
    return;
  }
  const bool linear = random.one_in(2);
  const double parameter = session.number(random.of({1e-3, 0.3, 0.5, 1.0}), {-1.0, std::nan(""), 1e21});
  const double least = session.number(random.of({0.0, 1e-3, 0.2, 1e20}), {-1e-300, std::nan("")});
  const auto decay = static_cast<motes_decay>(session.number<int>(linear ? 0 : 1, {-1, 2}));
  session.make("soft_suppression", [&](Outputs& out, const motes_run* run, motes_error* error) {
    return motes_soft_suppression(circles, score, n_micrographs, ptr, decay, parameter, least, out.array<double>(n, lost),
                                  out.array<int64_t>(n), out.array<int64_t>(n_parts + 1), run, error);
  });
}

void maps(Session& session) {
  auto& random = session.random;
  const int64_t n = random.below(4), height = random.of<int64_t>({0, 1, 2, 7, 64, 100}), width = random.of<int64_t>({0, 1, 3, 8, 65});
  const int bytes = random.of({4, 8});
  Reals map(bytes, n * height * width);
  const bool flat = random.one_in(8), hostile = random.one_in(10);
  for (int64_t i = 0; i < n * height * width; ++i)
    map.set(i, flat ? 1.0 : hostile ? wild(random) : random.one_in(4) ? std::round(5 * random.unit()) : random.unit());
  const int64_t size = n * height * width;
  const auto* from = session.pointer(map.get(), size);
  const int64_t n_maps = session.number<int64_t>(n, {-1, kLeast, kMost});
  const int64_t rows = session.number<int64_t>(height, {-1, kLeast, (int64_t{1} << 31) + 1, kMost});
  const int64_t columns = session.number<int64_t>(width, {-1, kLeast, (int64_t{1} << 31) + 1, kMost});
  const double radius = session.number(random.of({0.0, 0.5, 1.0, 1.5, 3.7, 50.0, 1e9}), {-1.0, std::nan(""), 1e10});
  const double inf = std::numeric_limits<double>::infinity();
  const double threshold = session.number(random.of({-inf, 0.0, 0.5, 3.0, inf}), {std::nan("")});
  const int real_bytes = session.number(bytes, {0, 2, 5});
  const bool lost = session.loses(size);
  session.make("map_suppression", [&](Outputs& out, const motes_run* run, motes_error* error) {
    return motes_map_suppression(from, real_bytes, n_maps, rows, columns, radius, threshold, out.array<int64_t>(size, lost),
                                 out.array<int64_t>(n), run, error);
  });
}

void match(Session& session) {
  auto& random = session.random;
  const int bytes = random.of({4, 8});
  const int64_t n = draw_count(random), m = random.one_in(3) ? n : std::min<int64_t>(draw_count(random), 400);
  const int64_t n_parts = random.of<int64_t>({1, 1, 3, 9, n + m > 0 ? 1 : 0});
  const Given picks = draw_circles(random, bytes, n), truth = draw_circles(random, random.of({4, 8}), m);
  auto pick_indptr = parts(random, n, n_parts), truth_indptr = parts(random, m, n_parts);
  spoil_parts(session, pick_indptr);
  motes_measure measure;
  double threshold;
  draw_threshold(session, measure, threshold);
  const auto a = fields(picks, session), b = fields(truth, session);
  const auto *x = session.pointer(&a), *y = session.pointer(&b);
  const auto *xp = session.pointer(pick_indptr.get()), *yp = session.pointer(truth_indptr.get());
  const int64_t n_micrographs = session.number<int64_t>(n_parts, {-1, kLeast});
  if (random.one_in(2)) {
    const bool lost = session.loses(n);
    auto rule = random.below(5);
    if (n > 400 && (rule == MOTES_OPTIMAL || rule == MOTES_TOPAZ)) rule = MOTES_GREEDY;
    const auto given = static_cast<motes_match_rule>(session.number<int>(static_cast<int>(rule), {-1, 5, 1 << 20}));
    const auto* score = session.optional(picks.score.get());
    session.make("matching", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return motes_matching(x, score, y, n_micrographs, xp, yp, measure, threshold, given, out.array<int64_t>(n, lost),
                            out.array<double>(n), run, error);
    });
    return;
  }
  Array<int64_t> counted(n + 1);
  const motes_circles sound = picks.view(), sound_truth = truth.view();
  const auto status = motes_near_pairs(&sound, &sound_truth, n_parts, pick_indptr.get(), truth_indptr.get(), measure, threshold,
                                       0, counted.get(), nullptr, nullptr, nullptr, nullptr);
  const int64_t n_pairs = status == MOTES_TOO_SMALL ? counted[n] : 0;
  const int64_t capacity = random.one_in(4) ? random.below(n_pairs + 1) - 1 : n_pairs;
  if (n_pairs > 1000000) return;
  const bool lost = session.loses(n + 1);
  session.make("near_pairs", [&](Outputs& out, const motes_run* run, motes_error* error) {
    const int64_t room = std::max<int64_t>(capacity, 0);
    return motes_near_pairs(x, y, n_micrographs, xp, yp, measure, threshold, capacity, out.array<int64_t>(n + 1, lost),
                            out.array<int64_t>(room), out.array<double>(room), run, error);
  });
}

void words(Session& session) {
  auto& random = session.random;
  char name[4] = {};
  for (char& letter : name) letter = static_cast<char>(random.below(256));
  name[3] = 0;
  motes_isa_available(random.one_in(4) ? nullptr : name);
  const char* text = motes_status_text(static_cast<motes_status>(random.between(-10, 10)));
  if (!text || !*text || !*motes_version() || motes_hardware_threads() < 1) session.complain("status_text", "nothing said");
  const double iou = session.number(random.unit(), {-1e-300, 1.0000001, std::nan(""), 1e300});
  const bool lost = session.loses(1);
  session.takes_no_run();
  session.make("equal_radii_distance", [&](Outputs& out, const motes_run*, motes_error* error) {
    return motes_equal_radii_distance(iou, out.array<double>(1, lost), error);
  });
}

}  // namespace

void circles(Session& session) {
  switch (session.random.below(9)) {
    case 0: return words(session);
    case 1: case 2: return ious(session);
    case 3: case 4: return suppress(session);
    case 5: case 6: return maps(session);
    default: return match(session);
  }
}

}  // namespace fuzz

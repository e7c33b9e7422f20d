// Random patterns, and calls of the families that take them.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "session.hpp"

namespace fuzz {
namespace {

// Patterns that own their arrays, each of exactly its size; a part of a longer container now and then.
struct Given {
  Array<int64_t> indptr;
  Array<uint16_t> short_pixels;
  Array<uint32_t> long_pixels;
  Array<int64_t> position;
  Array<int32_t> extra;
  motes_patterns view{};
};

int64_t draw_size(Random& random, std::initializer_list<int64_t> often, int64_t large) {
  return random.one_in(50) ? large : random.of(often);
}

Given draw_patterns(Random& random) {
  const int64_t n = draw_size(random, {0, 1, 2, 5, 33, 300}, 9000);
  const int64_t m = n > 300 ? 16 : draw_size(random, {0, 1, 4, 9, 100, 100, 625}, random.of<int64_t>({65536, 70000}));
  const bool is_long = m > 65536 || random.one_in(4);
  const int64_t before = random.one_in(4) ? random.between(1, 7) : 0;
  const double density = m ? std::min(1.0, random.unit() * 20 / static_cast<double>(m)) : 0;
  std::vector<int64_t> indptr{before}, position;
  std::vector<uint32_t> pixels(static_cast<size_t>(before), 0);
  std::vector<int32_t> extra;
  for (int64_t p = 0; p < n; ++p) {
    const int64_t step = std::max<int64_t>(1, m / 4096);  // far apart in large images
    for (int64_t i = random.below(step); i < m; i += random.between(1, step)) {
      if (random.unit() >= density * static_cast<double>(step)) continue;
      if (random.one_in(6)) {
        position.push_back(static_cast<int64_t>(pixels.size()));
        extra.push_back(random.one_in(2000) ? std::numeric_limits<int32_t>::max() : static_cast<int32_t>(random.between(1, 9)));
      }
      pixels.push_back(static_cast<uint32_t>(i));
    }
    indptr.push_back(static_cast<int64_t>(pixels.size()));
  }
  const auto n_lit = static_cast<int64_t>(pixels.size()), n_multi = static_cast<int64_t>(position.size());
  Given given{Array<int64_t>(n + 1), Array<uint16_t>(is_long ? 0 : n_lit), Array<uint32_t>(is_long ? n_lit : 0),
              Array<int64_t>(n_multi), Array<int32_t>(n_multi)};
  std::copy(indptr.begin(), indptr.end(), given.indptr.get());
  for (int64_t i = 0; i < n_lit; ++i) {
    const uint32_t pixel = pixels[static_cast<size_t>(i)];
    if (is_long) given.long_pixels[i] = pixel;
    else given.short_pixels[i] = static_cast<uint16_t>(pixel);
  }
  std::copy(position.begin(), position.end(), given.position.get());
  std::copy(extra.begin(), extra.end(), given.extra.get());
  const void* lit = is_long ? static_cast<const void*>(given.long_pixels.get()) : given.short_pixels.get();
  given.view = {sizeof(motes_patterns), n, m, given.indptr.get(), lit, is_long ? 4 : 2, n_multi, given.position.get(),
                given.extra.get()};
  return given;
}

int64_t absurd(Random& random) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  return random.of<int64_t>({-1, 0, 1, 3, 65536, int64_t{1} << 32, most, least, random.between(-20, 20)});
}

// Changes what is inside arrays, and shortens: the sizes that are left are true, so a reader of the fields may trust them.
void corrupt(Given& given, Random& random) {
  auto& x = given.view;
  for (int64_t changes = random.between(1, 3); changes > 0; --changes) {
    const int64_t kind = random.below(5);
    if (kind == 0 && x.n_patterns > 1) given.indptr[random.below(x.n_patterns)] = absurd(random);
    if (kind == 1) given.indptr[x.n_patterns] = std::min(given.indptr[x.n_patterns], absurd(random));
    if (kind == 2 && given.short_pixels.size() > 0)
      given.short_pixels[random.below(given.short_pixels.size())] = static_cast<uint16_t>(absurd(random));
    if (kind == 2 && given.long_pixels.size() > 0)
      given.long_pixels[random.below(given.long_pixels.size())] = static_cast<uint32_t>(absurd(random));
    if (kind == 3 && x.n_multi > 0) given.position[random.below(x.n_multi)] = absurd(random);
    if (kind == 4 && x.n_multi > 0) given.extra[random.below(x.n_multi)] = static_cast<int32_t>(absurd(random));
  }
}

// The struct as the call gets it: perhaps with one field that must be refused.
motes_patterns fields(const motes_patterns& sound, Session& session) {
  motes_patterns x = sound;
  constexpr int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  const int64_t n_lit = sound.indptr[sound.n_patterns];
  x.struct_size = session.size_of(x.struct_size);
  x.n_patterns = session.number<int64_t>(x.n_patterns, {-1, least});
  x.n_pixels = session.number<int64_t>(x.n_pixels, {-1, least, (int64_t{1} << 32) + 1, most});
  x.indptr = session.pointer(x.indptr);
  x.pixels = session.pointer(x.pixels, n_lit);
  x.pixel_bytes = session.number(x.pixel_bytes, {0, 1, 3, 8, -4});
  x.n_multi = session.number<int64_t>(x.n_multi, {-1, least});
  x.multi_position = session.pointer(x.multi_position, x.n_multi);
  x.multi_extra = session.pointer(x.multi_extra, x.n_multi);
  return x;
}

template <class Real>
Array<Real> numbers(Random& random, int64_t size, bool impossible = false) {
  Array<Real> values(size);
  const bool tame = !random.one_in(8);
  for (int64_t i = 0; i < size; ++i) {
    values[i] = static_cast<Real>(tame ? random.unit() * 6 - 3 : wild(random));
    if (impossible && random.one_in(50)) values[i] = -std::numeric_limits<Real>::infinity();
  }
  return values;
}

int64_t draw_templates(Random& random) { return random.of<int64_t>({1, 2, 3, 4, 4, 5, 8, 13, 16, 17, 33, 40}); }

int64_t spoil_templates(Session& session, int64_t n) {
  return session.number<int64_t>(n, {0, -1, std::numeric_limits<int64_t>::min(), (int64_t{1} << 24) + 1,
                                     std::numeric_limits<int64_t>::max()});
}

template <class Real>
struct Families;
template <>
struct Families<float> {
  static constexpr auto likelihood = &motes_likelihood_f32;
  static constexpr auto posterior = &motes_posterior_f32;
  static constexpr auto backrotation = &motes_backrotation_f32;
  static constexpr auto sweep = &motes_sweep_f32;
};
template <>
struct Families<double> {
  static constexpr auto likelihood = &motes_likelihood_f64;
  static constexpr auto posterior = &motes_posterior_f64;
  static constexpr auto backrotation = &motes_backrotation_f64;
  static constexpr auto sweep = &motes_sweep_f64;
};

template <class Real>
void templates(Session& session, const Given& given) {
  auto& random = session.random;
  const int64_t n = given.view.n_patterns, m = given.view.n_pixels, r = draw_templates(random);
  const bool huge = n * r > 60000 || m * r > 300000;
  if (huge) return;
  const auto weights = numbers<Real>(random, m * r, true), base = numbers<Real>(random, r, true);
  const auto x = fields(given.view, session);
  const auto* patterns = session.pointer(&x);
  const int64_t kind = random.below(4);
  const auto* w = kind == 2 ? nullptr : session.pointer(weights.get(), m * r);
  const auto* b = session.optional(base.get());
  const int64_t count = spoil_templates(session, r);
  const bool lost = kind != 1 && session.loses(kind == 0 ? n : m * r);
  if (kind == 0) {
    session.make("likelihood", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return Families<Real>::likelihood(patterns, w, b, count, out.array<Real>(n * r, lost), run, error);
    });
  } else if (kind == 1) {
    const bool with_label = random.one_in(2), with_share = random.one_in(2), with_evidence = random.one_in(2);
    session.make("posterior", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return Families<Real>::posterior(patterns, w, b, count, with_label ? out.array<int32_t>(n) : nullptr,
                                       with_share ? out.array<Real>(n * r) : nullptr,
                                       with_evidence ? out.array<Real>(n) : nullptr, run, error);
    });
  } else if (kind == 2) {
    const auto coefficients = numbers<Real>(random, n * r);
    const auto* c = session.pointer(coefficients.get(), n * r);
    session.make("backrotation", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return Families<Real>::backrotation(patterns, c, count, out.array<double>(m * r, lost), run, error);
    });
  } else {
    const auto rule = static_cast<motes_assignment_rule>(session.number<int>(static_cast<int>(random.below(2)), {-1, 2, 1 << 30}));
    const size_t size = session.size_of(sizeof(motes_sums));
    session.make("sweep", [&](Outputs& out, const motes_run* run, motes_error* error) {
      motes_sums sums{size, out.array<int64_t>(m * r, lost), out.array<int64_t>(r), {0, 0}, 0, 0};
      const auto status = Families<Real>::sweep(patterns, w, b, count, rule, &sums, run, error);
      out.note(sums.log_likelihood);
      out.note(sums.n_impossible);
      out.note(sums.quantum);
      return status;
    });
  }
}

void clusters(Session& session, const Given& given) {
  auto& random = session.random;
  const int64_t n = given.view.n_patterns, m = given.view.n_pixels, k = draw_templates(random);
  if (m * k > 300000) return;
  const auto weights = numbers<double>(random, m * k), base = numbers<double>(random, k);
  Array<int32_t> labels(n);
  for (int64_t p = 0; p < n; ++p) {
    labels[p] = static_cast<int32_t>(random.between(-1, k - 1));
    if (random.one_in(5000)) {
      labels[p] = random.of<int32_t>({-2, static_cast<int32_t>(k), std::numeric_limits<int32_t>::max()});
      session.expect_refusal();
    }
  }
  const auto x = fields(given.view, session);
  const auto *patterns = session.pointer(&x);
  const auto *w = session.pointer(weights.get(), m * k), *b = session.pointer(base.get(), k);
  const int64_t count = spoil_templates(session, k);
  const size_t size = session.size_of(sizeof(motes_clusters));
  const bool lost = session.loses(m * k);
  session.make("assignment", [&](Outputs& out, const motes_run* run, motes_error* error) {
    motes_clusters own{size, out.array<int64_t>(m * k, lost), out.array<int64_t>(k), out.array<int32_t>(n), 0, {0, 0}};
    if (own.photons) std::fill_n(own.photons, m * k, 0);
    std::fill_n(own.members, k, 0);
    std::copy_n(labels.get(), n, own.labels);
    const auto status = motes_assignment(patterns, w, b, count, &own, run, error);
    out.note(own.n_moved);
    out.note(own.score);
    return status;
  });
}

void products(Session& session, const Given& given) {
  auto& random = session.random;
  const int64_t n = given.view.n_patterns, m = given.view.n_pixels, r = random.of<int64_t>({1, 1, 2, 4, 5});
  const int64_t n_orbits = std::min<int64_t>(m, random.between(1, 40));
  Array<int32_t> orbit(m);
  Array<uint8_t> phase(m), turn(r * r);
  for (int64_t i = 0; i < m; ++i) {
    orbit[i] = static_cast<int32_t>(random.below(n_orbits));
    phase[i] = static_cast<uint8_t>(random.below(r));
  }
  for (int64_t i = 0; i < r * r; ++i) turn[i] = static_cast<uint8_t>(random.below(r));
  if (random.one_in(10) && m > 0) {
    orbit[random.below(m)] = random.of<int32_t>({-1, static_cast<int32_t>(n_orbits), std::numeric_limits<int32_t>::min()});
    session.expect_refusal();
  }
  const bool given_coefficients = r > 1 || random.one_in(2), with = given_coefficients && random.one_in(2);
  Array<float> coefficients(n * r);
  for (int64_t i = 0; i < n * r; ++i) coefficients[i] = static_cast<float>(random.one_in(20000) ? wild(random) : random.unit());
  const auto x = fields(given.view, session);
  motes_orbits orbits{session.number<int64_t>(n_orbits, {-1, m + 1, std::numeric_limits<int64_t>::max()}),
                      session.number<int64_t>(r, {0, -1, 256, std::numeric_limits<int64_t>::max()}),
                      session.pointer(orbit.get(), m), session.pointer(phase.get(), m), session.pointer(turn.get(), 1)};
  const auto* patterns = session.pointer(&x);
  const auto* o = session.pointer(&orbits);
  const int64_t slots = (n_orbits + (with ? 1 : 0)) * r;
  const bool lost = session.loses(slots);
  session.make("outer", [&](Outputs& out, const motes_run* run, motes_error* error) {
    return motes_outer(patterns, given_coefficients ? coefficients.get() : nullptr, o, with,
                       out.array<double>(slots * slots, lost), run, error);
  });
}

void parts(Session& session, const Given& given) {
  auto& random = session.random;
  const int64_t n = given.view.n_patterns, m = given.view.n_pixels;
  if (random.one_in(2)) {
    const auto x = fields(given.view, session);
    const auto* patterns = session.pointer(&x);
    const bool lost = session.loses(m);
    session.make("total_image", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return motes_total_image(patterns, out.array<int64_t>(m, lost), run, error);
    });
    return;
  }
  const int64_t n_which = n > 0 ? random.below(2 * n) : 0;
  Array<int64_t> which(n_which);
  for (int64_t k = 0; k < n_which; ++k) which[k] = random.below(n);
  int64_t n_lit = 0, n_multi = 0;
  if (motes_take_count(&given.view, which.get(), n_which, &n_lit, &n_multi, nullptr)) session.complain("take_count", "refused");
  if (n_which > 0 && random.one_in(10)) {
    which[random.below(n_which)] = random.of<int64_t>({-1, n, std::numeric_limits<int64_t>::max()});
    session.expect_refusal();
  }
  const auto x = fields(given.view, session);
  const auto* patterns = session.pointer(&x);
  const auto* w = session.pointer(which.get(), n_which);
  const int64_t count = session.number<int64_t>(n_which, {-1, std::numeric_limits<int64_t>::min()});
  const bool lost = session.loses(n_which + 1);
  session.make("take", [&](Outputs& out, const motes_run* run, motes_error* error) {
    void* pixels = x.pixel_bytes == 2 ? static_cast<void*>(out.array<uint16_t>(n_lit)) : out.array<uint32_t>(n_lit);
    return motes_take(patterns, w, count, out.array<int64_t>(n_which + 1, lost), pixels, out.array<int64_t>(n_multi),
                      out.array<int32_t>(n_multi), run, error);
  });
}

template <class Integer>
void fill(void* data, int64_t size, const std::vector<int64_t>& values) {
  for (int64_t i = 0; i < size; ++i) static_cast<Integer*>(data)[i] = static_cast<Integer>(values[static_cast<size_t>(i)]);
}

// The same numbers in any integer type that holds them.
Array<uint64_t> as_integers(const std::vector<int64_t>& values, motes_integer type) {
  constexpr decltype(&fill<int8_t>) fills[] = {&fill<int8_t>,  &fill<uint8_t>,  &fill<int16_t>, &fill<uint16_t>,
                                               &fill<int32_t>, &fill<uint32_t>, &fill<int64_t>, &fill<uint64_t>};
  const auto size = static_cast<int64_t>(values.size());
  Array<uint64_t> data(size);  // wide enough for each
  fills[type](data.get(), size, values);
  return data;
}

void ingest(Session& session) {
  auto& random = session.random;
  const int64_t n = random.of<int64_t>({0, 1, 3, 50, 120, 5000}), m = random.of<int64_t>({0, 1, 9, 100, 127, 625, 70000});
  const int64_t size = n && m ? draw_size(random, {0, 1, 7, 100, 3000}, 300000) : 0;
  const bool sorted = random.one_in(2);
  std::vector<int64_t> rows, columns, counts;
  for (int64_t e = 0; e < size; ++e) {
    rows.push_back(sorted ? e * n / size : random.below(n));
    columns.push_back(random.below(m));
    counts.push_back(random.one_in(5) ? random.below(100) : 1);
  }
  if (sorted)
    for (size_t first = 0, last; first < rows.size(); first = last) {
      for (last = first; last < rows.size() && rows[last] == rows[first];) ++last;
      std::sort(columns.begin() + static_cast<std::ptrdiff_t>(first), columns.begin() + static_cast<std::ptrdiff_t>(last));
    }
  auto type_for = [&](int64_t most) {
    auto type = static_cast<motes_integer>(random.below(8));
    while ((type < MOTES_INT16 && most > 127) || (type < MOTES_INT32 && most > 32767)) type = static_cast<motes_integer>(random.below(8));
    return type;
  };
  const auto row_type = type_for(n), column_type = type_for(m), count_type = type_for(100);
  if (size > 0 && random.one_in(8)) {
    auto* const spoilt = random.of({&rows, &columns, &counts});
    (*spoilt)[static_cast<size_t>(random.below(size))] = absurd(random);  // perhaps fine in its type
  }
  const auto row = as_integers(rows, row_type), column = as_integers(columns, column_type), count = as_integers(counts, count_type);
  const auto wrong_type = [&](motes_integer type) {
    return size > 0 ? static_cast<motes_integer>(session.number<int>(type, {-1, 8, 1000})) : type;
  };
  const auto entry_count = session.number<int64_t>(size, {-1, std::numeric_limits<int64_t>::min()});
  const motes_integers row_values{session.pointer(row.get(), size), wrong_type(row_type)};
  if (random.one_in(4)) {
    const bool lost = session.loses(1);
    const char* const name = session.optional("rows");
    session.make("largest", [&](Outputs& out, const motes_run* run, motes_error* error) {
      return motes_largest(row_values, entry_count, out.array<int64_t>(1, lost), name, run, error);
    });
    return;
  }
  const motes_coo entries{entry_count,
                          row_values,
                          {session.pointer(column.get(), size), wrong_type(column_type)},
                          {random.one_in(3) ? nullptr : count.get(), count_type}};
  const int pixel_bytes = session.number(m > 65536 || random.one_in(3) ? 4 : 2, {0, 3, 8, -2});
  const int64_t n_patterns = session.number<int64_t>(n, {-1, std::numeric_limits<int64_t>::min()});
  const int64_t n_pixels = session.number<int64_t>(m, {-1, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()});
  const auto* given = session.pointer(&entries);
  const bool lost = session.loses(n + 1);
  const int64_t capacity = random.one_in(3) ? random.of<int64_t>({0, 1, -1}) : size;
  session.make("ingest", [&](Outputs& out, const motes_run* run, motes_error* error) {
    int64_t n_lit = 0, n_multi = capacity;
    void* pixels = pixel_bytes == 2 ? static_cast<void*>(out.array<uint16_t>(size)) : out.array<uint32_t>(size);
    const int64_t room = std::max<int64_t>(capacity, 0);
    const auto status = motes_ingest(given, n_patterns, n_pixels, out.array<int64_t>(n + 1, lost), pixels, pixel_bytes, &n_lit,
                                     out.array<int64_t>(room), out.array<int32_t>(room), &n_multi, run, error);
    out.note(n_lit);
    out.note(n_multi);
    return status;
  });
}

void turns(Session& session) {
  auto& random = session.random;
  const int64_t m = random.of<int64_t>({0, 1, 9, 625}), r = draw_templates(random);
  Array<int32_t> index(m * r);
  for (int64_t i = 0; i < m * r; ++i) index[i] = static_cast<int32_t>(random.below(m));
  if (m > 0 && random.one_in(6)) {
    index[random.below(m * r)] = random.of<int32_t>({-1, static_cast<int32_t>(m), std::numeric_limits<int32_t>::min()});
    session.expect_refusal();
  }
  const auto from = numbers<double>(random, m * r);
  const auto* source = session.pointer(from.get(), m);
  const auto* at = session.pointer(index.get(), m * r);
  const int64_t count = spoil_templates(session, r);
  const int64_t n_pixels = session.number<int64_t>(m, {-1, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()});
  const bool home = random.one_in(2), lost = session.loses(m);
  session.takes_no_run();
  session.make(home ? "rotate_home" : "expand", [&](Outputs& out, const motes_run*, motes_error* error) {
    if (home) return motes_rotate_home(source, at, count, n_pixels, out.array<double>(m, lost), error);
    return motes_expand(source, at, count, n_pixels, out.array<double>(m * r, lost), error);
  });
}

void interpolation(Session& session) {
  auto& random = session.random;
  const int64_t side = random.of<int64_t>({0, 1, 2, 3, 10, 25}), r = draw_templates(random), m = side * side;
  Array<double> turns(4 * r);
  for (int64_t k = 0; k < r; ++k) {
    const double angle = random.unit() * 7, mirror = random.one_in(2) ? -1 : 1;
    turns[4 * k] = mirror * std::cos(angle);
    turns[4 * k + 1] = mirror * std::sin(angle);
    turns[4 * k + 2] = -std::sin(angle);
    turns[4 * k + 3] = std::cos(angle);
  }
  if (random.one_in(6)) {
    turns[random.below(4 * r)] = random.of<double>({1.5, -2.0, 1e300, std::numeric_limits<double>::quiet_NaN()});
    session.expect_refusal();
  }
  const auto from = numbers<double>(random, m * r);
  const auto* source = session.pointer(from.get(), m);
  const auto* at = session.pointer(turns.get(), 4 * r);
  const int64_t count = spoil_templates(session, r);
  const int64_t length = session.number<int64_t>(side, {-1, 32769, std::numeric_limits<int64_t>::min(),
                                                        std::numeric_limits<int64_t>::max()});
  const bool home = random.one_in(2), lost = session.loses(m);
  session.make(home ? "interpolate_home" : "interpolate", [&](Outputs& out, const motes_run* run, motes_error* error) {
    if (home) return motes_interpolate_home(source, at, count, length, out.array<double>(m, lost), run, error);
    return motes_interpolate(source, at, count, length, out.array<double>(m * r, lost), run, error);
  });
}

}  // namespace

void photons(Session& session) {
  auto& random = session.random;
  if (random.one_in(5)) return ingest(session);
  if (random.one_in(8)) return turns(session);
  if (random.one_in(8)) return interpolation(session);
  Given given = draw_patterns(random);
  if (random.one_in(4)) corrupt(given, random);
  motes_error error;
  const auto status = motes_check_patterns(&given.view, &error);
  if (status == MOTES_BAD_ARGUMENT) return;  // the kernels are promised patterns that passed
  if (status) session.complain("check_patterns", "neither fine nor bad");
  switch (random.below(6)) {
    case 0: return clusters(session, given);
    case 1: return products(session, given);
    case 2: return parts(session, given);
    case 3: return templates<double>(session, given);
    default: return templates<float>(session, given);
  }
}

}  // namespace fuzz

// C types as text, read off the compiler's: "const float*", "int64_t", "motes_patterns*".
#pragma once
#include <string>
#include <type_traits>

namespace motes::python {

// The name of a struct of motes.h; specialised for each.
template <class T>
struct StructName;

template <class T>
std::string spelling() {
  if constexpr (std::is_pointer_v<T>) {
    using To = std::remove_pointer_t<T>;
    if constexpr (std::is_function_v<To>) {
      return "void*";
    } else {
      return (std::is_const_v<To> ? "const " : "") + spelling<std::remove_const_t<To>>() + "*";
    }
  } else if constexpr (std::is_void_v<T>) {
    return "void";
  } else if constexpr (std::is_same_v<T, char>) {
    return "char";
  } else if constexpr (std::is_enum_v<T>) {
    return spelling<std::underlying_type_t<T>>();
  } else if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? "float" : "double";
  } else if constexpr (std::is_integral_v<T>) {
    return (std::is_signed_v<T> ? "int" : "uint") + std::to_string(8 * sizeof(T)) + "_t";
  } else {
    return StructName<T>::text;
  }
}

template <class Result, class... Arguments>
std::string declaration(const char* name, Result (*)(Arguments...)) {
  std::string text = spelling<Result>() + " " + name + "(";
  const char* separator = "";
  ((text += separator + spelling<Arguments>(), separator = ", "), ...);
  return text + ")";
}

}  // namespace motes::python

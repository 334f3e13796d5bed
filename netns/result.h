// Result<T>: a value or the Error that prevented it. Shaped like std::expected, which g++ 12 hides in
// C++23 mode and clang 14 cannot see; ignoring one does not compile (-Werror=unused-result).
#pragma once

#include <cassert>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace isthmus {

// What could not be done, to what, and why. Made where errno is read and only widened on the way up.
struct Error {
  std::string doing;   // verb phrase: "create veth"
  std::string object;  // "'eth0' in /run/netns/web"; empty when `doing` says it all
  int err = 0;         // errno of the failed call, 0 when no call failed
  std::string detail;  // the kernel's extended-ack text, or any further cause
  std::string word;    // greppable, without brackets: "netns-missing"; explained in docs/errors.md
  std::string hint;    // the next step for whoever reads it

  // One line: "cannot DOING OBJECT: REASON (ESYM): DETAIL [WORD]; HINT". Absent parts are left out.
  std::string text() const;

  // The same error with another word or hint, for `return std::move(e).with(...)`. A word that is already set wins.
  Error with_word(std::string new_word) &&;
  Error with_hint(std::string new_hint) &&;
};

// An Error from the errno of the call that has just failed.
[[gnu::cold]] Error errno_error(std::string doing, std::string object = {}, std::string word = {});

// As errno_error, for calls that return the number instead of setting errno.
[[gnu::cold]] Error errno_error_from(int err, std::string doing, std::string object = {}, std::string word = {});

namespace detail {

// A failure is rare and large. Kept beside the value it would make each Result as large as itself, and each function
// that passes one on would carry the code that moves and destroys it among what runs every time.
template <class E>
class Boxed {
 public:
  template <class U>
  [[gnu::cold, gnu::noinline]] explicit Boxed(std::in_place_t /*tag*/, U&& value)
      : value_(new E(std::forward<U>(value))) {}
  Boxed(Boxed&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Boxed(const Boxed& other) : value_(other.value_ != nullptr ? new E(*other.value_) : nullptr) {}
  Boxed& operator=(Boxed other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Boxed() {
    if (value_ != nullptr) [[unlikely]]
      destroy();
  }
  E& get() { return *value_; }

 private:
  [[gnu::cold, gnu::noinline]] void destroy() { delete value_; }
  E* value_;
};

template <class E>
struct Bare {
  template <class U>
  explicit Bare(std::in_place_t /*tag*/, U&& failure) : value(std::forward<U>(failure)) {}
  E& get() { return value; }
  E value;
};

template <class E>
using Failure = std::conditional_t<(sizeof(E) > sizeof(void*)), Boxed<E>, Bare<E>>;

}  // namespace detail

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  // NOLINTBEGIN(google-explicit-constructor,bugprone-forwarding-reference-overload): `return value;` and `return
  // error;` are the purpose, and the second constructor takes no Result.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  template <class U>
  requires(std::is_constructible_v<E, U&&> && !std::is_convertible_v<U&&, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& error)
      : state_(std::in_place_index<1>, std::in_place, std::forward<U>(error)) {}
  // NOLINTEND(google-explicit-constructor,bugprone-forwarding-reference-overload)

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return value(); }
  const T& operator*() const& { return const_cast<Result*>(this)->value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &const_cast<Result*>(this)->value(); }
  E& error() & { return failure(); }
  const E& error() const& { return const_cast<Result*>(this)->failure(); }
  E&& error() && { return std::move(failure()); }

 private:
  T& value() {
    assert(state_.index() == 0);
    return *std::get_if<0>(&state_);
  }
  E& failure() {
    assert(state_.index() == 1);
    return std::get_if<1>(&state_)->get();
  }
  std::variant<T, detail::Failure<E>> state_;
};

// Success without a value: Result<Done>; `return done;`.
struct Done {
  bool operator==(const Done&) const = default;
};
inline constexpr Done done{};
using Status = Result<Done>;

}  // namespace isthmus

#define ISTHMUS_CONCAT2(a, b) a##b
#define ISTHMUS_CONCAT(a, b) ISTHMUS_CONCAT2(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
// TRY(auto fd, NetnsFd::open(path)); binds the value or returns the error from the enclosing function.
#define TRY(declaration, expression) ISTHMUS_TRY_AS(ISTHMUS_CONCAT(try_result_, __LINE__), declaration, expression)
#define ISTHMUS_TRY_AS(name, declaration, expression) \
  auto name = (expression);                           \
  if (!name) [[unlikely]]                             \
    return std::move(name).error();                   \
  declaration = *std::move(name)
// NOLINTEND(bugprone-macro-parentheses)

// TRY_OK(socket.commit(batch)); returns the error from the enclosing function.
#define TRY_OK(expression)                                        \
  do {                                                            \
    if (auto try_status = (expression); !try_status) [[unlikely]] \
      return std::move(try_status).error();                       \
  } while (false)

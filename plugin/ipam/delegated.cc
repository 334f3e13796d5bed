#include "plugin/ipam/delegated.h"

#include "plugin/cni/cni_result.h"

namespace isthmus::delegated {
namespace {

using std::chrono::milliseconds;

// The undo of an ADD that used up all the time still needs some.
constexpr milliseconds kUndoTime{5000};

// containerd calls STATUS without any deadline and waits.
constexpr milliseconds kStatusTime{1000};
constexpr unsigned kNotAvailable = 50;  // CNI specification, section 5: "plugin is not available"

Answer<Lease> try_acquire(const IpamCall& call, const std::string& executable) {
  TRY(std::string out, run_delegate(executable, Verb::add, call.conf.stdin_bytes, call.deadline, call.overrides));
  return read_lease(call.conf.ipam_type, call.conf.version, out);
}

}  // namespace

Answer<Lease> read_lease(const std::string& ipam_type, SpecVersion version, const std::string& stdout_bytes) {
  const std::string what = "the result of IPAM plugin '" + ipam_type + "'";
  auto result = parse_result(stdout_bytes, version, what);
  if (!result) {
    Error garbage{"use " + what, {}, 0, result.error().msg, "ipam-garbage", {}};
    if (stdout_bytes.empty()) garbage.detail = "it ended well but printed nothing";
    return garbage;
  }
  if (result->ips.empty()) {
    return Error{"use " + what, {}, 0, "it has no address", "ipam-garbage", {}};
  }
  Lease lease;
  for (const CniIp& ip : result->ips) {
    if (ip.address.address().is_any() || ip.address.address().is_multicast()) {
      return Error{"use " + what,  {}, 0, "'" + ip.address.text() + "' is no address for an interface",
                   "ipam-garbage", {}};
    }
    lease.addresses.push_back({ip.address, ip.gateway});
  }
  lease.routes = std::move(result->routes);
  lease.dns = std::move(result->dns);
  return lease;
}

Answer<Lease> acquire(const IpamCall& call) {
  TRY(std::string executable, find_plugin(call.invocation.path, call.conf.ipam_type));
  auto lease = try_acquire(call, executable);
  if (lease) return lease;
  // Section 4: a delegate whose ADD failed gets a DEL. What that says is of no use: the first error is the cause.
  (void)run_delegate(executable, Verb::del, call.conf.stdin_bytes, Deadline::in(kUndoTime), call.overrides);
  return lease;
}

AnswerStatus run(const IpamCall& call, Verb verb) {
  TRY(std::string executable, find_plugin(call.invocation.path, call.conf.ipam_type));
  TRY([[maybe_unused]] std::string out,
      run_delegate(executable, verb, call.conf.stdin_bytes, call.deadline, call.overrides));
  return done;
}

AnswerStatus status(const IpamCall& call) {
  auto executable = find_plugin(call.invocation.path, call.conf.ipam_type);
  if (!executable) {
    const CniError& why = executable.error();
    // A missing CNI_PATH is the caller's mistake, a missing plugin the node's.
    return call.invocation.path.empty() ? why : CniError(kNotAvailable, why.msg, why.details);
  }
  TRY([[maybe_unused]] std::string out, run_delegate(*executable, Verb::status, call.conf.stdin_bytes,
                                                     call.deadline.at_most(kStatusTime), call.overrides));
  return done;
}

}  // namespace isthmus::delegated

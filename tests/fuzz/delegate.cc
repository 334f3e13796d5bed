// What another IPAM plugin printed: a result on exit 0, else an error object or anything.
#include "plugin/ipam/delegate.h"

#include "plugin/cni/json_value.h"
#include "plugin/ipam/child_process.h"
#include "plugin/ipam/delegated.h"
#include "plugin/ipam/error_object.h"
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

void require_usable(const Lease& lease) {
  require(!lease.addresses.empty(), "a lease has an address");
  for (const LeasedAddress& leased : lease.addresses) {
    const IpAddress& address = leased.address.address();
    require(!address.is_any() && !address.is_multicast(), "an address is one for an interface", address.text());
    require(*Prefix::parse(leased.address.text()) == leased.address, "an address reads back", leased.address.text());
  }
}

}  // namespace

int fuzz_delegate(Bytes input) {
  std::string text(as_text(input));
  for (SpecVersion version : {SpecVersion::v0_2_0, kNewestVersion}) {
    auto lease = delegated::read_lease("host-local", version, text);
    if (lease) {
      require_usable(*lease);
    } else {
      require_clear(lease.error(), "ipam-garbage");
    }
  }
  // Its own error object is passed on as it is; anything else becomes one of ours.
  auto said = parse_error_object(text);
  CniError error = error_of_delegate("/opt/cni/bin/host-local", Verb::add, {ChildOutcome::End::exited, 1, text, text});
  if (said) {
    require(error == *said, "a delegate's error object is passed on unchanged", error.msg);
  } else {
    require_clear(error, text.empty() ? "ipam-failed" : "ipam-garbage");
    require(error.msg.find("not found") == std::string::npos, "nothing that containerd takes for success", error.msg);
  }
  auto again = parse_error_object(to_json(error, kNewestVersion));
  require(again.has_value() && again->code == error.code, "an error object can be read");
  if (said) require(*again == error, "an error object reads back", error.msg);
  return 0;
}

}  // namespace isthmus::fuzz

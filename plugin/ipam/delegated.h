// Addresses from another IPAM plugin: ipam.h for every conf.ipam_type that is not our own.
#pragma once

#include "plugin/ipam/ipam.h"

namespace isthmus::delegated {

Answer<Lease> acquire(const IpamCall& call);
// What a delegate printed on a successful ADD, a result of `version` unless it says another. Fails with [ipam-garbage].
Answer<Lease> read_lease(const std::string& ipam_type, SpecVersion version, const std::string& stdout_bytes);
// DEL, CHECK, GC: found and run; its error is ours.
AnswerStatus run(const IpamCall& call, Verb verb);
AnswerStatus status(const IpamCall& call);

}  // namespace isthmus::delegated

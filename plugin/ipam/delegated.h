// Addresses from another IPAM plugin: ipam.h for every conf.ipam_type that is not our own.
#pragma once

#include "plugin/ipam/ipam.h"

namespace isthmus::delegated {

Answer<Lease> acquire(const IpamCall& call);
// DEL, CHECK, GC: found and run; its error is ours.
AnswerStatus run(const IpamCall& call, Verb verb);
AnswerStatus status(const IpamCall& call);

}  // namespace isthmus::delegated

// The embedded IPAM: ipam.h for conf.ipam_type "isthmus".
#pragma once

#include "plugin/ipam/ipam.h"

namespace isthmus::embedded {

Answer<Lease> acquire(const IpamCall& call, const EmbeddedIpamConf& ipam);
Status release(const IpamCall& call, const std::vector<IpAddress>* known);
Status check(const IpamCall& call, const std::vector<IpAddress>& addresses);
AnswerStatus collect(const IpamCall& call,
                     const std::vector<AttachmentRef>& keep,
                     const std::function<bool(const AttachmentRef&)>& may_release);
Status status(const IpamCall& call, const EmbeddedIpamConf& ipam);

}  // namespace isthmus::embedded

// The verbs of the CNI specification that need a configuration, one function and one file each.
// VERSION needs none: plugin/cni/version_answer.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "netns/deadline.h"
#include "plugin/attachment/key.h"
#include "plugin/cni/netconf.h"
#include "plugin/verbs/report.h"
#include "plugin/verbs/target.h"

namespace isthmus {

// What one call works with. The world outside the kernel is a parameter.
struct Call {
  const Invocation& invocation;
  const NetConf& conf;
  Deadline deadline;
  // Writes the answer to the runtime, once. ADD undoes itself when that fails.
  const std::function<Status(std::string_view)>& print;
  Report& report;

  AttachmentKey key() const { return {conf.name, invocation.id(), invocation.interface()}; }
};

// Creates the attachment and prints the result; on any failure leaves nothing (specification, section 4).
AnswerStatus add(const Call& call, AddTarget& target);
// Removes whatever exists of the attachment, goes on after failures, and reports them together. Absent is done.
AnswerStatus del(const Call& call);
// Names every difference between what ADD made and what is there.
AnswerStatus check(const Call& call, CheckTarget& target);
// Removes the attachments of this network that the runtime does not list.
AnswerStatus gc(const Call& call);
// Ready for ADD, or code 50, or 51 when running containers suffer too. Changes nothing.
AnswerStatus status(const Call& call);
}  // namespace isthmus

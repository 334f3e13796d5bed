#include "plugin/reap/release_record.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "plugin/attachment/network_masquerade.h"
#include "plugin/attachment/store.h"
#include "plugin/attachment/undo.h"
#include "plugin/verbs/release.h"

namespace isthmus {
namespace {

// The variables of a DEL, for a delegate's plugin, which gets our environment.
std::optional<std::string> variable(const Record& record, std::string_view name) {
  if (name == "CNI_COMMAND") return "DEL";
  if (name == "CNI_CONTAINERID") return record.key.container_id.text();
  if (name == "CNI_IFNAME") return record.key.ifname.text();
  if (name == "CNI_PATH" && !record.cni_path.empty()) return record.cni_path;
  if (name == "CNI_ARGS" && !record.cni_args.empty()) return record.cni_args;
  return std::nullopt;
}

void set_environment(const Record& record) {
  for (const char* name : {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH", "CNI_ARGS"}) {
    auto value = variable(record, name);
    if (value) {
      setenv(name, value->c_str(), 1);
    } else {
      unsetenv(name);
    }
  }
  // The namespace is gone: DEL without CNI_NETNS is what the specification has for that.
  unsetenv("CNI_NETNS");
}

std::string configuration(const std::string& state_dir, const Record& record) {
  if (!record.config.empty()) return record.config;
  nlohmann::ordered_json conf;
  conf["cniVersion"] = "1.0.0";
  conf["name"] = record.key.network.text();
  conf["type"] = "isthmus";
  conf["stateDir"] = state_dir;
  if (!record.ipam_type.empty()) conf["ipam"]["type"] = record.ipam_type;
  return conf.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Error as_error(const CniError& error) { return Error{"release an attachment", {}, 0, error.msg, {}, {}}; }

// Calls `act` with the call that DEL of the attachment would be.
template <class F>
Status with_call(const std::string& state_dir, const Record& record, Deadline deadline, F act) {
  auto invocation = parse_invocation(Verb::del, [&](std::string_view name) { return variable(record, name); });
  if (!invocation) return as_error(invocation.error());
  auto conf = parse_netconf(configuration(state_dir, record), *invocation);
  if (!conf) return as_error(conf.error());
  conf->state_dir = state_dir;
  set_environment(record);
  Report report;
  const std::function<Status(std::string_view)> no_answer = [](std::string_view) -> Status { return done; };
  std::vector<CniError> failures = act(Call{*invocation, *conf, deadline, no_answer, report});
  if (!failures.empty()) return as_error(join_errors(failures));
  return done;
}

Status release_all(StateStore& store, const std::string& state_dir, const Record& record, Deadline deadline) {
  return with_call(state_dir, record, deadline,
                   [&](const Call& call) { return release(call, record.key, record, &store); });
}

// After each part the record is written without it, so that a kill leaves it true.
Status release_some(StateStore& store,
                    const std::string& state_dir,
                    Record record,
                    ReleaseParts parts,
                    Deadline deadline) {
  if (parts.link) {
    auto failures = undo(record.key, record, record.mac_guard, deadline);
    if (!failures.empty()) return std::move(failures.front());
    if (record.resolv_conf) {
      record.resolv_conf.reset();
      TRY_OK(store.write(record));
    }
  }
  if (parts.leases && !record.ipam_type.empty()) {
    TRY_OK(with_call(state_dir, record, deadline, [&](const Call& call) {
      auto released = release_addresses(call, record.key, record);
      return released ? std::vector<CniError>() : std::vector<CniError>{std::move(released).error()};
    }));
    record.addresses.clear();
    record.ipam_type.clear();
    TRY_OK(store.write(record));
  }
  if (parts.rules && !record.masquerade.empty()) {
    TRY_OK(stop_masquerade(store, record, deadline));
    record.masquerade.clear();
    TRY_OK(store.write(record));
  }
  return done;
}

// Runs `act` under the lock of the attachment, if its record still is the judged one.
template <class F>
Status with_record(const std::string& state_dir, const Record& judged, F act) {
  TRY(auto store, StateStore::open_existing(state_dir));
  if (!store) return done;
  TRY(bool locked, store->try_lock(judged.key));
  if (!locked) {
    return Error{"release the attachment of",
                 "container " + judged.key.container_id.text(),
                 0,
                 "an ADD or DEL is at work",
                 "attachment-busy",
                 {}};
  }
  TRY(auto record, store->read(judged.key));
  if (!record || *record != judged) return done;
  return act(*store);
}

}  // namespace

Status release_record(const std::string& state_dir, const Record& judged, ReleaseParts parts, Deadline deadline) {
  return with_record(state_dir, judged, [&](StateStore& store) {
    return parts.all() ? release_all(store, state_dir, judged, deadline)
                       : release_some(store, state_dir, judged, parts, deadline);
  });
}

}  // namespace isthmus

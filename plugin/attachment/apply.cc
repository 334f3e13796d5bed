#include "plugin/attachment/apply.h"

namespace isthmus {
namespace {

constexpr int kLoopbackIndex = 1;  // LOOPBACK_IFINDEX, net/flow.h: lo is the first device of every namespace

class Application {
 public:
  explicit Application(World& world) : world_(world) {}

  Status carry_out(const Step& step) {
    return std::visit([this](const auto& it) { return (*this)(it); }, step);
  }

  Status flush() {
    TRY_OK(commit(End::host_veth));
    return commit(End::container_veth);
  }

  VethIndexes indexes() const { return indexes_; }

 private:
  Status operator()(const CreateVeth& step) {
    TRY_OK(flush());
    TRY(indexes_, create_veth(world_.host.routes, world_.container.routes, world_.netns, step.spec));
    host_name_ = step.spec.host_name.text();
    container_name_ = step.spec.container_name.text();
    return done;
  }

  // Settings take effect at once; a batch only when it is sent. A setting waits for the changes planned before it on
  // the same side, and both ends' changes may be sent in any order among each other.
  Status operator()(const SetSysctl& step) {
    const SysctlDir& dir = sysctl(step.end);
    TRY_OK(commit(step.end));
    std::string setting = step.setting;
    if (auto at = setting.find("IFNAME"); at != std::string::npos) setting.replace(at, 6, name(step.end));
    auto written = dir.write(setting, step.value);
    if (!written && step.if_present && written.error().err == ENOENT) return done;
    return written;
  }

  Status operator()(const ChangeLink& step) {
    change_link(batch(step.end), ifindex(step.end), name(step.end), step.change);
    return done;
  }

  Status operator()(const AddAddress& step) {
    add_address(batch(step.end), ifindex(step.end), name(step.end), step.spec);
    return done;
  }

  Status operator()(const AddRoute& step) {
    add_route(batch(step.end), ifindex(step.end), name(step.end), step.spec);
    return done;
  }

  Status operator()(const EnableForwarding& step) {
    const SysctlDir& dir = world_.host.sysctl;
    if (step.family == Family::v4) return dir.write("ipv4/ip_forward", "1");
    // In this order: the moment forwarding is on, the kernel drops what it learned where accept_ra is only 1.
    for (const auto& uplink : step.ra_uplinks)
      TRY_OK(dir.write("ipv6/conf/" + uplink + "/accept_ra", "2"));
    return dir.write("ipv6/conf/all/forwarding", "1");
  }

  static bool on_host(End end) { return end == End::host_veth; }
  Batch& batch(End end) { return on_host(end) ? host_batch_ : container_batch_; }
  const SysctlDir& sysctl(End end) const {
    if (on_host(end)) return world_.host.sysctl;
    return world_.container.sysctl;
  }
  Status commit(End end) {
    auto sent = on_host(end) ? world_.host.routes.commit(std::exchange(host_batch_, Batch()))
                             : world_.container.routes.commit(std::exchange(container_batch_, Batch()));
    if (!sent) return std::move(sent).error().with_word("kernel-refused");
    return done;
  }
  int ifindex(End end) const {
    if (end == End::container_lo) return kLoopbackIndex;
    return on_host(end) ? indexes_.host : indexes_.container;
  }
  std::string name(End end) const {
    if (end == End::container_lo) return "lo";
    return on_host(end) ? host_name_ : container_name_;
  }

  World& world_;
  VethIndexes indexes_;
  std::string host_name_;
  std::string container_name_;
  Batch host_batch_;
  Batch container_batch_;
};

}  // namespace

Result<VethIndexes> apply_plan(const Plan& plan, World& world) {
  Application application(world);
  for (const Step& step : plan)
    TRY_OK(application.carry_out(step));
  TRY_OK(application.flush());
  return application.indexes();
}

}  // namespace isthmus

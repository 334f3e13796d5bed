#include "plugin/attachment/apply.h"

#include "netlink/bridge.h"
#include "netlink/mac_guard.h"
#include "plugin/attachment/shared_changes.h"

namespace isthmus {
namespace {

constexpr int kLoopbackIndex = 1;  // LOOPBACK_IFINDEX, net/flow.h: lo is the first device of every namespace

// What a name in the plan has come to mean in the kernel.
struct Known {
  int ifindex = 0;
  std::string name;
};

class Application {
 public:
  explicit Application(World& world) : world_(world) { lo_ = {kLoopbackIndex, "lo"}; }

  Status carry_out(const Step& step) {
    return std::visit([this](const auto& it) { return (*this)(it); }, step);
  }

  Status flush() {
    TRY_OK(commit(End::host_veth));
    return commit(End::container_veth);
  }

  VethIndexes indexes() const { return {host_.ifindex, container_.ifindex}; }

 private:
  Status operator()(const EnsureBridge& step) {
    bridge_.name = step.spec.name.text();
    if (step.ifindex) {
      bridge_.ifindex = *step.ifindex;
      return done;
    }
    TRY(bridge_.ifindex, ensure_bridge(world_.host, step.spec));
    return done;
  }

  Status operator()(const EnsureVlanLink& step) {
    join_bridge_vlan(host_batch_, bridge_.ifindex, bridge_.name, step.vlan);
    TRY_OK(commit(End::bridge));
    vlan_.name = step.name.text();
    if (step.ifindex) {
      vlan_.ifindex = *step.ifindex;
      return done;
    }
    TRY(vlan_.ifindex, ensure_vlan_link(world_.host, step.name, bridge_.ifindex, step.vlan));
    return done;
  }

  Status operator()(const CreateVeth& step) {
    TRY_OK(flush());
    VethSpec spec = step.spec;
    if (bridge_.ifindex != 0) spec.master_ifindex = bridge_.ifindex;
    TRY(VethIndexes made, create_veth(world_.host.routes, world_.container.routes, world_.netns, spec));
    host_ = {made.host, spec.host_name.text()};
    container_ = {made.container, spec.container_name.text()};
    return done;
  }

  // Settings take effect at once; a batch only when it is sent. A setting waits for the changes planned before it on
  // the same side, and both ends' changes may be sent in any order among each other.
  Status operator()(const SetSysctl& step) {
    const SysctlDir& dir = sysctl(step.end);
    TRY_OK(commit(step.end));
    std::string setting = step.setting;
    if (auto at = setting.find("IFNAME"); at != std::string::npos) setting.replace(at, 6, known(step.end).name);
    auto written = dir.write(setting, step.value);
    if (!written && step.if_present && written.error().err == ENOENT) return done;
    return written;
  }

  Status operator()(const ChangeLink& step) {
    change_link(batch(step.end), known(step.end).ifindex, known(step.end).name, step.change);
    return done;
  }

  Status operator()(const AddAddress& step) {
    add_address(batch(step.end), known(step.end).ifindex, known(step.end).name, step.spec);
    return done;
  }

  // Somebody else may be at the same, so that it is gone already; what matters is that ours can be added.
  Status operator()(const DeleteAddress& step) {
    TRY_OK(commit(step.end));
    delete_address(batch(step.end), known(step.end).ifindex, known(step.end).name, step.prefix);
    auto deleted = commit(step.end);
    if (!deleted && deleted.error().err == EADDRNOTAVAIL) return done;
    return deleted;
  }

  Status operator()(const AddRoute& step) {
    add_route(batch(step.end), known(step.end).ifindex, known(step.end).name, step.spec);
    return done;
  }

  Status operator()(const SetNeighbour& step) {
    TRY_OK(commit(step.end));
    const Known& link = known(step.end);
    RouteConversation& socket =
        in_container(step.end) ? static_cast<RouteConversation&>(world_.container.routes) : world_.host.routes;
    auto corrected = correct_neighbour(socket, link.ifindex, link.name, step.spec);
    if (!corrected) return std::move(corrected).error().with_word("kernel-refused");
    return done;
  }

  Status operator()(const SetBridgePort& step) {
    set_bridge_port(host_batch_, host_.ifindex, host_.name, step.flags);
    set_port_vlans(host_batch_, host_.ifindex, host_.name, step.vlans);
    return done;
  }

  Status operator()(const GuardMac& step) {
    TRY(auto socket, run_at_home([&](const auto& here) { return NetfilterSocket::open(here, world_.deadline); }));
    return guard_mac(socket, *IfName::parse(host_.name), step.only);
  }

  Status operator()(const AwaitForwarding&) {
    TRY_OK(commit(End::container_veth));
    TRY_OK(commit(End::host_veth));
    TRY_OK(await_forwarding(world_.host, host_.ifindex, host_.name, world_.deadline));
    return await_running(world_.container, container_.ifindex, world_.deadline);
  }

  Status operator()(const AwaitAddresses&) {
    TRY_OK(flush());
    return await_addresses(world_.container, container_.ifindex, container_.name, world_.deadline);
  }

  Status operator()(const EnableForwarding& step) {
    return enable_forwarding(world_.host, step.family, step.ra_uplinks);
  }

  static bool in_container(End end) { return end == End::container_veth || end == End::container_lo; }
  Batch& batch(End end) { return in_container(end) ? container_batch_ : host_batch_; }
  const SysctlDir& sysctl(End end) const {
    if (in_container(end)) return world_.container.sysctl;
    return world_.host.sysctl;
  }
  Status commit(End end) {
    auto sent = in_container(end) ? world_.container.routes.commit(std::exchange(container_batch_, Batch()))
                                  : world_.host.routes.commit(std::exchange(host_batch_, Batch()));
    if (!sent) return std::move(sent).error().with_word("kernel-refused");
    return done;
  }
  const Known& known(End end) const {
    switch (end) {
      case End::bridge:
        return bridge_;
      case End::vlan:
        return vlan_;
      case End::container_veth:
        return container_;
      case End::container_lo:
        return lo_;
      case End::host_veth:
        break;
    }
    return host_;
  }

  World& world_;
  Known bridge_;
  Known vlan_;
  Known host_;
  Known container_;
  Known lo_;
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

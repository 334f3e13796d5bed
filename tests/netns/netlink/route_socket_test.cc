#include "netlink/route_socket.h"

#include <gmock/gmock.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "netlink/address.h"
#include "netlink/kernel_socket.h"
#include "netlink/route.h"
#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

using ::testing::HasSubstr;

class Conversation : public TwoSides {
 protected:
  // 10.8.0.0/32 and the `count` - 1 addresses behind it.
  Batch many_routes(int ifindex, int count) {
    Batch batch;
    IpAddress address = ip("10.8.0.0");
    for (int i = 0; i < count; ++i) {
      add_route(batch, ifindex, "ist0", {Prefix::host(address), {}});
      address = *address.next();
    }
    return batch;
  }
};

TEST_F(Conversation, ABatchNamesTheChangeThatFailedAndDoesTheRest) {
  VethIndexes made = live_veth();
  Batch batch;
  add_address(batch, made.host, "ist0", {prefix("10.1.0.1/32")});
  add_route(batch, made.host, "ist0", {prefix("10.5.0.0/16"), ip("192.0.2.1")});
  add_route(batch, made.host, "ist0", {prefix("10.6.0.0/16"), ip("192.0.2.2")});
  add_route(batch, made.host, "ist0", {prefix("10.7.0.0/16"), {}});
  auto status = host_->commit(std::move(batch));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().err, ENETUNREACH);
  EXPECT_EQ(status.error().text(),
            "cannot add route '10.5.0.0/16 via 192.0.2.1' on 'ist0': " + std::string(strerror(ENETUNREACH)) +
                " (ENETUNREACH): Nexthop has invalid gateway");
  EXPECT_THAT(shell("ip route"), HasSubstr("10.7.0.0/16 dev ist0"));
  EXPECT_TRUE(find_link(*host_, 1)) << "the socket is still in step";
}

TEST_F(Conversation, FailureOfTheLastAndOfAllIsSeen) {
  VethIndexes made = live_veth();
  Batch last;
  add_route(last, made.host, "ist0", {prefix("10.5.0.0/16"), {}});
  add_route(last, made.host, "ist0", {prefix("10.5.0.0/16"), {}});
  auto status = host_->commit(std::move(last));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().err, EEXIST);
  ASSERT_TRUE(host_->commit(many_routes(made.host, 500)));
  status = host_->commit(many_routes(made.host, 500));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().err, EEXIST);
  EXPECT_THAT(status.error().object, HasSubstr("10.8.0.0/32"));
  EXPECT_TRUE(find_link(*host_, 1));
}

TEST_F(Conversation, DumpsAThousandRoutes) {
  VethIndexes made = live_veth();
  ASSERT_TRUE(host_->commit(many_routes(made.host, 1000)));
  auto routes = list_routes(*host_);
  ASSERT_TRUE(routes) << routes.error().text();
  int ours = 0;
  for (const auto& route : *routes)
    ours += route.protocol == kRouteProtocol;
  EXPECT_EQ(ours, 1000);
}

// A dump of links is interrupted by every link that comes or goes; what is told must still be each stable link once.
TEST_F(Conversation, InterruptedDumpsStartOver) {
  for (int i = 0; i < 150; ++i) {
    VethSpec wanted = spec("ist" + std::to_string(i), "eth" + std::to_string(i));
    ASSERT_TRUE(create_veth(*host_, *inside_, *netns_, wanted));
  }
  std::atomic<bool> stop = false;
  auto churn_socket = host_socket();
  std::thread churn([&] {
    for (int round = 0; !stop; ++round) {
      Batch batch;
      change_link(batch, 1, "lo", {.up = true, .alias = round % 2 ? "a" : "b"});
      if (!churn_socket.commit(std::move(batch))) break;
      shell(round % 2 ? "ip link add name istchurn type bridge" : "ip link del istchurn 2>/dev/null || :");
    }
  });
  int restarts = 0;
  int complete = 0;
  for (int round = 0; round < 60 || (round < 3000 && restarts == 0); ++round) {
    int stable = 0;
    Message request(RTM_GETLINK, 0);
    request.header(ifinfomsg{});
    auto status = host_->dump(
        std::move(request), "list links",
        [&] {
          ++restarts;
          stable = 0;
        },
        [&](const Reply& reply) {
          std::string name = reply.attributes<ifinfomsg>().text(IFLA_IFNAME).value_or("");
          stable += name.starts_with("ist") && name != "istchurn";
        });
    if (!status) {
      EXPECT_EQ(status.error().word, "netlink-busy") << status.error().text();
      continue;
    }
    ++complete;
    EXPECT_EQ(stable, 150);
  }
  stop = true;
  churn.join();
  EXPECT_GT(complete, 30);
  EXPECT_GT(restarts, 0) << "nothing was interrupted: this run has proved nothing";
  RecordProperty("restarts", restarts);
}

TEST_F(Conversation, ALostAnnouncementIsNotSilent) {
  auto listener = KernelSocket::open(RTMGRP_LINK, "host");
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->receive(Deadline::in(std::chrono::milliseconds(20))).error(), ETIMEDOUT);
  int smallest = 1;
  setsockopt(listener->ref().number(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
  Batch batch;
  for (int i = 0; i < 60; ++i)
    change_link(batch, 1, "lo", {.alias = std::string(200, static_cast<char>('a' + i % 26))});
  ASSERT_TRUE(host_->commit(std::move(batch)));
  int lost = 0;
  for (int i = 0; i < 100; ++i) {
    auto received = listener->receive_now();
    if (!received && received.error() == ETIMEDOUT) break;
    lost += !received && received.error() == ENOBUFS;
  }
  EXPECT_GE(lost, 1);
}

TEST_F(Conversation, CookieTellsNamespacesApart) {
  auto second = host_socket();
  EXPECT_NE(host_->netns_cookie(), 0u);
  EXPECT_EQ(host_->netns_cookie(), second.netns_cookie());
  EXPECT_NE(host_->netns_cookie(), inside_->netns_cookie());
}

TEST_F(Conversation, AnotherThreadsPassIsRefused) {
  auto opened = run_at_home([](const InNamespace<HostSide>& pass) {
    std::optional<Result<RouteSocket<HostSide>>> socket;
    std::thread([&] { socket.emplace(RouteSocket<HostSide>::open(pass)); }).join();
    return std::move(*socket);
  });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().word, "internal");
}

TEST_F(Conversation, APassedDeadlineStopsBeforeAnythingIsSent) {
  VethIndexes made = live_veth();
  host_->set_deadline(Deadline::in(std::chrono::milliseconds(0)));
  Batch batch;
  add_route(batch, made.host, "ist0", {prefix("10.5.0.0/16"), {}});
  auto status = host_->commit(std::move(batch));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().word, "netlink-timeout");
  EXPECT_EQ(find_link(*host_, 1).error().word, "netlink-timeout");
  EXPECT_EQ(list_routes(*host_).error().word, "netlink-timeout");
  host_->set_deadline(soon());
  EXPECT_EQ(shell("ip route"), "");
  EXPECT_TRUE(*find_link(*host_, 1));
}

}  // namespace
}  // namespace isthmus::test

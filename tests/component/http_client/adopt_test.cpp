// The client's upstreams change while it serves: what stays keeps its connections, what is left behind can
// still be reached by who was permitted to.
#include "fixture.hpp"

namespace dujiang::testing {
namespace {

using adapters::http::Client;
using adapters::http::ConfiguredUpstreams;
using ::testing::HasSubstr;
using Kind = HttpEvent::Kind;

ConfiguredUpstreams configured(std::vector<route::UpstreamSpec> specs) {
  ConfiguredUpstreams out;
  for (route::UpstreamSpec& spec : specs) {
    out.push_back(std::make_shared<const route::UpstreamSpec>(std::move(spec)));
  }
  return out;
}

Script answers(int count, const std::string& body) {
  Script script;
  for (int i = 0; i < count; ++i) {
    script.push_back(read_request());
    script.push_back(send(answer_of(body)));
  }
  script.push_back(await_end());
  return script;
}

class ClientAdoptTest : public ClientTest {
 protected:
  std::unique_ptr<Client> client_with(const ConfiguredUpstreams& upstreams) {
    return Client::make(loop_, upstreams).value();
  }

  static ports::ClientRequest permitted_by(const ConfiguredUpstreams& upstreams) {
    ports::ClientRequest request = post();
    request.as_configured = upstreams.front().get();
    return request;
  }
};

TEST_F(ClientAdoptTest, WhatHasNotChangedKeepsItsConnection) {
  ScriptedServer server(loop_, {answers(3, "hi")});
  const auto client = client_with(configured({upstream_of({server.url()})}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(fetch(*client).body, "hi");
    ASSERT_TRUE(client->adopt(configured({upstream_of({server.url()})})));
  }
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(client->counters("main").pool_hits, 2u);
}

TEST_F(ClientAdoptTest, AnEndpointThatStaysKeepsItsConnectionWhateverChangesAroundIt) {
  ScriptedServer stays(loop_, {answers(2, "stays")});
  ScriptedServer joins(loop_, {answers(1, "joins")});
  const auto client = client_with(configured({upstream_of({stays.url()})}));
  EXPECT_EQ(fetch(*client).body, "stays");
  auto changed = upstream_of({joins.url("/v2"), stays.url("/v2")});
  changed.idle_timeout = 7s;
  ASSERT_TRUE(client->adopt(configured({changed})));
  EXPECT_EQ(fetch(*client).body, "joins");
  EXPECT_EQ(fetch(*client).body, "stays");
  EXPECT_EQ(stays.connections(), 1u);
  EXPECT_THAT(stays.requests()[1], HasSubstr("POST /v2/chat"));
  EXPECT_EQ(client->counters("main").connections_opened, 2u);
}

TEST_F(ClientAdoptTest, AConnectionThatStaysGrowsNoOlderThanItsNewConfigurationAllows) {
  ScriptedServer server(loop_, {answers(1, "old"), answers(1, "new")});
  auto spec = upstream_of({server.url()});
  const auto client = client_with(configured({spec}));
  EXPECT_EQ(fetch(*client).body, "old");
  spec.max_connection_age = 1ms;
  ASSERT_TRUE(client->adopt(configured({spec})));
  run(loop_, runtime::sleep_until(loop_, loop_.now() + 1ms));
  EXPECT_EQ(fetch(*client).body, "new");
}

TEST_F(ClientAdoptTest, AConnectionInUseComesToTheSuccessorWhenItsAnswerIsWhole) {
  ScriptedServer server(loop_, {{read_request(), pause(), send(answer_of("first")), read_request(),
                                 send(answer_of("second")), await_end()}});
  const auto client = client_with(configured({upstream_of({server.url()})}));
  const auto exchange = client->open(post());
  run_until([&] {
    EXPECT_EQ(run(loop_, exchange->next(loop_.now())).kind, Kind::timeout);
    return server.requests().size() == 1;
  });
  auto changed = upstream_of({"http://127.0.0.1:1", server.url()});
  ASSERT_TRUE(client->adopt(configured({changed})));
  server.proceed();
  EXPECT_EQ(run(loop_, finish(loop_, *exchange)).body, "first");
  EXPECT_EQ(client->counters("main").idle, 1u);
  EXPECT_EQ(fetch(*client).body, "second");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientAdoptTest, AnEndpointThatIsGoneLosesItsConnections) {
  ScriptedServer leaves(loop_, {answers(1, "old")});
  ScriptedServer joins(loop_, {answers(1, "new")});
  const auto client = client_with(configured({upstream_of({leaves.url()})}));
  EXPECT_EQ(fetch(*client).body, "old");
  ASSERT_TRUE(client->adopt(configured({upstream_of({joins.url()})})));
  run_until([&] { return leaves.ended() == 1; });
  EXPECT_EQ(fetch(*client).body, "new");
}

TEST_F(ClientAdoptTest, WhoWasPermittedUnderTheOldOneGoesThereAndNowhereElse) {
  ScriptedServer before(loop_, {answers(1, "old")});
  ScriptedServer after(loop_, {answers(1, "new")});
  auto old = configured({upstream_of({before.url()})});
  const auto client = client_with(old);
  ASSERT_TRUE(client->adopt(configured({upstream_of({after.url()})})));
  EXPECT_EQ(fetch(*client, permitted_by(old)).body, "old");
  EXPECT_EQ(fetch(*client).body, "new");
}

TEST_F(ClientAdoptTest, AnUpstreamThatIsGoneIsReachedByItsOwnOnly) {
  ScriptedServer server(loop_, {answers(2, "hi")});
  auto old = configured({upstream_of({server.url()})});
  const auto client = client_with(old);
  EXPECT_EQ(fetch(*client).body, "hi");
  ASSERT_TRUE(client->adopt({}));
  EXPECT_EQ(fetch(*client).failure, IoFailure::no_endpoint);
  EXPECT_EQ(fetch(*client, permitted_by(old)).body, "hi");
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(client->counters("main").connections_opened, 1u) << "totals only grow";
  EXPECT_THAT(client->upstream_names(), ::testing::ElementsAre("main"));
}

TEST_F(ClientAdoptTest, ADescriptionThatItNeverSawLeadsNowhere) {
  ScriptedServer server(loop_, {answers(1, "hi")});
  const auto client = client_with(configured({upstream_of({server.url()})}));
  const auto stranger = configured({upstream_of({server.url()})});
  EXPECT_EQ(fetch(*client, permitted_by(stranger)).failure, IoFailure::no_endpoint);
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ClientAdoptTest, AMistakeLeavesEverythingAsItWas) {
  ScriptedServer server(loop_, {answers(2, "hi")});
  const auto client = client_with(configured({upstream_of({server.url()})}));
  EXPECT_EQ(fetch(*client).body, "hi");
  auto wrong = upstream_of({"https://a.test"});
  wrong.name = "other";
  wrong.ca_file = "/nowhere/ca.pem";
  const auto adopted = client->adopt(configured({upstream_of({"http://127.0.0.1:1"}), wrong}));
  ASSERT_FALSE(adopted);
  EXPECT_THAT(adopted.error().message, HasSubstr("upstream other: ca_file /nowhere/ca.pem"));
  EXPECT_EQ(fetch(*client).body, "hi");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(ClientAdoptTest, AnEndpointThatRefusedIsStillLeftAlone) {
  ScriptedServer dead(loop_, {{}});
  const std::string url = dead.url();
  dead.stop_listening();
  auto spec = upstream_of({url});
  spec.probe_interval = 1h;
  const auto client = client_with(configured({spec}));
  EXPECT_EQ(fetch(*client).failure, IoFailure::connect);
  spec.idle_timeout = 7s;
  ASSERT_TRUE(client->adopt(configured({spec})));
  EXPECT_EQ(fetch(*client).failure, IoFailure::no_endpoint);
}

}  // namespace
}  // namespace dujiang::testing

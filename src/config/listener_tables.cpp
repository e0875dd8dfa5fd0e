// The maps inside `listen`, and the forms that `listen` itself may have.
#include "config/listener_rows.hpp"

namespace dujiang::config {

const Table<CertificateFiles>& certificate_table() {
  using S = CertificateFiles;
  static const Table<S> table{
      "listen.tls",
      "A certificate of the gateway's own, in PEM form.",
      {
          required(field<S>("certificate", &S::certificate, file(),
                            "File with the certificate and, after it, the chain up to a root that callers "
                            "trust.")),
          required(field<S>("key", &S::key, file(), "File with its private key, without a passphrase.")),
      }};
  return table;
}

const Table<ListenerSettings>& listener_table() {
  static const Table<ListenerSettings> table{
      "listen.also[]",
      "More places where callers reach the gateway. The limits of `listen` count for all of them together.",
      listener_rows<ListenerSettings>()};
  return table;
}

const Table<http::CorsSettings>& cors_table() {
  using namespace std::chrono_literals;
  using S = http::CorsSettings;
  static const Table<S> table{
      "listen.cors",
      "Web pages that may call from another origin: their browsers' preflights are answered, and every "
      "answer "
      "says that they may read it. A key in a page's script is known to all who see the page.",
      {
          field<S>("origins", &S::origins, list_of(any_or(origin())),
                   "The pages. They need not stand in `allowed_origins`."),
          field<S>("max_age", &S::max_age, duration(0ms, 24h),
                   "Time for which a browser need not ask again."),
      }};
  return table;
}

Codec<ListenSettings> listen() {
  const Codec<ListenSettings> one = object(listen_table());
  const auto more = list_of(object(listener_table()));
  return {one.brief, one.type + ", or a list of such maps",
          [=](Reader& reader, const YamlNode& node, const std::string& path, ListenSettings& into) {
            if (node.kind != YamlNode::Kind::list || node.items.empty()) {
              one.read(reader, node, path, into);
              return;
            }
            one.read(reader, node.items.front(), path, into);
            YamlNode others = node;
            others.items.erase(others.items.begin());
            more.read(reader, others, path + ".also", into.also);
          },
          one.show};
}

}  // namespace dujiang::config

// The --redis option that several commands share.
// Never shows the password that an address may hold.
// Pure value; main thread.

import ArgumentParser
import RedisClient

/// Where Redis is.
struct RedisOption: ParsableArguments {
  @Option(
    name: .customLong("redis"),
    help: ArgumentHelp(
      "Redis: redis://[user:password@]host:port[/db] or unix:///path. (KABAR_REDIS; default redis://127.0.0.1:6379)",
      valueName: "url"))
  var address: RedisAddress?

  /// The address from the flag, the environment or the default.
  func resolved() throws -> RedisAddress {
    let standard = RedisAddress(host: "127.0.0.1", port: 6379)
    return try Environment.value(address, "KABAR_REDIS", default: standard)
  }
}

extension RedisAddress: ExpressibleByArgument {
  /// For the argument parser.
  public init?(argument: String) { try? self.init(argument) }
}

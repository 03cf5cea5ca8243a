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
      "Redis: redis://[user:password@]host:port[/db] or unix:///path. (KABAR_REDIS, where a password is not seen by others; default redis://127.0.0.1:6379)",
      valueName: "url"))
  var url: String?

  /// The address from the flag, the environment or the default. A wrong one is explained without being shown.
  func resolved() throws -> RedisAddress {
    do {
      return try RedisAddress(Environment.value(url, "KABAR_REDIS", default: "redis://127.0.0.1:6379"))
    } catch let invalid as RedisAddress.Invalid {
      throw ValidationError(invalid.description)
    }
  }
}

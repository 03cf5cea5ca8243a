// The --redis option that several commands share.
// Never shows the password that an address may hold.
// Pure value; main thread.

import ArgumentParser
import RedisClient

/// Where Redis is, how to log in there, and how to make sure of it.
struct RedisOption: ParsableArguments {
  @Option(
    name: .customLong("redis"),
    help: ArgumentHelp(
      "Redis: redis://[user:@]host:port[/db], rediss://… with TLS, or unix:///path. (KABAR_REDIS, which may hold a password, too: user:password@; default redis://127.0.0.1:6379)",
      valueName: "url"))
  var url: String?

  @OptionGroup var login: RedisLogin

  /// The address from the option, the variable, the file or the default. A wrong one is explained without being shown.
  func resolved() throws -> RedisAddress {
    do {
      if let url { _ = try login.address(onCommandLine: url, elsewhere: "--redis-password-file or KABAR_REDIS") }
      let text = try Settings.value(url, "redis", default: "redis://127.0.0.1:6379")
      Settings.conceal("redis", as: "\(try RedisAddress(text))")
      return try login.address(text)
    } catch let invalid as RedisAddress.Invalid {
      throw ValidationError(invalid.description)
    }
  }
}

// What a node demands of those who log in, as options and environment variables of `kabar serve`.
// Never lets a value through that the node could not keep.
// Main thread.

import ArgumentParser
import ChatServer
import ChatState

struct LoginOptions: ParsableArguments {
  @OptionGroup var scrypt: ScryptOptions

  @Option(
    help: ArgumentHelp(
      "Wrong passwords that an address may give for one account, 0 to 1000; for all accounts together four times as many. "
        + "From then on it waits after each: a second, then twice as long each time, up to 5 min (1 min). It is forgotten "
        + "after an hour without one. 0: never wait. (KABAR_LOGIN_FAILURES; default 5)", valueName: "n"))
  var loginFailures: Int?

  @Option(
    help: ArgumentHelp(
      "Sessions that a user may have, 0 to 10000: at a login beyond, the one unused for longest ends. 0: any number. "
        + "(KABAR_SESSIONS_PER_USER; default 20)", valueName: "n"))
  var sessionsPerUser: Int?

  @Option(
    help: ArgumentHelp(
      "Passwords that are hashed at once, 1 to 256; each takes a core and the memory of a hash. (KABAR_HASHES_AT_ONCE; "
        + "default: as many as event loops, at most 4)", valueName: "n"))
  var hashesAtOnce: Int?

  @Option(
    help: ArgumentHelp(
      "Logins that may wait for a hash, 1 to 100000, and as many of addresses that nobody has logged in from lately. "
        + "(KABAR_WAITING_LOGINS; default 128)", valueName: "n"))
  var waitingLogins: Int?

  @Option(
    help: ArgumentHelp(
      "Load balancers whose PROXY protocol header (version 1 or 2) says who the client is; each of their connections must "
        + "begin with one. From anybody else it is a bad command. (KABAR_TRUSTED_PROXIES; default: none)",
      valueName: "CIDR,..."))
  var trustedProxies: String?

  /// Puts them into the settings of a node.
  func apply(to settings: inout ServerConfiguration) throws {
    settings.passwordCost = try scrypt.resolved()
    settings.hashesAtOnce = try Settings.number(hashesAtOnce, "hashes-at-once", settings.hashesAtOnce, 1...256)
    settings.waitingPasswordChecks = try Settings.number(
      waitingLogins, "waiting-logins", settings.waitingPasswordChecks, 1...100_000)
    let failures = try Settings.number(loginFailures, "login-failures", 5, 0...1000)
    settings.guessLimits = failures == 0 ? nil : GuessLimits(perAccount: failures)
    settings.sessionsPerUser = try Settings.number(
      sessionsPerUser, "sessions-per-user", settings.sessionsPerUser, 0...10_000)
    let proxies = try Settings.value(trustedProxies, "trusted-proxies", default: "")
    settings.trustedProxies = try proxies.split(separator: ",").map { text in
      guard let range = AddressRange(String(text)) else {
        throw ValidationError("--trusted-proxies has ranges like 192.0.2.0/24 and 2001:db8::/32, not '\(text)'")
      }
      return range
    }
  }
}

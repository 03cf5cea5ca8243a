// The four accounts to try Kabar with.
// Never added to a Redis that is not this cluster's own.
// Called by `kabar up` on its main thread, before the nodes start.

import ChatProtocol
import NIOCore
import NIOPosix
import RedisClient

/// Accounts with known passwords, for a fresh cluster on one machine.
enum DemoAccounts {
  /// Name, password, display name.
  static let all: [(name: String, password: String, display: String)] = [
    ("arini", "hehe", "Arini"),
    ("messi", "surabaya", "Lionel Messi"),
    ("henderson", "surabaya", "Jordan Henderson"),
    ("lineker", "surabaya", "Gary Lineker"),
  ]

  /// Adds those that are not there. Called for new data only, also once more if that was interrupted.
  static func add(redis: RedisAddress) throws {
    try MultiThreadedEventLoopGroup.singleton.any().makeFutureWithTask {
      try await AccountStore.with(redis) { store in
        for account in all {
          guard let name = AccountName(account.name), let display = DisplayName(account.display) else { continue }
          _ = try await store.add(name, display, password: account.password)
        }
      }
    }.wait()
  }
}

// The four accounts to try Kabar with.
// Never added where there is any other account.
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

  /// Adds them if Redis holds no account; answers whether it did.
  static func addIfNew(redis: RedisAddress) throws -> Bool {
    try MultiThreadedEventLoopGroup.singleton.any().makeFutureWithTask {
      try await AccountStore.with(redis) { store in
        guard try await store.isEmpty() else { return false }
        for account in all {
          guard let name = AccountName(account.name), let display = DisplayName(account.display) else { continue }
          _ = try await store.add(name, display, password: account.password)
        }
        return true
      }
    }.wait()
  }
}

// `kabar session`: who is logged in as a user, and ending that.
// Never shows a token: Redis doesn't hold one.
// Async tasks.

import ArgumentParser
import ChatProtocol
import ChatState

struct SessionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "List and end the sessions of a user.", subcommands: [List.self, End.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List a user's sessions, the one unused for longest first: id, opened, last used, address, node.")

    @Argument(help: "The account.") var user: AccountName
    @OptionGroup var redis: RedisOption

    func run() async throws {
      let sessions = try await SessionStore.with(redis) { store in
        guard try await store.knows(user) else { throw Failure("there is no account \(user)") }
        return try await store.all(of: user)
      }
      for (id, details) in sessions {
        print(id.short, details.created, details.seen, details.address, details.node, separator: "  ")
      }
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End sessions of a user, on every node within a second: one, or all of them.")

    @Argument(help: "The account.") var user: AccountName
    @Argument(help: "The session, as `kabar session list` shows it.") var id: String?
    @Flag(help: "All sessions of the user.") var all = false
    @OptionGroup var redis: RedisOption

    func validate() throws {
      guard (id == nil) == all else { throw ValidationError("name one session, or --all") }
      // A shorter one could be a slip that ends another session.
      if let id, id.utf8.count < 8 { throw ValidationError("a session's id has at least 8 characters") }
    }

    func run() async throws {
      let ended = try await SessionStore.with(redis) { store in
        guard try await store.knows(user) else { throw Failure("there is no account \(user)") }
        guard let id else { return try await store.endAll(of: user) }
        let found = try await store.all(of: user).filter { $0.id.description.hasPrefix(id) }
        guard found.count == 1, let session = found.first else {
          throw Failure(found.isEmpty ? "\(user) has no session \(id)" : "\(user) has several sessions \(id)…")
        }
        try await store.end(session.id, of: user)
        return 1
      }
      print("ended \(ended) session\(ended == 1 ? "" : "s") of \(user)")
    }
  }
}

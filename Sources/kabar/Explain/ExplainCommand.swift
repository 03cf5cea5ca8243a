// `kabar explain`: where a user or a message is, and what happened to it, from Redis alone.
// Never prints a message's text, a token or a password's hash; never writes to Redis.
// Async tasks.

import ArgumentParser
import ChatProtocol

struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say where a user or a message is, and what happened to it.",
    discussion: """
      A message's id is what `send` answered; it names no recipient, so without --to every inbox is searched. Texts are \
      never shown.
      Exit status: 0 if it was found, 1 if there is no such user or message, 2 if Redis could not be asked.
      """)

  @Argument(help: ArgumentHelp("An account, or a message's id.", valueName: "user|message-id")) var subject: String
  @Option(help: ArgumentHelp("Look for the message in this user's inbox alone.", valueName: "user")) var to:
    AccountName?
  @OptionGroup var redis: RedisOption

  /// What was found, in lines; or why nothing was.
  private enum Answer {
    case found([String])
    case missing(String)
  }

  func run() async throws {
    let answer: Answer
    do {
      answer = try await CommandLineRedis.with(redis.resolved(), name: "kabar-explain", acceptsReplica: true) { redis in
        try await explain(ExplainReader(redis: redis))
      }
    } catch let failure as Failure {
      throw failure.told("Redis could not be asked")
    }
    switch answer {
    case .found(let lines): print(lines.joined(separator: "\n"))
    case .missing(let line):
      print(line)
      throw ExitCode(1)
    }
  }

  private func explain(_ reader: ExplainReader) async throws -> Answer {
    if let to {
      guard try await reader.knows(to) else { return .missing("there is no account \(to)") }
      let found = try await MessageSearch(subject, reader: reader).inbox(of: to)
      return Self.answer(found, to: subject, in: to)
    }
    // An account may have a name like an id; then it is meant.
    if let name = AccountName(subject), let facts = try await reader.user(name) {
      return .found(UserExplanation(facts: facts).lines)
    }
    guard Self.isMessageID(subject) else {
      return .missing(
        ChatTranscript.safe("there is no account \(subject), and a message's id looks like q3v9k1d0w7xz-1f"))
    }
    return Self.answer(try await MessageSearch(subject, reader: reader).everywhere(), to: subject, in: nil)
  }

  private static func answer(_ found: MessageFacts?, to id: String, in user: AccountName?) -> Answer {
    found.map { .found([MessageExplanation(facts: $0).line]) }
      ?? .missing(MessageExplanation.missing(id, in: user?.description))
  }

  /// Whether a node could have made this id: 12 digits and letters, a hyphen, and a number in base 32.
  static func isMessageID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.count == 2 && parts[0].utf8.count == 12 && !parts[1].isEmpty
      && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || isLowerAlphanumeric($0) }
  }

  private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}

// Turns one request line into a Command or into the reason why it is none.
// Never allocates for a line that it refuses early, never traps on any bytes, keeps no state.
// Pure function; any thread.

/// The grammar: words separated by one or more spaces; the last argument of `auth` and `send` is the rest of the line. Each
/// argument of `passwd` is a word, or stands in double quotes, in which `\"` is a quote and `\\` a backslash.
public enum CommandParser {
  /// Parses a line of up to 8 KiB without its line end.
  ///
  /// - Returns: `nil` for an empty line (also one of spaces only), which is ignored.
  /// - Throws: the `Refusal` to answer with.
  public static func parse(_ line: [UInt8]) throws(Refusal) -> Command? {
    try parse(line.span)
  }

  /// The same without a copy.
  package static func parse(_ line: Span<UInt8>) throws(Refusal) -> Command? {
    if line.count > ProtocolLimits.lineBytes { throw .lineTooLong }
    if !isUTF8(line) { throw Refusal(.invalidUTF8, "the line is not valid UTF-8") }
    if ASCII.containsControlCharacter(line) {
      throw Refusal(.controlCharacter, "control characters are not allowed in a line")
    }
    var words = Words()
    guard var first = words.next(in: line) else { return nil }
    var tag: RequestTag?
    if line[first.lowerBound] == RequestTag.firstByte, line.extracting(first).text.hasPrefix(RequestTag.prefix) {
      tag = try parseTag(line, first)
      guard let second = words.next(in: line) else { throw Refusal(.missingArgument, "a command must follow the tag") }
      first = second
    }
    guard let word = commandWord(line, first) else {
      throw Refusal(.unknownCommand, "unknown command; try: help")
    }
    switch word {
    case .auth: return try parseAuth(line, &words)
    case .passwd: return try parsePasswd(line, &words)
    case .send: return try parseSend(line, &words, tag)
    case .inbox: return .inbox(try onlyToken(line, &words, word))
    case .ack: return try parseAck(line, &words)
    case .activeUsers: return .activeUsers(try onlyToken(line, &words, word))
    case .block:
      let (token, name) = try parseUser(line, &words, word)
      return .block(token, name)
    case .unblock:
      let (token, name) = try parseUser(line, &words, word)
      return .unblock(token, name)
    case .blocks: return .blocks(try onlyToken(line, &words, word))
    case .logout: return .logout(try onlyToken(line, &words, word))
    case .resume:
      guard let token = try onlyToken(line, &words, word) else { throw missing(word) }
      return .resume(token)
    case .listen: return .listen(try onlyToken(line, &words, word))
    case .unlisten: return try alone(.unlisten, line, &words, word)
    case .watch:
      guard let watched = try parseWatched(line, &words) else { throw missing(word) }
      return .watch(watched)
    case .unwatch: return .unwatch(try parseWatched(line, &words) ?? .everyone)
    case .ping: return try alone(.ping, line, &words, word)
    case .help: return try alone(.help, line, &words, word)
    case .quit: return try alone(.quit, line, &words, word)
    }
  }

  private static func parseAuth(_ line: Span<UInt8>, _ words: inout Words) throws(Refusal) -> Command {
    guard let user = words.next(in: line), let password = words.rest(of: line) else { throw missing(.auth) }
    // A name outside the grammar or a password over the limit can't be right: the same answer as any wrong login.
    guard let name = AccountName(ascii: line.extracting(user)), password.count <= ProtocolLimits.passwordBytes else {
      throw .authFailed
    }
    return .auth(name, password: line.extracting(password).text)
  }

  private static func parsePasswd(_ line: Span<UInt8>, _ words: inout Words) throws(Refusal) -> Command {
    guard let old = try words.nextQuoted(in: line), let new = try words.nextQuoted(in: line) else {
      throw missing(.passwd)
    }
    guard words.next(in: line) == nil else { throw .unquoted }
    guard (1...ProtocolLimits.passwordBytes).contains(old.count) else { throw .authFailed }
    // What `auth` can't carry is no password: see `Words.rest`.
    guard (1...ProtocolLimits.passwordBytes).contains(new.count), new.first != ASCII.space, new.last != ASCII.space
    else {
      throw Refusal(
        .invalidPassword, "a password has 1 to \(ProtocolLimits.passwordBytes) bytes and no space at its ends")
    }
    return .passwd(old: String(decoding: old, as: UTF8.self), new: String(decoding: new, as: UTF8.self))
  }

  private static func parseTag(_ line: Span<UInt8>, _ range: Range<Int>) throws(Refusal) -> RequestTag {
    guard let tag = RequestTag(String(line.extracting(range).text.dropFirst(RequestTag.prefix.count))) else {
      throw Refusal(.invalidTag, "a tag has 1 to \(ProtocolLimits.tagLength) printable ASCII characters: @id=TAG")
    }
    return tag
  }

  private static func parseSend(
    _ line: Span<UInt8>, _ words: inout Words, _ tag: RequestTag?
  ) throws(Refusal) -> Command {
    guard var recipient = words.next(in: line) else { throw missing(.send) }
    let token = SessionToken(ascii: line.extracting(recipient))
    if token != nil {
      guard let second = words.next(in: line) else { throw missing(.send) }
      recipient = second
    }
    guard let text = words.rest(of: line) else { throw missing(.send) }
    guard let name = AccountName(ascii: line.extracting(recipient)) else {
      throw .invalidName
    }
    guard text.count <= ProtocolLimits.textBytes else {
      throw Refusal(.textTooLong, "a message has at most \(ProtocolLimits.textBytes) bytes")
    }
    return .send(token, to: name, MessageText(checked: line.extracting(text)), tag)
  }

  private static func parseAck(_ line: Span<UInt8>, _ words: inout Words) throws(Refusal) -> Command {
    guard var number = words.next(in: line) else { throw missing(.ack) }
    let token = SessionToken(ascii: line.extracting(number))
    if token != nil {
      guard let second = words.next(in: line) else { throw missing(.ack) }
      number = second
    }
    guard let sequence = Int(line.extracting(number).text), sequence > 0, ProtocolLimits.sequences.contains(sequence)
    else {
      throw Refusal(.invalidNumber, "SEQ is the seq of a message, a number from 1")
    }
    let id = words.next(in: line).map { line.extracting($0).text }
    guard words.next(in: line) == nil else { throw unexpected(.ack) }
    return .ack(token, sequence: sequence, id: id)
  }

  /// A name, perhaps behind a token, and nothing else.
  private static func parseUser(
    _ line: Span<UInt8>, _ words: inout Words, _ word: CommandWord
  ) throws(Refusal) -> (SessionToken?, AccountName) {
    guard var user = words.next(in: line) else { throw missing(word) }
    let token = SessionToken(ascii: line.extracting(user))
    if token != nil {
      guard let second = words.next(in: line) else { throw missing(word) }
      user = second
    }
    guard let name = AccountName(ascii: line.extracting(user)) else { throw .invalidName }
    guard words.next(in: line) == nil else { throw unexpected(word) }
    return (token, name)
  }

  /// `*`, or names; `nil` if there is no word.
  private static func parseWatched(_ line: Span<UInt8>, _ words: inout Words) throws(Refusal) -> Watched? {
    var names: [AccountName] = []
    while let word = words.next(in: line) {
      if names.isEmpty, line.extracting(word).text == "*" {
        guard words.next(in: line) == nil else { throw unexpected(.watch) }
        return .everyone
      }
      guard let name = AccountName(ascii: line.extracting(word)) else { throw .invalidName }
      names.append(name)
    }
    return names.isEmpty ? nil : .users(names)
  }

  private static func onlyToken(
    _ line: Span<UInt8>, _ words: inout Words, _ word: CommandWord
  ) throws(Refusal) -> SessionToken? {
    guard let argument = words.next(in: line) else { return nil }
    guard words.next(in: line) == nil else { throw unexpected(word) }
    guard let token = SessionToken(ascii: line.extracting(argument)) else { throw .invalidSession }
    return token
  }

  private static func alone(
    _ command: Command, _ line: Span<UInt8>, _ words: inout Words, _ word: CommandWord
  ) throws(Refusal) -> Command {
    guard words.next(in: line) == nil else { throw unexpected(word) }
    return command
  }

  private static func missing(_ word: CommandWord) -> Refusal {
    Refusal(.missingArgument, "usage: \(word.usage)")
  }

  private static func unexpected(_ word: CommandWord) -> Refusal {
    Refusal(.unexpectedArgument, "too many words; usage: \(word.usage)")
  }

  private static func isUTF8(_ line: Span<UInt8>) -> Bool {
    (try? UTF8Span(validating: line)) != nil
  }

  /// The command of the first word, in any case (`SEND` is `send`).
  private static func commandWord(_ line: Span<UInt8>, _ range: Range<Int>) -> CommandWord? {
    guard range.count <= CommandWord.maximumLength else { return nil }
    var packed: UInt128 = 0
    for index in range { packed = packed << 8 | UInt128(ASCII.lowercased(line[index])) }
    return CommandWord(packed: packed)
  }
}

/// A walk over the words of a line; yields ranges of its bytes.
private struct Words {
  private var position = 0

  /// The next word, without the spaces around it.
  mutating func next(in line: Span<UInt8>) -> Range<Int>? {
    skipSpaces(in: line)
    let start = position
    while position < line.count, line[position] != ASCII.space { position += 1 }
    return start < position ? start..<position : nil
  }

  /// The next word, or what stands in quotes, without them.
  mutating func nextQuoted(in line: Span<UInt8>) throws(Refusal) -> [UInt8]? {
    skipSpaces(in: line)
    guard position < line.count, line[position] == ASCII.quote else {
      return next(in: line).map { range in range.map { line[$0] } }
    }
    var text: [UInt8] = []
    position += 1
    while position < line.count, line[position] != ASCII.quote {
      if line[position] == ASCII.backslash { position += 1 }
      if position < line.count { text.append(line[position]) }
      position += 1
    }
    guard position < line.count, position + 1 == line.count || line[position + 1] == ASCII.space else {
      throw .unquoted
    }
    position += 1
    return text
  }

  /// All that is left, trimmed at both ends.
  mutating func rest(of line: Span<UInt8>) -> Range<Int>? {
    skipSpaces(in: line)
    var end = line.count
    while end > position, line[end - 1] == ASCII.space { end -= 1 }
    return position < end ? position..<end : nil
  }

  private mutating func skipSpaces(in line: Span<UInt8>) {
    while position < line.count, line[position] == ASCII.space { position += 1 }
  }
}

extension Refusal {
  /// Words of `passwd` that are no two passwords.
  fileprivate static let unquoted = Refusal(
    .unexpectedArgument, "a password with spaces stands in double quotes; usage: \(CommandWord.passwd.usage)")
}

extension Span<UInt8> {
  /// The bytes as text; they are valid UTF-8 already.
  fileprivate var text: String { withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
}

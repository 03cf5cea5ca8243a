// The bounds of the line protocol, in one place.
// Never a setting of a deployment: clients rely on these numbers.
// Pure values; any thread.

/// Bounds that every Kabar node keeps and every client may rely on.
public enum ProtocolLimits {
  /// The TCP port of the chat service unless told otherwise.
  public static let defaultPort = 8889
  /// Longest request line in bytes, without its line end.
  public static let lineBytes = 8192
  /// Longest message text in bytes of UTF-8, after trimming.
  public static let textBytes = 4096
  /// Longest account name in characters (all of them ASCII).
  public static let nameLength = 32
  /// Longest display name in bytes of UTF-8.
  public static let displayNameBytes = 128
  /// Longest password in bytes of UTF-8; the shortest has one.
  public static let passwordBytes = 256
  /// Longest tag of a request in characters (`@id=TAG`).
  public static let tagLength = 64
  /// Most bytes that a stored record can have: a text and a display name of which every byte needs an escape, and the rest.
  package static let recordBytes = 2 * textBytes + 2 * displayNameBytes + 256
  /// Most messages that any node sends to a listening connection before it waits for a confirmation.
  public static let largestPushWindow = 10_000
  /// Numbers of messages: what a double, in which Lua and many JSON decoders count, holds exactly.
  package static let sequences = 0...(1 << 53)
  /// Most users that a connection may `watch` by name.
  public static let watchedUsers = 1000
  /// Most users that one may `block`.
  public static let blockedUsers = 1000
  /// Most names in a reply to `user_aktif` or `watch`; its `count` is exact.
  public static let activeNames = 1000
  /// Most messages in one reply to `inbox`.
  public static let pageMessages = 500
  /// Bytes of stored records in one reply to `inbox`; a single larger record still travels, alone.
  public static let pageBytes = 256 * 1024
}

// Owns: the table of which web pages may connect.
// Must never: need a socket.
// Runs on: any thread.
import Testing

@testable import ChatServer

@Suite struct OriginPolicyTests {
  @Test(
    arguments: [
      (nil, "chat.example", true), (nil, nil, true),
      ("http://chat.example", "chat.example", true), ("https://chat.example", "chat.example", true),
      ("HTTPS://Chat.Example", "chat.example", true), ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
      ("http://[::1]:8080", "[::1]:8080", true),
      ("http://127.0.0.1:8081", "127.0.0.1:8080", false), ("http://chat.example", nil, false),
      ("https://chat.example.evil.example", "chat.example", false), ("https://evil.example", "chat.example", false),
      ("null", "chat.example", false), ("file://", "", false), ("ftp://chat.example", "chat.example", false),
      ("", "chat.example", false), ("chat.example", "chat.example", false),
      ("https://other.example", "chat.example", true), ("https://other.example:444", "chat.example", false),
    ] as [(String?, String?, Bool)])
  func `permits its own pages and those that are named`(origin: String?, host: String?, isPermitted: Bool) {
    let policy = OriginPolicy(allowing: ["https://Other.example"])
    #expect(policy.permits(origin: origin, host: host) == isPermitted)
  }

  @Test(arguments: [
    ("https://chat.example", true), ("http://chat.example:8080", true), ("http://[::1]:8080", true),
    ("chat.example", false), ("https://", false), ("https://chat.example/", false), ("https://a.example/path", false),
    ("wss://chat.example", false), ("*", false), ("", false),
  ])
  func `knows what looks like an origin`(text: String, isOrigin: Bool) {
    #expect(OriginPolicy.isOrigin(text) == isOrigin)
  }
}

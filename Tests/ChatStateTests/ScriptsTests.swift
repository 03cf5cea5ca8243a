// Owns: the rules that every Lua script keeps: all its keys declared, described, loaded.
// Must never: list the scripts by hand: it reads the folder.
// Runs on: any thread.
import ChatState
import Foundation
import RedisClient
import Testing

/// The sources of the target, beside this test in the package.
let stateSources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appending(path: "../../Sources/ChatState").standardizedFileURL

@Suite struct ScriptsTests {
  private static func files() throws -> [(name: String, source: String)] {
    let found = FileManager.default.enumerator(at: stateSources, includingPropertiesForKeys: nil)
    let files = (found?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "lua" }
    return try files.map { ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8)) }
  }

  @Test func `each file is one of the scripts that a node loads`() throws {
    let sources = try Set(Self.files().map(\.source))
    #expect(!sources.isEmpty)
    #expect(Set(Scripts.all.map(\.source)) == sources)
    #expect(Scripts.all.count == sources.count)
  }

  /// A key that is not declared would break in Redis Cluster and behind a proxy.
  @Test func `no script names or builds a key`() throws {
    for (name, source) in try Self.files() {
      let calls = source.matches(of: /redis\.p?call\('([A-Z]+)'((?:, *[^,)]+)*)/)
      // Every word `call` is one that the pattern has understood.
      #expect(calls.count == source.matches(of: /call\(/).count, "\(name)")
      #expect(!calls.isEmpty, "\(name)")
      var used: Set<Int> = []
      for call in calls {
        let words = call.2.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        // Of most commands the first argument is a key.
        let keys: ArraySlice<String> =
          switch call.1 {
          case "DEL", "EXISTS", "UNLINK", "RENAME": words[...]
          case "TIME", "PUBLISH": []
          case "MEMORY": words.dropFirst().prefix(1)
          default: words.prefix(1)
          }
        for key in keys {
          guard let match = key.wholeMatch(of: /KEYS\[(\d)\]/), let number = Int(match.1) else {
            Issue.record("\(name): \(call.1) has the key \(key)")
            continue
          }
          used.insert(number)
        }
      }
      let described = source.firstMatch(of: #/-- KEYS: (.*?)(?: +ARGV:|\n)/#)?.1.split(separator: ",").count
      #expect(described == used.count && used == Set(1...used.count), "\(name): -- KEYS: and the keys used")
    }
  }
}

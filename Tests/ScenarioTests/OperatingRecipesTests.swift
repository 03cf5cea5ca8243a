// Owns: that the recipes of the page Operating which nobody wants to try first on their own data keep it.
// Must never: have commands of its own: they are read from the page, only places are put in.
// Runs on: swift-testing; bash, redis-cli.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct OperatingRecipesTests {
  /// The example of the page that holds these words, with redis-cli for this Redis; how it ends, and what it says.
  private func run(
    _ words: String, _ redis: RedisServer, _ places: [String: String] = [:]
  ) throws -> (status: Int32, text: String) {
    let blocks = try DocumentedPage("Operating.md").examples(in: "sh").filter { $0.contains { $0.contains(words) } }
    var script = try #require(blocks.first).joined(separator: "\n")
    for (there, here) in places {
      #expect(script.contains(there))
      script = script.replacing(there, with: here)
    }
    let folder = try TestFolder()
    let recipe = script.replacing("redis-cli", with: "redis-cli -p \(redis.port)")
    let process = try TestProcess("bash", ["-ec", recipe], output: "\(folder.path)/out")
    return (process.waitUntilExit(), process.text)
  }

  private func keys(_ redis: RedisServer) throws -> Int? { Int(try redis.cli("DBSIZE")) }

  private func fill(_ redis: RedisServer, _ prefix: String) throws {
    let script = "for i = 1, 2000 do redis.call('SET', KEYS[1] .. i, i) end"
    _ = try redis.cli("EVAL", script, "1", prefix)
  }

  private func stop(_ redis: RedisServer) async {
    redis.kill()
    #expect(await eventually { (try? redis.command("PING")) == nil })
  }

  @Test func `a Redis that holds data keeps it when it gets a file, while a snapshot is written`() async throws {
    let redis = try await RedisServer("--enable-debug-command", "yes", "--aof-use-rdb-preamble", "yes")
    // As Debian starts it: without the file.
    #expect(try redis.cli("CONFIG", "SET", "appendonly", "no") == "OK")
    try fill(redis, "before:")
    // 1 s for the snapshot, and as long for the file, which waits for it.
    #expect(try redis.cli("CONFIG", "SET", "rdb-key-save-delay", "500") == "OK")
    #expect(try redis.cli("BGSAVE").contains("started"))
    let moved = try run("CONFIG SET appendonly yes", redis)
    #expect(moved.status == 0 && moved.text.contains("aof_last_bgrewrite_status:ok"), "\(moved.text)")
    await stop(redis)
    try await redis.start()
    #expect(try keys(redis) == 2000)
  }

  @Test func `a backup is whole, and what is restored is what was backed up`() async throws {
    let redis = try await RedisServer()
    let data = try #require(try redis.cli("CONFIG", "GET", "dir").split(separator: "\n").last)
    try fill(redis, "before:")
    #expect(try redis.cli("BGREWRITEAOF").contains("started"))
    let folder = try TestFolder()
    let copied = try run(
      "cp -a /var/lib/redis/appendonlydir", redis,
      ["/var/lib/redis/appendonlydir": "\(data)/appendonlydir", "BACKUP": "\(folder.path)/backup"])
    #expect(copied.status == 0, "\(copied.text)")
    try fill(redis, "behind:")
    #expect(try keys(redis) == 4000)
    await stop(redis)
    let restored = try run(
      "systemctl stop redis-server", redis,
      ["systemctl": "true", "/var/lib/redis": "\(data)", "BACKUP": "\(folder.path)/backup"])
    #expect(restored.status == 0, "\(restored.text)")
    try await redis.start()
    #expect(try keys(redis) == 2000)
  }
}

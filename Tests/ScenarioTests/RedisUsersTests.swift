// Owns: that the users which deploy/redis.conf advises bear everything that nodes and operators do, and a restart of Redis.
// Must never: have users of its own: they are read from that file.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite struct RedisUsersTests {
  /// Each `user …` line of the file's comment, as options of redis-server.
  private func advised() throws -> [String] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/redis.conf")
    let users = try String(contentsOf: file, encoding: .utf8).matches(of: /\n#   user (.+)/).map { String($0.output.1) }
    #expect(users.map { $0.prefix { $0 != " " } } == ["default", "kabar", "admin"])
    return users.flatMap { ["--user"] + $0.split(separator: " ").map(String.init) }
  }

  @Test func `a message survives a restart of a Redis with the users that are advised`() async throws {
    let redis = try await RedisServer(try advised())
    let admin = ["--user", "admin", "--pass", "another-long-random-password", "--no-auth-warning"]
    #expect(try redis.cli("PING").hasPrefix("NOAUTH"))
    let folder = try TestFolder()
    let variables = ["KABAR_REDIS": "redis://kabar:a-long-random-password@127.0.0.1:\(redis.port)"]
    func kabar(_ words: String...) throws -> (status: Int32, text: String) {
      let process = try TestProcess(kabarProgram, words, environment: variables, output: "\(folder.path)/out")
      return (process.waitUntilExit(), process.text)
    }
    try "arini,pw,Arini\nlineker,pw,Gary\n".write(toFile: "\(folder.path)/users", atomically: true, encoding: .utf8)
    let added = try kabar("account", "import", "\(folder.path)/users", "--scrypt-log2n", "2")
    #expect(added.status == 0, "\(added.text)")
    let node = try await ChatNode("a", redis: redis, environment: variables)
    let arini = try node.login("arini")
    #expect(try arini.request("send lineker masih ada?").isOK)
    _ = try redis.cli(admin + ["SHUTDOWN"])
    #expect(await eventually { (try? redis.command("PING")) == nil })
    try await redis.start()
    #expect(await eventually { (try? node.connect().request("auth lineker pw").isOK) == true }, "\(node.log)")
    let page = try node.login("lineker").request("inbox")
    #expect(page.texts(from: "arini") == ["masih ada?"], "\(page)")
    let check = try kabar("check")
    #expect(check.status == 0, "\(check.text)")
  }
}

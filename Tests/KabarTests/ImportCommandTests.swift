// Owns: `kabar account import`, the real program against a real Redis.
// Must never: call the command's code: exit code, output and Redis are what counts.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite struct ImportCommandTests {
  /// Runs an import of this file; answers its exit code and output.
  private func run(_ csv: Data, _ redis: RedisServer) throws -> (status: Int32, text: String) {
    let folder = try TestFolder()
    let file = "\(folder.path)/accounts.csv"
    try csv.write(to: URL(fileURLWithPath: file))
    let process = try TestProcess(
      kabarProgram, ["account", "import", file, "--scrypt-log2n", "1", "--redis", redis.url],
      output: "\(folder.path)/out")
    return (process.waitUntilExit(), process.text.replacingOccurrences(of: folder.path, with: "."))
  }

  @Test func `one wrong row, and nothing changes`() async throws {
    let redis = try await RedisServer()
    let wrong = try run(Data("arini,hehe,Arini\nmessi,,Lionel Messi\nlineker,x,Gary\n".utf8), redis)
    #expect(wrong.status == 1)
    #expect(wrong.text.contains("Error: nothing was imported; 1 rows are wrong:\n  line 2: a password has 1 to 256"))
    #expect(try redis.command("DBSIZE") == ":0")

    let unended = try run(Data("arini,hehe,\"Arini\n".utf8), redis)
    #expect(unended.status == 1 && unended.text.contains("./accounts.csv ends within a quoted field"))
    let latin1 = try run(Data("arini,hehe,Ren".utf8) + [0xE9, 0x0A], redis)
    #expect(latin1.status == 1 && latin1.text.contains("./accounts.csv is not UTF-8"))
    #expect(try redis.command("DBSIZE") == ":0")
  }

  @Test func `good rows are added once, accounts that exist are left as they are`() async throws {
    let redis = try await RedisServer()
    let first = try run(Data("name,password,display name\r\narini,hehe,\"Arini, \"\"A\"\"\"\r\n".utf8), redis)
    #expect(first.status == 0 && first.text.contains("added 1 accounts, 0 were there already"), "\(first.text)")
    #expect(try redis.cli("HGET", "kabar:{u:arini}:account", "name") == "Arini, \"A\"")
    let password = try redis.cli("HGET", "kabar:{u:arini}:account", "password")
    #expect(password.hasPrefix("$scrypt$ln=1,r=8,p=1$"))

    let second = try run(Data("arini,other,Other\nmessi,surabaya,Lionel Messi\n".utf8), redis)
    #expect(second.status == 0 && second.text.contains("added 1 accounts, 1 were there already"), "\(second.text)")
    #expect(try redis.cli("HGET", "kabar:{u:arini}:account", "name") == "Arini, \"A\"")
    #expect(try redis.cli("HGET", "kabar:{u:arini}:account", "password") == password)
    #expect(try redis.cli("ZRANGE", "kabar:accounts", "0", "-1") == "arini\nmessi")
    #expect(try redis.cli("LRANGE", "kabar:{u:messi}:inbox", "0", "-1") == "0")
  }
}

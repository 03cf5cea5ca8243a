// Owns: proof of what a new connection says, and of what answers it accepts.
// Must never: open a socket.
// Runs on: any thread.
import Testing

@testable import RedisClient

@Suite struct HandshakeTests {
  private let script = RedisScript(Array("return 1".utf8))
  private let master = RedisReply.array([.bytes(Array("master".utf8)), .integer(0), .array([])])
  private let fine = RedisReply.bytes(Array("OK".utf8))

  private func handshake(_ address: String, scripts: [RedisScript] = []) throws -> Handshake {
    Handshake(address: try RedisAddress(address), connectionName: "kabar-n1-0", scripts: scripts)
  }

  @Test(arguments: [
    ("redis://h", [["CLIENT", "SETNAME", "kabar-n1-0"], ["ROLE"]]),
    ("redis://:pw@h", [["AUTH", "pw"], ["CLIENT", "SETNAME", "kabar-n1-0"], ["ROLE"]]),
    ("redis://u:pw@h/7", [["AUTH", "u", "pw"], ["SELECT", "7"], ["CLIENT", "SETNAME", "kabar-n1-0"], ["ROLE"]]),
    ("unix:///s", [["CLIENT", "SETNAME", "kabar-n1-0"], ["ROLE"]]),
  ])
  func `says what the address asks for`(address: String, commands: [[String]]) throws {
    let all = commands + [["SCRIPT", "LOAD", "return 1"]]
    let expected = all.map { RedisCommand($0.map { .text($0) }).encoded }
    #expect(try handshake(address, scripts: [script]).commands.map(\.encoded) == expected)
  }

  @Test func `does not ask a replica for its role where one will do`() throws {
    let address = try RedisAddress("redis://h")
    var handshake = Handshake(address: address, connectionName: "kabar", scripts: [], acceptsReplica: true)
    #expect(handshake.commands.map(\.encoded) == [RedisCommand("CLIENT", "SETNAME", "kabar").encoded])
    #expect(try handshake.receive(fine) == true)
  }

  @Test func `is complete with the last answer`() throws {
    var handshake = try handshake("redis://:pw@h/1", scripts: [script, script])
    let answers = [fine, fine, fine, master, .bytes([]), .bytes([])]
    #expect(handshake.commands.count == answers.count)
    #expect(try answers.map { try handshake.receive($0) } == [false, false, false, false, false, true])
  }

  @Test(arguments: ["AUTH", "SELECT", "CLIENT SETNAME", "ROLE", "SCRIPT LOAD"])
  func `names the step that was refused`(step: String) throws {
    var handshake = try handshake("redis://:pw@h/1", scripts: [script])
    let error = RedisServerError(message: "NOPERM no")
    #expect(throws: Handshake.Failure.refused(step: step, error)) {
      for (name, answer) in [("AUTH", fine), ("SELECT", fine), ("CLIENT SETNAME", fine), ("ROLE", master)] {
        _ = try handshake.receive(name == step ? .error(error) : answer)
      }
      _ = try handshake.receive(.error(error))
    }
    #expect("\(Handshake.Failure.refused(step: step, error))" == "Redis refused \(step): NOPERM no")
  }

  @Test(arguments: ["slave", "sentinel"])
  func `wants a master`(role: String) throws {
    var handshake = try handshake("redis://h")
    #expect(try handshake.receive(fine) == false)
    #expect(throws: Handshake.Failure.notMaster(role: role)) {
      try handshake.receive(.array([.bytes(Array(role.utf8)), .integer(0)]))
    }
    var other = try self.handshake("redis://h")
    #expect(try other.receive(fine) == false)
    #expect(throws: Handshake.Failure.notMaster(role: "server of unknown role")) { try other.receive(fine) }
  }
}

// Owns: TLS and secrets on the way to Redis, against a real redis-server that asks for them.
// Must never: accept that a connection works which should not.
// Runs on: swift-testing.
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct RedisTLSTests {
  /// A redis-server with TLS on a second port, and the options that reach it.
  private struct Secured {
    let certificates: Certificates
    let redis: RedisServer
    let url: String

    init(clients: String, for names: String = "DNS:localhost,IP:127.0.0.1", days: Int = 30) async throws {
      certificates = try Certificates()
      let pair = try certificates.issue("redis", for: names, days: days)
      let port = try TCPSocket.freePort()
      redis = try await RedisServer(
        "--tls-port", "\(port)", "--tls-cert-file", pair.certificate, "--tls-key-file", pair.key,
        "--tls-ca-cert-file", certificates.authority, "--tls-auth-clients", clients)
      url = "rediss://localhost:\(port)"
    }

    var trust: [String] { ["--redis", url, "--redis-ca", certificates.authority] }
  }

  private func kabar(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> (output: String, status: Int32) {
    let folder = try TestFolder()
    // What should refuse and serves instead must not hold the test for ever.
    let run = try TestProcess(
      "timeout", ["60", kabarProgram] + arguments, environment: environment, output: "\(folder.path)/output")
    let status = run.waitUntilExit()
    return (run.text, status)
  }

  @Test func `every connection of a node is encrypted, with a client certificate if Redis asks for one`() async throws {
    let secured = try await Secured(clients: "yes")
    let own = try secured.certificates.issue("client")
    let options = secured.trust + ["--redis-cert", own.certificate, "--redis-key", own.key]
    try await secured.redis.addAccounts("arini", "lineker")
    let node = try await ChatNode("a", redis: secured.redis, options: options)
    #expect(try node.login("lineker").request("send arini one").isOK)
    #expect(try node.login("arini").request("inbox").texts(from: "lineker") == ["one"])
    // laddr tells the port that a connection came to.
    let port = try #require(secured.url.split(separator: ":").last)
    let connections = try secured.redis.cli("CLIENT", "LIST").split(separator: "\n").filter {
      $0.contains("name=kabar-a-")
    }
    #expect(connections.count == 3)
    for connection in connections { #expect(connection.contains("laddr=127.0.0.1:\(port)"), "\(connection)") }
    let check = try kabar(["check"] + options)
    #expect(check.status == 0, "\(check)")
    let list = try kabar(["account", "list"] + options)
    #expect(list.status == 0 && list.output.contains("lineker"), "\(list)")
  }

  @Test func `what is wrong is said in plain words`() async throws {
    let optional = try await Secured(clients: "no")
    #expect(try kabar(["account", "list"] + optional.trust).status == 0)
    func expectRefusal(_ options: [String], _ words: String) throws {
      let (output, status) = try kabar(["account", "list"] + options)
      #expect(status != 0 && output.contains(words), "\(options): \(output)")
      #expect(output.split(separator: "\n").count == 1, "\(output)")
    }
    let stranger = try Certificates()
    try expectRefusal(["--redis", optional.url], "no CA that is trusted here has signed")
    try expectRefusal(["--redis", optional.url, "--redis-ca", stranger.authority], "no CA that is trusted here")
    try expectRefusal(["--redis", optional.url, "--redis-ca", "/nowhere"], "cannot read /nowhere")
    try expectRefusal(optional.trust + ["--redis-cert", optional.certificates.authority], "together or not at all")
    let ca = ["--redis-ca", optional.certificates.authority]
    try expectRefusal(["--redis", optional.redis.url] + ca, "are for a rediss:// address")
    let plain = optional.redis.url.replacing("redis://", with: "rediss://")
    try expectRefusal(["--redis", plain] + ca, "TLS")
    let demanding = try await Secured(clients: "yes")
    try expectRefusal(demanding.trust, "the server wants a client certificate")
    let elsewhere = try await Secured(clients: "no", for: "DNS:redis.example")
    try expectRefusal(elsewhere.trust, "the server's certificate is not for localhost")
    let expired = try await Secured(clients: "no", days: -1)
    try expectRefusal(expired.trust, "the server's certificate has expired")
  }

  @Test func `a password comes from a file and is seen nowhere`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    _ = try redis.cli("ACL", "SETUSER", "kabar", "on", ">s3cr3t-pw", "~*", "&*", "+@all")
    _ = try redis.cli("ACL", "SETUSER", "default", "off")
    let folder = try Certificates()
    let file = try folder.write("s3cr3t-pw\n", to: "password")
    let url = redis.url.replacing("redis://", with: "redis://kabar:@")
    let node = try await ChatNode("a", redis: redis, options: ["--redis", url, "--redis-password-file", file])
    #expect(try node.login("arini").request("ping").isOK)
    #expect(!node.log.contains("s3cr3t"))
    let wrong = try folder.write("s3cr3t-no", to: "wrong")
    for (path, words) in [(wrong, "WRONGPASS"), ("/nowhere", "cannot read /nowhere"), ("/dev/null", "holds no secret")]
    {
      let (output, status) = try kabar(["account", "list", "--redis", url, "--redis-password-file", path])
      #expect(status == 1 && output.contains(words) && !output.contains("s3cr3t"), "\(output)")
    }
    let both = url.replacing("kabar:@", with: "kabar:s3cr3t-pw@")
    let twice = try kabar(["account", "list"], environment: ["KABAR_REDIS": both, "KABAR_REDIS_PASSWORD_FILE": file])
    #expect(twice.status == 1 && twice.output.contains("not in both") && !twice.output.contains("s3cr3t"))
  }

  @Test func `a password on the command line is refused, one in the variable is taken`() async throws {
    let redis = try await RedisServer()
    _ = try redis.cli("CONFIG", "SET", "requirepass", "s3cr3t-pw")
    for login in [":s3cr3t-pw@", "default:s3cr3t-pw@"] {
      let url = redis.url.replacing("//", with: "//\(login)")
      let commands = [["serve"], ["account", "list"], ["session", "list", "arini"], ["status"], ["check"], ["up"]]
      for command in commands {
        let (output, status) = try kabar(command + ["--redis", url])
        let words = ["in --redis", "--redis-password-file"] + (command == ["up"] ? [] : ["KABAR_REDIS"])
        // Of these two 1 means that Redis was asked and something is wrong there.
        let refused: Int32 = [["status"], ["check"]].contains(command) ? 2 : 1
        #expect(status == refused && words.allSatisfy { output.contains($0) }, "\(command): \(output)")
        #expect(output.split(separator: "\n").count == 1 && !output.contains("s3cr3t"), "\(command): \(output)")
      }
      #expect(try kabar(["account", "list"], environment: ["KABAR_REDIS": url]).status == 0)
    }
  }

  @Test func `a password file that others can read is warned of`() async throws {
    let redis = try await RedisServer()
    _ = try redis.cli("CONFIG", "SET", "requirepass", "s3cr3t-pw")
    let folder = try Certificates()
    let file = try folder.write("s3cr3t-pw\n", to: "password")
    for (mode, isWarned) in [(mode_t(0o600), false), (0o640, false), (0o644, true)] {
      _ = chmod(file, mode)
      let node = try await ChatNode("a", redis: redis, options: ["--redis-password-file", file])
      let line = node.log.split(separator: "\n").first { $0.contains("can read the password for Redis") }
      #expect((line != nil) == isWarned, "\(mode)")
      if let line { #expect(line.contains("level=warning") && line.contains(file)) }
    }
  }

  @Test func `kabar up hands secrets to its nodes by the environment, never by the command line`() async throws {
    let redis = try await RedisServer()
    _ = try redis.cli("CONFIG", "SET", "requirepass", "s3cr3t-pw")
    let folder = try Certificates()
    let identity = try folder.issue("server")
    let file = try folder.write("s3cr3t-pw\n", to: "password")
    let (port, tlsPort) = (try TCPSocket.freePort(), try TCPSocket.freePort())
    let output = try TestFolder()
    let up = try TestProcess(
      kabarProgram,
      [
        "up", "--nodes", "2", "--port", "\(port)", "--tls-port", "\(tlsPort)", "--tls-cert", identity.certificate,
        "--tls-key", identity.key, "--no-plaintext", "--redis", redis.url, "--redis-password-file", file,
      ], output: "\(output.path)/output")
    #expect(await eventually { up.text.contains("ready: 2 nodes") || !up.isRunning })
    #expect(up.text.contains("TLS port \(tlsPort)") && !up.text.contains("s3cr3t"), "\(up.text)")
    let nodes = up.text.split(separator: "\n").compactMap { line -> Int32? in
      line.contains(" pid ") ? line.split(separator: " ").last.flatMap { Int32($0) } : nil
    }
    #expect(nodes.count == 2)
    for pid in nodes + [up.pid] {
      let line = try String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
      #expect(line.contains("--tls-key") && !line.contains("s3cr3t"), "\(line)")
    }
    #expect(throws: TestFailure.self) { try TCPSocket(port: port) }
    let client = try PythonTLSClient(port: tlsPort, trusting: folder.authority, lines: ["ping"], ending: .unwrap)
    client.wait()
    #expect(client.output.count == 1 && client.output[0].contains("pong"))
    #expect(up.terminate() == 0)
  }
}

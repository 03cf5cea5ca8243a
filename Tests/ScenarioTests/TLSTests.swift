// Owns: TLS for clients as clients meet it: OpenSSL's s_client, Python's ssl, and ours.
// Must never: trust our own TLS to judge our own TLS alone.
// Runs on: swift-testing.
import ChatClient
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct TLSTests {
  /// A node that serves TLS, with accounts.
  private struct Secured {
    let certificates: Certificates
    let identity: Certificates.Pair
    let redis: RedisServer
    let node: ChatNode
    let port: Int

    init(plaintext: Bool = true, for names: String = "DNS:localhost,IP:127.0.0.1", days: Int = 30) async throws {
      certificates = try Certificates()
      identity = try certificates.issue("server", for: names, days: days)
      redis = try await RedisServer()
      try await redis.addAccounts("arini", "lineker")
      port = try TCPSocket.freePort()
      var options = ["--tls-port", "\(port)", "--tls-cert", identity.certificate, "--tls-key", identity.key]
      if !plaintext { options.append("--no-plaintext") }
      node = try await ChatNode("a", redis: redis, options: options)
    }

    func python(_ ending: PythonTLSClient.Ending, _ lines: String...) throws -> PythonTLSClient {
      try PythonTLSClient(port: port, trusting: certificates.authority, lines: lines, ending: ending)
    }

    func openssl(_ options: String, input: String = "ping\\r\\nquit\\r\\n") throws -> String {
      let command = "printf '\(input)' | timeout 10 openssl s_client -ign_eof -connect 127.0.0.1:\(port) \(options)"
      return try TLSTests.shell(command).output
    }

    func left() throws -> Int { try (Int(redis.cli("LLEN", "kabar:{u:arini}:inbox")) ?? 0) - 1 }
  }

  fileprivate static func shell(_ command: String) throws -> (output: String, status: Int32) {
    let folder = try TestFolder()
    let run = try TestProcess("sh", ["-c", command], output: "\(folder.path)/output")
    let status = run.waitUntilExit()
    return (run.text, status)
  }

  @Test func `OpenSSL speaks TLS 1_2 and 1_3 with a node, and nothing older`() async throws {
    let secured = try await Secured()
    for version in ["-tls1_2", "-tls1_3"] {
      let text = try secured.openssl("-CAfile \(secured.certificates.authority) -verify_return_error -brief \(version)")
      #expect(text.contains(#""message":"pong""#) && text.contains("Verification: OK"), "\(text)")
    }
    for version in ["-tls1", "-tls1_1"] {
      let text = try secured.openssl("-cipher DEFAULT@SECLEVEL=0 \(version)")
      #expect(text.contains("alert protocol version") && !text.contains("pong"), "\(text)")
    }
    let weak = try secured.openssl("-tls1_2 -cipher AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    #expect(weak.contains("handshake failure") && !weak.contains("pong"), "\(weak)")
  }

  @Test func `the plain port is there beside TLS, and gone with --no-plaintext`() async throws {
    let both = try await Secured()
    #expect(try both.node.connect().request("ping").isOK)
    let only = try await Secured(plaintext: false)
    #expect(throws: TestFailure.self) { try only.node.connect() }
    let client = try only.python(.unwrap, "auth arini pw")
    client.wait()
    #expect(client.output.count == 1 && client.output[0].contains(#""status":"OK""#))
  }

  @Test(arguments: [(PythonTLSClient.Ending.unwrap, 0), (.notify, 0), (.cut, 1), (.kill, 1), (.reset, 1), (.unread, 1)])
  func `a close_notify of a client that has read all confirms, every other end does not`(
    ending: PythonTLSClient.Ending, left: Int
  ) async throws {
    let secured = try await Secured()
    // Ending a TLS session, OpenSSL reads one record more; "unread" must be more than that.
    let texts = ending == .unread ? (1...30).map { "\($0) " + String(repeating: "x", count: 2000) } : ["one"]
    let lineker = try secured.node.login("lineker")
    for text in texts { #expect(try lineker.request("send arini \(text)").isOK) }
    let arini = try secured.python(ending, "auth arini pw", "inbox")
    arini.wait()
    #expect(arini.output.count == (ending == .unread ? 1 : 2), "\(arini.output)")
    if left == 0 {
      #expect(await eventually { (try? secured.left()) == 0 })
    } else {
      // Longer than a receipt is waited for.
      try await Task.sleep(for: .seconds(3))
      #expect(try secured.left() == texts.count)
    }
  }

  @Test(arguments: [("ping", 0), ("nonsense", 1)])
  func `behind TLS, too, the next command confirms, and what is none does not`(line: String, left: Int) async throws {
    let secured = try await Secured()
    #expect(try secured.node.login("lineker").request("send arini one").isOK)
    let arini = try secured.python(.kill, "auth arini pw", "inbox", line)
    arini.wait()
    #expect(arini.output.count == 3)
    if left == 0 {
      #expect(await eventually { (try? secured.left()) == 0 })
    } else {
      try await Task.sleep(for: .milliseconds(500))
      #expect(try secured.left() == 1)
    }
  }

  @Test func `a command that was pipelined behind inbox confirms nothing behind TLS either`() async throws {
    let secured = try await Secured()
    #expect(try secured.node.login("lineker").request("send arini one").isOK)
    let arini = try secured.python(.kill, "auth arini pw", "inbox\r\ninbox\r\nping")
    arini.wait()
    try await Task.sleep(for: .milliseconds(500))
    #expect(try secured.left() == 1)
  }

  @Test func `SIGHUP brings a new certificate, an open connection goes on with the old one`() async throws {
    let secured = try await Secured()
    let old = try secured.python(.stay, "auth arini pw")
    #expect(await eventually { old.output.count == 1 })
    func serial() throws -> String {
      let command =
        "timeout 10 openssl s_client -connect 127.0.0.1:\(secured.port) </dev/null 2>/dev/null "
        + "| openssl x509 -noout -serial"
      return try Self.shell(command).output
    }
    let first = try serial()
    #expect(first.contains("serial="))
    try secured.certificates.issue("server")
    #expect(try serial() == first)
    secured.node.process.signal(SIGHUP)
    #expect(await eventually { secured.node.log.contains("read the TLS certificate again") })
    let second = try serial()
    #expect(second.contains("serial=") && second != first)

    // A key that belongs to another certificate.
    let other = try secured.certificates.issue("other")
    try FileManager.default.removeItem(atPath: secured.identity.key)
    try FileManager.default.copyItem(atPath: other.key, toPath: secured.identity.key)
    secured.node.process.signal(SIGHUP)
    #expect(
      await eventually {
        secured.node.log.contains("kept the old TLS certificate: the key in") && secured.node.log.contains("belong")
      })
    #expect(try serial() == second)

    old.goOn()
    #expect(await eventually { old.output.last?.contains("pong") == true })
  }

  @Test func `a key that others can read is warned of`() async throws {
    let secured = try await Secured()
    #expect(!secured.node.log.contains("every user"))
    _ = chmod(secured.identity.key, 0o644)
    secured.node.process.signal(SIGHUP)
    #expect(await eventually { secured.node.log.contains("every user of this machine can read the TLS key") })
  }

  @Test func `our client verifies the server and says in one line what is wrong`() async throws {
    let good = try await Secured()
    func chat(_ secured: Secured, _ options: String) throws -> (output: String, status: Int32) {
      try Self.shell("printf 'auth arini pw\\n' | timeout 20 \(kabarProgram) chat --port \(secured.port) \(options)")
    }
    let trust = "--tls-ca \(good.certificates.authority)"
    for host in ["localhost", "127.0.0.1"] {
      let answer = try chat(good, "--tls --host \(host) \(trust)")
      #expect(answer.status == 0 && answer.output.contains("arini logged in"), "\(answer)")
    }
    func expectRefusal(_ secured: Secured, _ options: String, _ words: String) throws {
      let (output, status) = try chat(secured, options)
      #expect(status == 1 && output.contains(words), "\(output)")
      #expect(output.split(separator: "\n").count == 1, "\(output)")
    }
    let stranger = try Certificates()
    try expectRefusal(good, "--tls", "no CA that is trusted here has signed")
    try expectRefusal(good, "--tls --tls-ca \(stranger.authority)", "no CA that is trusted here has signed")
    try expectRefusal(good, "--tls --tls-ca /nowhere", "cannot read /nowhere: No such file")
    try expectRefusal(good, "--tls --tls-ca \(good.identity.key)", "holds no certificate")
    let elsewhere = try await Secured(for: "DNS:chat.example,IP:10.0.0.1")
    for host in ["localhost", "127.0.0.1"] {
      let options = "--tls --host \(host) --tls-ca \(elsewhere.certificates.authority)"
      try expectRefusal(elsewhere, options, "the server's certificate is not for \(host)")
    }
    let expired = try await Secured(days: -1)
    try expectRefusal(expired, "--tls --tls-ca \(expired.certificates.authority)", "certificate has expired")
    let plain = try Self.shell("timeout 20 \(kabarProgram) chat --tls --port \(good.node.port) </dev/null")
    #expect(plain.status == 1 && plain.output.contains("does not speak TLS"), "\(plain)")
  }

  @Test func `the client library listens over TLS and comes back when the node is killed`() async throws {
    let secured = try await Secured()
    var settings = ChatClient.Settings()
    settings.tls = ChatTLS(trustedCertificates: secured.certificates.authority)
    settings.reconnect = ReconnectPolicy(base: .milliseconds(50), cap: .milliseconds(500))
    let arini = try await ChatClient.connect(host: "localhost", port: secured.port, settings: settings)
    try await arini.login(user: "arini", password: "pw")
    var messages = arini.messages.makeAsyncIterator()
    #expect(try secured.node.login("lineker").request("send arini one").isOK)
    #expect(try await messages.next()?.text == "one")
    secured.node.process.kill()
    let second = try await ChatNode(
      "b", redis: secured.redis,
      options: [
        "--tls-port", "\(secured.port)", "--tls-cert", secured.identity.certificate, "--tls-key", secured.identity.key,
      ])
    #expect(try second.login("lineker").request("send arini two").isOK)
    var texts: [String] = []
    while texts.last != "two", let message = try await messages.next() { texts.append(message.text) }
    #expect(texts == ["two"])
    await arini.close()
  }

  @Test func `what is wrong with the options is one line`() async throws {
    let certificates = try Certificates()
    let (one, other) = (try certificates.issue("one"), try certificates.issue("other"))
    let cases: [([String], String)] = [
      (["--tls-port", "7000", "--tls-cert", one.certificate], "--tls-port needs --tls-key, too"),
      (["--tls-port", "7000", "--tls-key", one.key], "--tls-port needs --tls-cert, too"),
      (["--tls-cert", one.certificate, "--tls-key", one.key], "need --tls-port"),
      (["--no-plaintext"], "leaves nothing to listen on"),
      (["--tls-port", "7000", "--tls-cert", "/nowhere", "--tls-key", one.key], "cannot read /nowhere: No such file"),
      (["--tls-port", "7000", "--tls-cert", one.certificate, "--tls-key", other.key], "does not belong to"),
      (["--tls-port", "7000", "--tls-cert", one.key, "--tls-key", one.key], "holds no certificate"),
      (["--tls-port", "7000", "--tls-cert", one.certificate, "--tls-key", one.certificate], "holds no private key"),
    ]
    let only = [("serve", "cannot read /nowhere"), ("up", "is said only with --redis")]
    let all =
      cases.flatMap { options, words in ["serve", "up"].map { ($0, options, words) } }
      + only.map { ($0, ["--redis-password-file", "/nowhere"], $1) }
    for (command, options, words) in all {
      let folder = try TestFolder()
      let data = command == "up" ? ["--data", "\(folder.path)/data"] : []
      let run = try TestProcess(kabarProgram, [command] + data + options, output: "\(folder.path)/output")
      let status = run.waitUntilExit()
      #expect(status != 0 && run.text.contains(words), "\(command) \(options): \(run.text)")
      #expect(run.text.split(separator: "\n").count == 1, "\(run.text)")
    }
  }
}

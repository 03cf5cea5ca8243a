// Owns: that deploy/haproxy.cfg does what it says: clients keep their addresses, a host without nodes gets nobody, pages come through.
// Must never: have a configuration of its own: only addresses are put in.
// Runs on: swift-testing; HAProxy from Debian.
import Foundation
import TestSupport
import Testing

@Suite struct BalancerTests {
  @Test func `two hosts behind HAProxy, of which one loses all its nodes`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    let (lines, web) = (try TCPSocket.freePort(), try TCPSocket.freePort())
    let webPorts = try (0..<2).map { _ in try TCPSocket.freePort() }
    var nodes: [ChatNode] = []
    for (name, port) in zip(["a", "b"], webPorts) {
      let options = ["--trusted-proxies", "127.0.0.1", "--web-port", "\(port)"]
      nodes.append(try await ChatNode(name, redis: redis, options: options))
    }
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let example = here.appending(path: "../../deploy/haproxy.cfg")
    var text = try String(contentsOf: example, encoding: .utf8)
    for (there, here) in [
      ("192.0.2.11:8889", "127.0.0.1:\(nodes[0].port)"), ("192.0.2.12:8889", "127.0.0.1:\(nodes[1].port)"),
      ("192.0.2.11:8080", "127.0.0.1:\(webPorts[0])"), ("192.0.2.12:8080", "127.0.0.1:\(webPorts[1])"),
      ("bind :8889", "bind 127.0.0.1:\(lines)"), ("bind :8080", "bind 127.0.0.1:\(web)"),
    ] {
      #expect(text.contains(there))
      text = text.replacing(there, with: here)
    }
    let folder = try TestFolder()
    try text.write(toFile: "\(folder.path)/haproxy.cfg", atomically: true, encoding: .utf8)
    let balancer = try TestProcess(
      "haproxy", ["-db", "-f", "\(folder.path)/haproxy.cfg"], output: "\(folder.path)/log")
    defer { balancer.terminate() }
    func answers() -> Bool { (try? LineClient(port: lines).request("ping").isOK) == true }
    #expect(await eventually { answers() || !balancer.isRunning }, "\(balancer.text)")

    let guesser = try LineClient(port: lines, from: "127.0.0.9")
    #expect(try guesser.request("auth arini wrong").code == "auth_failed")
    let noted = try await eventually { try redis.cli("--scan", "--pattern", "kabar:attempts:*").contains(":127.0.0.9") }
    #expect(noted)
    #expect(try HTTPAnswer(port: web, "/").status == 200)
    let both = try await eventually { try redis.cli("ZCARD", "kabar:nodes") == "2" }
    #expect(both)

    nodes[0].process.kill()
    // As docker's proxy does for a host whose nodes are gone.
    let accepting =
      "import socket\ns = socket.create_server(('127.0.0.1', \(nodes[0].port)))\nwhile True: s.accept()[0].close()"
    let proxy = try TestProcess("python3", ["-c", accepting], output: "\(folder.path)/proxy")
    defer { proxy.kill() }
    #expect(await eventually { balancer.text.contains("hosts/a is DOWN") }, "\(balancer.text)")
    // Two more checks, which a bare connection would pass.
    try await Task.sleep(for: .seconds(5))
    for _ in 0..<20 { #expect(answers()) }
    #expect(await eventually { balancer.text.contains("pages/a is DOWN") })
    for _ in 0..<4 { #expect(try HTTPAnswer(port: web, "/").status == 200) }
    #expect(!nodes[1].log.contains("header"), "the checks begin with one, too: \(nodes[1].log)")
  }
}

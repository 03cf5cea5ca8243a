// Owns: that what is deployed keeps what the pages promise of it: bounds, logs that can't fill a disk, a way back after a crash.
// Must never: start a container: the files are read as YAML.
// Runs on: any thread.
import Foundation
import Testing
import Yams

@Suite struct PackagingTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  private func services(_ path: String) throws -> [String: [String: Any]] {
    let file = try #require(try load(yaml: try text(path)) as? [String: Any])
    return try #require(file["services"] as? [String: [String: Any]])
  }

  @Test func `every container is confined and bounded, rotates its log and is started again`() throws {
    let base = try services("compose.yaml")
    var all = base
    for name in ["haproxy", "secrets"] {
      // What the first file has is only changed by the others.
      all.merge(try services("deploy/compose.\(name).yaml")) { first, _ in first }
    }
    #expect(Set(all.keys) == ["redis", "front", "node", "balancer"])
    for (name, service) in all {
      for key in ["cap_drop", "security_opt", "mem_limit", "pids_limit"] {
        #expect(service[key] != nil, "\(name) \(key)")
      }
      #expect(service["read_only"] as? Bool == true && service["restart"] as? String == "unless-stopped", "\(name)")
      let options = (service["logging"] as? [String: Any])?["options"] as? [String: String]
      #expect(options?["max-size"] != nil && options?["max-file"] != nil, "\(name)")
      #expect(service["healthcheck"] != nil, "\(name)")
    }
  }

  @Test func `a Redis that reads a long file, or has no room for one, is up`() throws {
    let redis = try #require(try services("compose.yaml")["redis"]?["healthcheck"] as? [String: Any])
    let probe = try #require((redis["test"] as? [String])?.last)
    for answer in ["PONG", "NOAUTH", "LOADING", "MISCONF"] { #expect(probe.contains(answer), "\(probe)") }
  }

  @Test func `a node under systemd may wait for Redis, and sees whether the kernel moves connections`() throws {
    let unit = try text("deploy/kabar@.service").split(separator: "\n")
    #expect(unit.contains("TimeoutStartSec=infinity") && unit.contains("Restart=always"))
    #expect(!unit.contains { $0.hasPrefix("ProcSubset") })
  }
}

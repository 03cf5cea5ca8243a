// Owns: a cluster and a bare Redis of one run of `kabar bench`: their processes, ports and folder.
// Must never: leave any of these behind, however the run ends.
// Runs on: the main thread: the kernel ends the children when the thread ends that started them (see EntryPoint).
import Foundation
import Glibc
import Supervisor

/// `kabar up` and a redis-server in a temporary folder.
final class PrivateServers {
  /// How long the children may take to end.
  private static let stopPatience = 15.0

  /// The port of the nodes, on 127.0.0.1.
  let port: Int
  /// The port of their page.
  let webPort: Int
  /// The ports of the cluster's Redis, and of the bare one.
  let redisPort: Int
  let barePort: Int?
  /// Whether a cluster is among them.
  let hasCluster: Bool
  private let folder: String
  private var children: [(name: String, process: ChildProcess)] = []

  /// Starts `nodes` nodes without limits and with cheap hashes (nil: no cluster), and a bare Redis if `hasBare`, both synced
  /// alike.
  init(nodes: Int?, threads: Int?, durability: Durability, hasBare: Bool) throws {
    port = try Self.freePort()
    webPort = try Self.freePort()
    redisPort = try Self.freePort()
    hasCluster = nodes != nil
    barePort = hasBare ? try Self.freePort() : nil
    folder = try PrivateDirectory.make("kabar-bench", in: FileManager.default.temporaryDirectory.path)
    do {
      if let nodes { try startCluster(nodes: nodes, threads: threads, durability: durability) }
      if let barePort { try startBare(port: barePort, durability: durability) }
    } catch {
      stop()
      throw error
    }
  }

  /// The nodes serve.
  var isReady: Bool { !hasCluster || log("cluster").contains { $0.hasPrefix("ready") } }

  /// What the cluster has said.
  private func log(_ name: String) -> [Substring] {
    let text = try? String(contentsOfFile: "\(folder)/\(name).log", encoding: .utf8)
    return (text ?? "").split(whereSeparator: \.isNewline)
  }

  /// Looks whether all children live; says what became of one that does not.
  func failure() -> Failure? {
    for (index, child) in children.enumerated() {
      guard let reason = child.process.reap() else { continue }
      children.remove(at: index)
      let words = log(child.name).suffix(5).joined(separator: "\n  ")
      return Failure("\(child.name) \(reason)\(words.isEmpty ? "" : ":\n  \(words)")")
    }
    return nil
  }

  /// Ends everything and removes the folder.
  func stop() {
    for child in children { child.process.signal(SIGTERM) }
    let end = Date.now.addingTimeInterval(Self.stopPatience)
    while !children.isEmpty {
      children.removeAll { $0.process.reap() != nil }
      if Date.now > end { for child in children { child.process.kill() } }
      usleep(10_000)
    }
    try? FileManager.default.removeItem(atPath: folder)
  }

  private func startCluster(nodes: Int, threads: Int?, durability: Durability) throws {
    var command = [
      UpCommand.executable, "up", "--nodes", "\(nodes)", "--port", "\(port)", "--redis-port", "\(redisPort)", "--data",
      "\(folder)/data", "--no-demo-accounts", "--http-port", "0", "--web-port", "\(webPort)", "--durability",
      durability.rawValue,
    ]
    if let threads { command += ["--threads", "\(threads)"] }
    try start("cluster", command, ["KABAR_LIMITS": "off", "KABAR_SCRYPT_LOG2N": "2", "NOTIFY_SOCKET": nil])
  }

  /// The same settings as the cluster's own Redis has.
  private func startBare(port: Int, durability: Durability) throws {
    let folder = "\(folder)/bare"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let settings = RedisSettings(
      port: port, folder: folder, descriptorLimit: DescriptorLimit.raise(), durability: durability)
    try settings.text.write(toFile: "\(folder)/redis.conf", atomically: true, encoding: .utf8)
    try start("bare-redis", [try RedisServer.findProgram(), "\(folder)/redis.conf"], ["NOTIFY_SOCKET": nil])
  }

  private func start(_ name: String, _ command: [String], _ environment: [String: String?]) throws {
    let request = ChildProcess.Request(
      command: command, environment: environment, keepsOutput: true,
      inherited: nil, log: "\(folder)/\(name).log")
    children.append((name, try ChildProcess.spawn(request, launcher: UpCommand.executable)))
  }

  /// A port of 127.0.0.1 that is free now.
  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw Failure("no free port: \(String(cString: strerror(errno)))") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

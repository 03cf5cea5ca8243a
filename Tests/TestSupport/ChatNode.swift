// Owns: one real node process of a test.
// Must never: share code with the node: it is started as an operator starts it.
// Runs on: any thread; one test owns it.
import Foundation

/// `kabar serve` on a port of its own, unless told to share one.
public final class ChatNode: Sendable {
  /// Where clients connect.
  public let port: Int
  /// The process, for signals and its log.
  public let process: TestProcess
  private let folder: TestFolder
  /// Lives as long as its nodes.
  private let redis: RedisServer

  /// Starts a node and waits until it accepts connections.
  public init(
    _ name: String, redis: RedisServer, port: Int? = nil, threads: Int = 2, options: [String] = [],
    environment: [String: String] = [:]
  ) async throws {
    let port = try port ?? TCPSocket.freePort()
    self.port = port
    self.redis = redis
    folder = try TestFolder()
    process = try TestProcess(
      kabarProgram,
      ["serve", "--port", "\(port)", "--node", name, "--threads", "\(threads)"] + options,
      // The cost that the accounts of tests have: nothing is hashed anew.
      environment: [
        "KABAR_REDIS": redis.url, "KABAR_LOG_LEVEL": "debug", "KABAR_SCRYPT_LOG2N": "2",
        // Four tests at a time and their nodes share two cores.
        "KABAR_SHED_AFTER": "2000",
        // Most tests don't wait for the clients of a node that stops.
        "KABAR_DRAIN_TIME": "1",
      ].merging(environment) { $1 },
      output: "\(folder.path)/log")
    let isUp = await eventually { self.log.contains("msg=ready") || !process.isRunning }
    guard isUp, process.isRunning else { throw TestFailure("node \(name) does not serve: \(log)") }
  }

  /// What it has logged.
  public var log: String { process.text }

  /// The memory that the process takes.
  public func residentKiB() throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    guard let size = line?.split(separator: " ").dropFirst().first, let number = Int(size.trimmingPrefix("\t")) else {
      throw TestFailure("no VmRSS in \(status)")
    }
    return number
  }

  /// A new client of this node.
  public func connect() throws -> LineClient { try LineClient(port: port, node: self) }

  /// A client that has logged in.
  public func login(_ user: String, _ password: String = "pw") throws -> LineClient {
    let client = try connect()
    let reply = try client.request("auth \(user) \(password)")
    guard reply.isOK else { throw TestFailure("\(user) can't log in: \(reply)") }
    return client
  }
}

// Owns: which processes a running cluster consists of, as Redis knows it.
// Must never: name a process of another machine.
// Runs on: async tasks.
import ChatState
import Glibc
import RedisClient

/// The processes behind one Redis.
package struct ClusterProcesses: Sendable, Equatable {
  /// The nodes that have a lease.
  package let nodes: [Int32]
  /// Redis itself.
  package let redis: Int32?

  /// Asks Redis. Pids of another machine or another container mean nothing here: `isLocal` tells.
  package static func find(in redis: RedisHandle) async throws -> ClusterProcesses {
    let ids = try await redis.send(RedisCommand("ZRANGE", .text(KeySpace.nodes), "0", "-1")).elements ?? []
    var nodes: [Int32] = []
    for id in ids.compactMap(\.text) {
      let pid = try await redis.send(RedisCommand("HGET", .text(KeySpace.node(NodeID(id))), "pid")).text
      if let pid = pid.flatMap({ Int32($0) }) { nodes.append(pid) }
    }
    let info = try await redis.send(RedisCommand("INFO", "server")).text ?? ""
    let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
    return ClusterProcesses(nodes: nodes, redis: line.flatMap { Int32($0.dropFirst("process_id:".count)) })
  }

  /// Whether each of them has a name here that fits: a node's is kabar, or what this program's file was renamed to.
  package var isLocal: Bool {
    let programs = ["kabar", ProcessorTime.name(of: getpid())]
    guard let redis, nodes.allSatisfy({ programs.contains(ProcessorTime.name(of: $0)) }) else { return false }
    return ["redis-server", "valkey-server"].contains(ProcessorTime.name(of: redis))
  }
}

// Owns: how the cluster's own redis-server is found and started.
// Must never: change what is in the data folder beyond redis.conf.
// Runs on: the main thread.
import Glibc

/// The private Redis: its program, port, folder and log.
package final class RedisServer {
  /// The TCP port on 127.0.0.1.
  let port: Int
  /// Where its data is; locked.
  let folder: DataFolder
  private let program: String
  private let reservation: PortReservation
  private let logStart: Int

  /// Finds the program, and takes the folder and the port.
  /// - Throws: when one of them can't be had; nothing has been started then.
  init(
    data: String, port wanted: Int?, durability: Durability, program: String, descriptorLimit: Int
  ) throws(SupervisorError) {
    self.program = program
    folder = try DataFolder(data)
    (port, reservation) = try PortReservation.redis(wanted: wanted)
    logStart = folder.redisLogSize
    let settings = RedisSettings(
      port: port, folder: folder.path, descriptorLimit: descriptorLimit, durability: durability)
    try folder.write(settings.text, to: "redis.conf")
    if folder.isNew { try folder.markNew() }
  }

  /// How the nodes reach it.
  var url: String { "redis://127.0.0.1:\(port)" }

  /// What to start. Its stdout has nothing to say: Redis writes to its log.
  var request: ChildProcess.Request {
    ChildProcess.Request(
      command: [program, "\(folder.path)/redis.conf"], environment: ["NOTIFY_SOCKET": nil], keepsOutput: false,
      inherited: folder.lock)
  }

  /// The last lines that it logged since this cluster began.
  var lastLines: [String] { folder.redisLog(after: logStart) }

  /// Looks for redis-server in PATH.
  package static func findProgram() throws(SupervisorError) -> String {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    for folder in path.split(separator: ":") {
      let candidate = "\(folder)/redis-server"
      var status = stat()
      let isFile = stat(candidate, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      if isFile, access(candidate, X_OK) == 0 { return candidate }
    }
    throw SupervisorError(
      "redis-server is not in PATH: install the Debian package redis-server, or name a Redis with --redis URL")
  }
}

// Owns: the redis.conf of the private Redis.
// Must never: be read back: it is written anew at every start.
// Runs on: any thread (a value).

/// When Redis brings what it has acknowledged to the disk (`appendfsync`). What each promises follows from
/// `flushAppendOnlyFile` in aof.c of Redis 7.0, which runs before the replies of a turn of its event loop are written.
package enum Durability: String, Sendable, CaseIterable {
  /// The append-only file is written and synced before any reply leaves: nothing that was answered OK is lost, neither
  /// when Redis is killed nor when the power fails (as long as the disk keeps what it has said it synced). If that
  /// fails, Redis exits rather than answer. Costs 20 to 30 % of the throughput with many clients, and a lone client
  /// waits for the disk with each message.
  case always
  /// The file is normally written before the replies leave, and synced once a second in the background. While such a
  /// sync still runs Redis may hold the write itself back, for up to two seconds.
  ///
  /// - Redis killed (`kill -9`, out of memory): what was written is in the kernel and survives. What was acknowledged
  ///   in a window of held-back writes (up to two seconds, on a busy disk) is lost.
  /// - Power failure or crash of the machine: what was acknowledged since the last completed sync is lost, normally a
  ///   second, two or more if the disk is slow.
  case everysec
}

/// The settings of the cluster's own redis-server.
package struct RedisSettings: Sendable {
  /// Clients that Redis admits when the descriptor limit allows it.
  package static let wantedClients = 15_000
  /// Descriptors that Redis keeps for itself; it lowers `maxclients` by itself if fewer are left.
  private static let reservedDescriptors = 32

  /// The port on 127.0.0.1.
  package let port: Int
  /// The absolute path of the data folder.
  package let folder: String
  /// How many descriptors a process here may have.
  package let descriptorLimit: Int
  /// When the append-only file is synced.
  package let durability: Durability

  /// Settings for a Redis on `port` with its data in `folder` (absolute).
  package init(port: Int, folder: String, descriptorLimit: Int, durability: Durability = .everysec) {
    self.port = port
    self.folder = folder
    self.descriptorLimit = descriptorLimit
    self.durability = durability
  }

  /// The `maxclients` that this machine can serve.
  package var maxClients: Int { max(1, min(Self.wantedClients, descriptorLimit - Self.reservedDescriptors)) }

  /// The whole file.
  package var text: String {
    """
    # Written by `kabar up` at every start: changes made here are lost.
    bind 127.0.0.1
    protected-mode yes
    port \(port)
    daemonize no
    dir \(Self.quoted(folder))
    logfile \(Self.quoted(folder + "/redis.log"))
    loglevel warning
    # Messages must survive a crash: every write goes to the append-only file. When it is synced: `--durability`.
    appendonly yes
    appendfsync \(durability.rawValue)
    # Also while the file is rewritten: otherwise `always` would mean nothing for minutes.
    no-appendfsync-on-rewrite no
    # The append-only file is the one store; a second, older copy would only confuse.
    save ""
    # Kabar's data is no cache: a full memory refuses the sender, it never drops a message.
    maxmemory-policy noeviction
    maxclients \(maxClients)

    """
  }

  /// Redis splits its configuration like a shell: quote what may hold spaces, quotes or control characters.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for character in text.unicodeScalars {
      switch character {
      case "\"", "\\": result += "\\" + String(character)
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      default: result.unicodeScalars.append(character)
      }
    }
    return result + "\""
  }
}

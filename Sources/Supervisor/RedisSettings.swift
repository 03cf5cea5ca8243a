// Owns: the redis.conf of the private Redis.
// Must never: be read back: it is written anew at every start.
// Runs on: any thread (a value).

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

  /// Settings for a Redis on `port` with its data in `folder` (absolute).
  package init(port: Int, folder: String, descriptorLimit: Int) {
    self.port = port
    self.folder = folder
    self.descriptorLimit = descriptorLimit
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
    # Messages must survive a crash: every write goes to the append-only file, synced once a second.
    appendonly yes
    appendfsync everysec
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

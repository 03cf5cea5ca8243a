// What a new connection says before it is used, and whether the answers allow its use.
// Never sends anything itself.
// Pure value; on the event loop of its connection.

/// AUTH, SELECT, CLIENT SETNAME, ROLE and the scripts, sent in one batch.
struct Handshake {
  /// Why a connection is not usable.
  enum Failure: Error, Equatable, CustomStringConvertible {
    case refused(step: String, RedisServerError)
    case notMaster(role: String)

    var description: String {
      switch self {
      case .refused(let step, let error): "Redis refused \(step): \(error.message)"
      case .notMaster(let role): "this Redis is a \(role), a master is needed"
      }
    }
  }

  private enum Step: String {
    case authenticate = "AUTH"
    case select = "SELECT"
    case setName = "CLIENT SETNAME"
    case role = "ROLE"
    case loadScript = "SCRIPT LOAD"
  }

  /// What to write, in this order.
  let commands: [RedisCommand]
  private let steps: [Step]
  private var answered = 0

  /// `acceptsReplica`: nobody asks for the role.
  init(address: RedisAddress, connectionName: String, scripts: [RedisScript], acceptsReplica: Bool = false) {
    var plan: [(Step, RedisCommand)] = []
    if let password = address.password {
      let credentials = (address.user.map { [$0] } ?? []) + [password]
      plan.append((.authenticate, RedisCommand(["AUTH"] + credentials.map { .text($0) })))
    }
    if address.database != 0 { plan.append((.select, RedisCommand("SELECT", .number(address.database)))) }
    plan.append((.setName, RedisCommand("CLIENT", "SETNAME", .text(connectionName))))
    if !acceptsReplica { plan.append((.role, RedisCommand("ROLE"))) }
    plan += scripts.map { (.loadScript, RedisCommand("SCRIPT", "LOAD", .text($0.source))) }
    steps = plan.map(\.0)
    commands = plan.map(\.1)
  }

  /// Takes the next answer; `true` when it was the last one and the connection may be used.
  mutating func receive(_ reply: RedisReply) throws(Failure) -> Bool {
    let step = steps[answered]
    if case .error(let error) = reply { throw .refused(step: step.rawValue, error) }
    if step == .role, reply.elements?.first?.text != "master" {
      throw .notMaster(role: reply.elements?.first?.text ?? "server of unknown role")
    }
    answered += 1
    return answered == steps.count
  }
}

// What one node process is told at its start.
// Never read from anywhere else: the command line fills it in.
// Pure value; any thread.

import ChatState
import NIOCore
import RedisClient
import TLS

/// The settings of a node.
package struct ServerConfiguration: Sendable {
  /// Where to listen.
  package var host = "127.0.0.1"
  package var port: Int
  /// Where to listen for TLS, and with what certificate; `nil`: nowhere.
  package var tls: (port: Int, identity: ServerTLS)?
  /// Whether `port` is listened on, where nothing is encrypted.
  package var acceptsPlaintext = true
  /// Whether this is a port of the line protocol, with TLS or without.
  package func isLinePort(_ number: Int) -> Bool { number == tls?.port || acceptsPlaintext && number == port }
  /// Where browsers get the page and its WebSocket, by TLS if there is a certificate; `nil`: nowhere.
  package var web: (port: Int, origins: OriginPolicy)?
  /// The usual port of the page, which all nodes share.
  package static let usualWebPort = 8080
  /// Where operators ask for /livez, /readyz and /metrics by HTTP: the first of these ports that is free; `nil`: nowhere.
  package var http: (host: String, ports: ClosedRange<Int>)? = ("127.0.0.1", usualHTTPPorts)
  /// The file to write the port of `http` into, as digits and a newline, before the node waits for Redis; `nil`: none.
  package var httpPortFile: String?
  /// What /cluster.json says there: the cluster as Redis knows it, in JSON; `nil`: nothing.
  package var clusterReport: (@Sendable (RedisHandle) async throws -> String)?
  /// What is to be said of Redis when the node has started; fails where Redis may not be asked.
  package var redisAdvice: (@Sendable (RedisHandle) async throws -> [String])?
  /// One for each node of a machine.
  package static let usualHTTPPorts = 8900...8999
  /// Event loops, each with its own listener and its own connection to Redis.
  package var threads: Int
  package var redis: RedisAddress
  /// The node's name; each life of the process adds a random part.
  package var name: String
  /// How long a request may wait for Redis.
  package var requestTimeout = TimeAmount.seconds(2)
  /// How late the event loop or Redis may be, all the time, before new work is refused; `nil`: however late.
  package var shedAfter: TimeAmount? = .milliseconds(100)
  /// What one client may take.
  package var clientLimits = ClientLimits()
  /// The bounds of every inbox.
  package var inboxLimits = InboxLimits()
  /// Replicas that must have a message before its sender hears OK; 0 for none.
  package var minimumReplicas = 0
  /// Password hashes that run at once, each with a core and its memory.
  package var hashesAtOnce: Int
  /// Password checks that may wait for a thread; beyond it a login is told `busy`.
  package var waitingPasswordChecks = 128
  /// What a password hash costs; another one is replaced at the user's next login.
  package var passwordCost = PasswordHash.Cost.standard
  /// When an address that gives wrong passwords must wait; `nil`: never.
  package var guessLimits: GuessLimits? = GuessLimits()
  /// Sessions that a user may have: at a login beyond, the one unused for longest ends. 0: any number.
  package var sessionsPerUser = 20
  /// Whose PROXY headers are believed. Connections from there must begin with one.
  package var trustedProxies: [AddressRange] = []
  /// Requests of one connection that may be on their way before the node stops reading from it.
  package var pipelineDepth = 256
  /// Messages that a listening connection may leave unconfirmed before the flow to it pauses.
  package var pushWindow = 256
  /// Bytes that may wait for a client to read them before it gets no more events and its requests wait.
  package var outboxBytes = 64 * 1024
  /// How long a listening connection with requests waiting may read nothing before it is closed.
  package var slowConsumerPatience = TimeAmount.seconds(10)
  /// How long a user whose last connection on this node has broken stays active.
  package var presenceGrace = TimeAmount.seconds(15)
  /// How long an event loop may hang before the process ends itself; `nil`: for ever.
  package var hangTimeout: TimeAmount? = .seconds(30)
  /// Somebody else says what is to be said of the machine.
  package var isSupervised = false
  /// How long a node that was told to stop gives its clients to go to another one; 0: no time.
  package var drainTime = TimeAmount.seconds(10)
  /// How long it then waits for replies on their way.
  package var shutdownTimeout = TimeAmount.seconds(5)

  package init(port: Int, threads: Int, redis: RedisAddress, name: String) {
    (self.port, self.threads, self.redis, self.name) = (port, threads, redis, name)
    hashesAtOnce = min(threads, 4)
  }
}

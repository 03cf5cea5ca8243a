// The bounds of a node as options and environment variables of `kabar serve`.
// Never lets a value through that the node could not keep.
// Main thread.

import ArgumentParser
import ChatProtocol
import ChatServer
import ChatState
import NIOCore

struct BoundsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How long a request may wait for Redis, 100 to 60000. (KABAR_REQUEST_TIMEOUT; default 2000)", valueName: "ms"))
  var requestTimeout: Int?

  @Option(
    help: ArgumentHelp(
      "How late the node, or Redis, may be all the time before new work is refused with slow_down instead of waiting, 0 to 60000; "
        + "0: however late. (KABAR_SHED_AFTER; default 100)", valueName: "ms"))
  var shedAfter: Int?

  @Option(help: "Messages that may wait in one inbox, 1 to 1000000. (KABAR_INBOX_MESSAGES; default 10000)")
  var inboxMessages: Int?

  @Option(
    help: ArgumentHelp(
      "Memory that one inbox may take in Redis, from 65536. (KABAR_INBOX_BYTES; default 16777216)", valueName: "bytes"))
  var inboxBytes: Int?

  @Option(
    help: ArgumentHelp(
      "Replicas of Redis that must have a message before its sender hears OK, 0 to 16. Best effort: a failover may still "
        + "choose a replica that lacks it. (KABAR_MIN_REPLICAS; default 0)", valueName: "n"))
  var minReplicas: Int?

  @Option(
    help: ArgumentHelp(
      "Messages that a listening connection may leave unconfirmed, 1 to \(ProtocolLimits.largestPushWindow). "
        + "(KABAR_PUSH_WINDOW; default 256)"))
  var pushWindow: Int?

  @Option(
    help: ArgumentHelp(
      "What may wait for a client to read it before it gets no more events and its requests wait, 4096 to 16777216. "
        + "(KABAR_OUTBOX_BYTES; default 65536)", valueName: "bytes"))
  var outboxBytes: Int?

  @Option(
    help: ArgumentHelp(
      "How long a listening client may read nothing while its requests wait, 100 to 600000. "
        + "(KABAR_SLOW_CONSUMER_TIMEOUT; default 10000)", valueName: "ms"))
  var slowConsumerTimeout: Int?

  @Option(
    help: ArgumentHelp(
      "How long a user whose last connection has broken stays active, 0 to 300. (KABAR_PRESENCE_GRACE; default 15)",
      valueName: "s"))
  var presenceGrace: Int?

  @Option(
    help: ArgumentHelp(
      "How long a node that stops gives its clients to go to another one, 0 to 600. Whoever stops it must allow 15 s more "
        + "(systemd: TimeoutStopSec, compose: stop_grace_period). (KABAR_DRAIN_TIME; default 10)",
      valueName: "s"))
  var drainTime: Int?

  @Option(
    help: ArgumentHelp(
      "How long a part of the node may hang before the process ends itself (SIGABRT), to be started anew, 0 to 3600; 0: for ever. "
        + "(KABAR_HANG_TIMEOUT; default 30)", valueName: "s"))
  var hangTimeout: Int?

  /// Puts them into the settings of a node.
  func apply(to settings: inout ServerConfiguration) throws {
    let timeout = try Settings.number(requestTimeout, "request-timeout", 2000, 100...60_000)
    settings.requestTimeout = .milliseconds(Int64(timeout))
    let delay = try Settings.number(shedAfter, "shed-after", 100, 0...60_000)
    settings.shedAfter = delay == 0 ? nil : .milliseconds(Int64(delay))
    settings.inboxLimits.messages = try Settings.number(
      inboxMessages, "inbox-messages", settings.inboxLimits.messages, 1...1_000_000)
    settings.inboxLimits.bytes = try Settings.number(
      inboxBytes, "inbox-bytes", settings.inboxLimits.bytes, 65_536...(1 << 40))
    settings.minimumReplicas = try Settings.number(minReplicas, "min-replicas", 0, 0...16)
    settings.pushWindow = try Settings.number(
      pushWindow, "push-window", settings.pushWindow, 1...ProtocolLimits.largestPushWindow)
    settings.outboxBytes = try Settings.number(outboxBytes, "outbox-bytes", settings.outboxBytes, 4096...(16 << 20))
    let patience = try Settings.number(slowConsumerTimeout, "slow-consumer-timeout", 10_000, 100...600_000)
    settings.slowConsumerPatience = .milliseconds(Int64(patience))
    settings.drainTime = .seconds(Int64(try Settings.number(drainTime, "drain-time", 10, 0...600)))
    let hang = try Settings.number(hangTimeout, "hang-timeout", 30, 0...3600)
    settings.hangTimeout = hang == 0 ? nil : .seconds(Int64(hang))
    settings.presenceGrace = .seconds(Int64(try Settings.number(presenceGrace, "presence-grace", 15, 0...300)))
  }
}

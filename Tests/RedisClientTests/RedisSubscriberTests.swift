// Owns: proof of the subscriber connection.
// Must never: publish by anything but Redis, where Redis can do it.
// Runs on: the test's task.
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import RedisClient

@Suite(.timeLimit(.minutes(1))) struct RedisSubscriberTests {
  /// What a subscriber has told, in order.
  private final class Heard: Sendable {
    enum Event: Equatable {
      case gap
      case loss
      case message(String, [UInt8])
    }
    private let list = Mutex<[Event]>([])
    var events: [Event] { list.withLock { $0 } }
    func add(_ event: Event) { list.withLock { $0.append(event) } }
  }

  private func subscribe<Value: Sendable>(
    _ address: RedisAddress, channels: [String] = ["one", "two"], log: RecordedLog = RecordedLog(),
    configure: (inout RedisConfiguration) -> Void = { _ in }, _ body: (Heard) async throws -> Value
  ) async throws -> Value {
    let heard = Heard()
    var configuration = RedisConfiguration(address: address, connectionName: "kabar-test-sub")
    configure(&configuration)
    let final = configuration
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let subscriber = try await eventLoop.submit {
      let subscriber = RedisSubscriber(
        final, channels: channels, eventLoop: eventLoop, logger: log.logger,
        onMessage: { heard.add(.message($0, $1)) }, onGap: { heard.add(.gap) })
      subscriber.start()
      return NIOLoopBound(subscriber, eventLoop: eventLoop)
    }.get()
    let result: Result<Value, any Error>
    do { result = .success(try await body(heard)) } catch { result = .failure(error) }
    try await eventLoop.submit { subscriber.value.close() }.get()
    return try result.get()
  }

  @Test func `hears every byte, and listens again after a drop`() async throws {
    let redis = try await RedisServer()
    let address = try RedisAddress(redis.url)
    try await LoopClient.with(address) { client async throws in
      try await subscribe(address) { heard async throws in
        #expect(await eventually { heard.events == [.gap] })
        let every = (0...255).map { UInt8($0) } + [13, 10]
        #expect(try await client.send("PUBLISH", "one", .bytes(every)).integer == 1)
        #expect(try await client.send("PUBLISH", "two", "").integer == 1)
        #expect(try await client.send("PUBLISH", "three", "x").integer == 0)
        var expected: [Heard.Event] = [.gap, .message("one", every), .message("two", [])]
        #expect(await eventually { heard.events == expected })

        for round in 1...3 {
          #expect(try await client.send("CLIENT", "KILL", "TYPE", "pubsub").integer == 1)
          expected.append(.gap)
          #expect(await eventually { heard.events == expected }, "round \(round)")
          #expect(try await client.send("PUBLISH", "two", .number(round)).integer == 1)
          expected.append(.message("two", Array("\(round)".utf8)))
          #expect(await eventually { heard.events == expected }, "round \(round)")
        }
      }
      #expect(await eventually { (try? await client.send("PUBLISH", "one", "x").integer) == 0 })  // closed
    }
  }

  @Test func `hears another channel in place of one, also after a drop, and says what was lost`() async throws {
    let redis = try await RedisServer()
    let address = try RedisAddress(redis.url)
    try await LoopClient.with(address) { client async throws in
      let heard = Heard()
      let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
      let subscriber = try await eventLoop.submit {
        let subscriber = RedisSubscriber(
          RedisConfiguration(address: address, connectionName: "kabar-test-sub"), channels: ["one", "two"],
          eventLoop: eventLoop, logger: RecordedLog().logger, onMessage: { heard.add(.message($0, $1)) },
          onGap: { heard.add(.gap) }, onLoss: { heard.add(.loss) })
        subscriber.start()
        return NIOLoopBound(subscriber, eventLoop: eventLoop)
      }.get()
      #expect(await eventually { heard.events == [.gap] })
      try await eventLoop.submit { subscriber.value.replace("two", with: "three") }.get()
      var expected: [Heard.Event] = [.gap, .gap]
      #expect(await eventually { heard.events == expected })
      for isNew in [true, false] {
        if !isNew {
          #expect(try await client.send("CLIENT", "KILL", "TYPE", "pubsub").integer == 1)
          expected += [.loss, .gap]
          #expect(await eventually { heard.events == expected })
        }
        #expect(await eventually { (try? await client.send("PUBLISH", "two", "x").integer) == 0 })
        for channel in ["one", "three"] {
          #expect(try await client.send("PUBLISH", .text(channel), "x").integer == 1)
          expected.append(.message(channel, [120]))
        }
        #expect(await eventually { heard.events == expected })
      }
      try await eventLoop.submit { subscriber.value.close() }.get()
    }
  }

  @Test func `tells of the gap when all channels are confirmed, not before`() async throws {
    try await ScriptedRedis.with { request, _ in
      request.first == "SUBSCRIBE"
        ? .reply("*3\r\n$9\r\nsubscribe\r\n$3\r\none\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$3\r\none\r\n$1\r\nx\r\n") : nil
    } _: { redis async throws in
      try await subscribe(redis.address) { heard async throws in
        #expect(await eventually { heard.events == [.message("one", [120])] })
        #expect(redis.segments.last == [["SUBSCRIBE", "one", "two"]])
      }
    }
  }

  @Test func `a refusal is tried again with patience, and said`() async throws {
    let redis = try await RedisServer()
    _ = try redis.cli("ACL", "SETUSER", "kabar", "on", ">pw", "resetchannels", "&one", "~*", "+@all")
    let log = RecordedLog()
    let before = try redis.connectionsReceived()
    try await subscribe(try RedisAddress("redis://kabar:pw@127.0.0.1:\(redis.port)"), log: log) { heard async throws in
      try await Task.sleep(for: .seconds(1))
      #expect(heard.events.isEmpty)
      let made = try redis.connectionsReceived() - before
      #expect((2...20).contains(made))  // about six, and our own
      #expect(log.lines.first?.hasPrefix("no connection to Redis: Redis refused SUBSCRIBE: NOPERM") == true)
      _ = try redis.cli("ACL", "SETUSER", "kabar", "&two")
      #expect(await eventually { heard.events == [.gap] })
    }
  }

  @Test func `leaves a connection that does not answer PING`() async throws {
    try await ScriptedRedis.with { request, connection in
      switch request.first {
      case "SUBSCRIBE": .reply("*3\r\n$9\r\nsubscribe\r\n$3\r\none\r\n:1\r\n")
      case "PING": connection == 1 ? .nothing : .reply("*2\r\n$4\r\npong\r\n$0\r\n\r\n")
      default: nil
      }
    } _: { redis async throws in
      try await subscribe(
        redis.address, channels: ["one"],
        configure: {
          $0.idlePing = .milliseconds(100)
          $0.replyTimeout = .seconds(1)
        }
      ) { heard async throws in
        #expect(await eventually { heard.events == [.gap, .gap] })
        let pings = redis.count("PING")
        #expect(await eventually { redis.count("PING") > pings + 1 })
        #expect(redis.connections == 2)
      }
    }
  }
}

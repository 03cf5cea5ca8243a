// Owns: the generator against a real Redis: that it counts what came, and misses what did not.
// Must never: judge a time.
// Runs on: any thread.
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Bench

@Suite(.serialized) struct GeneratorTests {
  private let accounts = (0..<12).map { LoadAccount(name: "bench-0000-\($0 + 10000)", token: "") }

  private func server(_ redis: RedisServer) throws -> LoadServer {
    let answer = try redis.cli(
      "ACL", "SETUSER", LoadRequests.redisUser, "on", ">\(LoadRequests.password)", "~*", "&*", "+@all")
    try #require(answer == "OK")
    return LoadServer(
      wire: .resp, addresses: [try SocketAddress(ipAddress: "127.0.0.1", port: redis.port)], nodeCount: 0, nodes: [],
      redis: redis.pid)
  }

  private var shape: LoadShape {
    var shape = LoadShape()
    (shape.connections, shape.operations, shape.inFlight, shape.receivers) = (4, 200, 3, 8)
    return shape
  }

  /// A message of the sender 1, as its place in the row of recipients has it.
  private func message(_ sequence: Int) -> MessageNumber {
    MessageNumber(sender: 1, recipient: 4 + (sequence * 4 + 1) % 8, sequence: sequence)
  }

  @Test func `what is sent is collected`() async throws {
    let redis = try await RedisServer()
    let server = try server(redis)
    let generator = Generator(on: MultiThreadedEventLoopGroup.singleton.any())
    let (send, collect) = try await generator.store(server, accounts, shape)
    #expect(send.isClean && collect.isClean)
    #expect(send.operations == 200 && collect.operations == 200)
    #expect(send.latency.count == 200 && collect.latency.count == 8)
    #expect(send.timePerOperation ?? 0 > 0 && send.generatorTime > 0)
  }

  @Test func `a message that does not come is lost, stored or pushed`() async throws {
    let redis = try await RedisServer()
    let server = try server(redis)
    let generator = Generator(on: MultiThreadedEventLoopGroup.singleton.any(), dropped: message(7))
    let (_, collect) = try await generator.store(server, accounts, shape)
    #expect(collect.verdict.lost == 1 && !collect.isClean)
    #expect(collect.operations == 199)
    let push = try await generator.push(server, accounts, shape, placement: nil)
    #expect(push.verdict.lost == 1 && !push.isClean)
    #expect(push.operations == 199)
  }

  @Test func `what another round left behind is damaged`() async throws {
    let redis = try await RedisServer()
    let server = try server(redis)
    let generator = Generator(on: MultiThreadedEventLoopGroup.singleton.any())
    var text = MessageNumber.blankText(count: 64)
    message(7).write(into: &text)
    let pushed = try redis.cli("RPUSH", accounts[4].name, String(decoding: text, as: UTF8.self))
    #expect(pushed == "1")
    var second = shape
    second.round = 1
    let (send, collect) = try await generator.store(server, accounts, second)
    #expect(send.isClean)
    #expect(collect.verdict.damaged == 1 && collect.verdict.lost == 0)
  }

  @Test(arguments: [200.0, nil]) func `what is published is received`(rate: Double?) async throws {
    let redis = try await RedisServer()
    let server = try server(redis)
    let generator = Generator(on: MultiThreadedEventLoopGroup.singleton.any())
    var shape = shape
    shape.rate = rate
    let push = try await generator.push(server, accounts, shape, placement: nil)
    #expect(push.isClean && push.operations == 200)
    #expect(push.isClosedLoop == (rate == nil))
    // 200 messages at 200 a second: the last one is planned for 0.995 s.
    if rate != nil { #expect(push.seconds > 0.99) }
  }

  @Test func `a server that refuses is a failure with the reason`() async throws {
    let redis = try await RedisServer()
    let server = LoadServer(
      wire: .resp, addresses: [try SocketAddress(ipAddress: "127.0.0.1", port: redis.port)], nodeCount: 0, nodes: [],
      redis: nil)
    let generator = Generator(on: MultiThreadedEventLoopGroup.singleton.any())
    let failure = await #expect(throws: LoadFailure.self) { _ = try await generator.store(server, accounts, shape) }
    #expect(failure?.description.contains("WRONGPASS") == true)
  }

  @Test func `listeners are taken on other nodes only`() throws {
    let nodes = ["a", "b", "a", "b", "c"]
    let routes = try Generator.routes(senders: 2, [2, 3, 4], on: nodes)
    #expect(routes == [[3, 4], [2, 4]])
    #expect(throws: LoadFailure.self) { try Generator.routes(senders: 1, [2], on: nodes) }
  }
}

// Owns: proof that a feed gives each listener each message once and in order, whatever happens in which order.
// Must never: need a socket or Redis: the inbox here is a model of `inbox_advance.lua` for one place.
// Runs on: any thread.
import ChatProtocol
import ChatState
import Testing

import struct TestSupport.SeededGenerator

@testable import ChatServer

/// An inbox with one place.
private struct ModelInbox {
  var confirmed = 0
  /// What is taken off: never more than the place has.
  var removed = 0
  var shown = 0
  var last = 0

  func record(_ sequence: Int) -> MessageRecord { MessageRecord(stored: Array("m\(sequence)".utf8)) }

  mutating func answer(_ call: FeedCall, _ confirming: MessagePlace?) -> FeedAnswer {
    if let confirming { confirmed = max(confirmed, confirming.sequence) }
    removed = max(removed, min(confirmed, call.position ?? confirmed))
    let after = max(call.after?.sequence ?? confirmed, removed)
    let sequences = call.wanted > 0 ? Array((after + 1)..<(max(after, min(last, after + call.wanted)) + 1)) : []
    defer { shown = max(shown, sequences.last ?? 0) }
    return FeedAnswer(
      confirmed: confirmed, shown: shown, length: last - removed + 1, last: last, after: after,
      records: sequences.map(record))
  }
}

/// A listener is known by its identity.
private final class Client {
  var got: [Int] = []
  var reads = true
}

@Suite struct FeedStateTests {
  /// Makes calls until none is due, at most `limit`.
  private func run(
    _ state: inout FeedState, _ inbox: inout ModelInbox, _ clients: [Client], limit: Int = 100
  ) -> Int {
    for count in 0..<limit {
      guard let (call, confirming) = state.nextCall() else { return count }
      let second = state.nextCall()
      #expect(second == nil, "one call at a time")
      state.answered(inbox.answer(call, confirming), to: call) { id, _, sequence, _ in
        let client = clients.first { ObjectIdentifier($0) == id }
        client?.got.append(sequence)
        return client?.reads ?? true
      }
    }
    return limit
  }

  @Test func `what waits, then what comes; wake-ups without news cost one call`() {
    var (state, inbox) = (FeedState(place: "p", windowLimit: 256), ModelInbox())
    let client = Client()
    inbox.last = 3
    state.add(ObjectIdentifier(client))
    _ = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3])
    inbox.last = 4
    let due = state.nextCall()
    #expect(due == nil, "nobody said that there is more")
    state.wake()
    let calls = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3, 4] && calls == 1)
    for _ in 0..<10 { state.wake() }
    let more = run(&state, &inbox, [client])
    #expect(more == 1, "wake-ups coalesce")
  }

  @Test func `a full window pauses, an ack goes on`() {
    var (state, inbox) = (FeedState(place: "p", windowLimit: 3), ModelInbox())
    let client = Client()
    inbox.last = 8
    state.add(ObjectIdentifier(client))
    _ = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3])
    guard case .unconfirmed(let second) = state.find(2, for: ObjectIdentifier(client)) else {
      Issue.record("2 was sent")
      return
    }
    state.acknowledge(second)
    _ = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3, 4, 5] && inbox.confirmed == 2)
  }

  @Test func `a client that does not read gets nothing more, and in the end nobody waits for it`() throws {
    var (state, inbox) = (FeedState(place: "p", windowLimit: 100), ModelInbox())
    let (slow, quick) = (Client(), Client())
    slow.reads = false
    inbox.last = 5
    state.add(ObjectIdentifier(slow))
    state.add(ObjectIdentifier(quick))
    _ = run(&state, &inbox, [slow, quick])
    #expect(slow.got == [1] && quick.got == [1, 2, 3, 4, 5])
    for expected in [1, 1, 5] {
      // At first it may only be waiting for its turn to write.
      state.compare()
      let due = state.nextCall()
      #expect(try #require(due).call.position == expected)
      state.failed()
      state.tick()
    }
    slow.reads = true
    state.readsAgain(ObjectIdentifier(slow))
    let heldDue = state.nextCall()
    let held = try #require(heldDue)
    #expect(held.call.position == 1 && held.call.after?.sequence == 1)
    state.failed()
    _ = run(&state, &inbox, [slow, quick])
    #expect(slow.got == [1, 2, 3, 4, 5] && quick.got == [1, 2, 3, 4, 5])
  }

  @Test func `a list that has become shorter is no reason to ask again and again`() throws {
    var (state, inbox) = (FeedState(place: "p", windowLimit: 100), ModelInbox())
    let (slow, quick) = (Client(), Client())
    slow.reads = false
    inbox.last = 9
    state.add(ObjectIdentifier(slow))
    state.add(ObjectIdentifier(quick))
    _ = run(&state, &inbox, [slow, quick])
    inbox.last = 1
    slow.reads = true
    state.readsAgain(ObjectIdentifier(slow))
    let calls = run(&state, &inbox, [slow, quick])
    #expect(calls < 5)
  }

  @Test func `a list that begins anew is sent from its beginning`() throws {
    var (state, inbox) = (FeedState(place: "p", windowLimit: 100), ModelInbox())
    let client = Client()
    inbox.last = 5
    state.add(ObjectIdentifier(client))
    _ = run(&state, &inbox, [client])
    state.wake()
    let callDue = state.nextCall()
    let call = try #require(callDue)
    let reset = FeedAnswer(
      confirmed: 0, shown: 0, length: 2, last: 1, after: 0, records: [inbox.record(1)])
    state.answered(reset, to: call.call) { _, _, _, _ in true }
    inbox.last = 1
    _ = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3, 4, 5, 1])
  }

  /// The message that was stored last arrives by itself.
  private func arrive(_ state: inout FeedState, _ inbox: ModelInbox, _ clients: [Client]) {
    state.arrived(inbox.record(inbox.last), inbox.last) { id, _, sequence, _ in
      let client = clients.first { ObjectIdentifier($0) == id }
      client?.got.append(sequence)
      return client?.reads ?? true
    }
  }

  /// A listener that has got what was there, and a message.
  private func listening(windowLimit: Int = 100) -> (FeedState, ModelInbox, Client) {
    var (state, inbox) = (FeedState(place: "p", windowLimit: windowLimit), ModelInbox())
    let client = Client()
    inbox.last = 1
    state.add(ObjectIdentifier(client))
    _ = run(&state, &inbox, [client])
    return (state, inbox, client)
  }

  @Test func `the next message is handed out as it arrives, once, and nothing is read for it`() {
    var (state, inbox, client) = listening()
    inbox.last = 2
    arrive(&state, inbox, [client])
    arrive(&state, inbox, [client])
    #expect(client.got == [1, 2] && state.length == 3)
    let calls = run(&state, &inbox, [client])
    #expect(calls == 0)
  }

  @Test func `behind a gap all is read, in order`() {
    var (state, inbox, client) = listening()
    inbox.last = 3
    arrive(&state, inbox, [client])
    #expect(client.got == [1], "2 comes first")
    let calls = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3] && calls == 1)
  }

  @Test func `what arrives while a confirmation is under way is not forgotten over its older answer`() throws {
    var (state, inbox, client) = listening()
    guard case .unconfirmed(let first) = state.find(1, for: ObjectIdentifier(client)) else {
      Issue.record("1 was sent")
      return
    }
    state.acknowledge(first)
    let next = state.nextCall()
    let due = try #require(next)
    let older = inbox.answer(due.call, due.confirming)
    inbox.last = 2
    arrive(&state, inbox, [client])
    #expect(client.got == [1, 2])
    state.answered(older, to: due.call) { _, _, _, _ in true }
    #expect(state.length == 2, "element 0 and message 2")
    inbox.last = 3
    arrive(&state, inbox, [client])
    #expect(client.got == [1, 2, 3])
    let calls = run(&state, &inbox, [client])
    #expect(calls == 0)
  }

  @Test func `what arrives while it is read comes once`() throws {
    var (state, inbox, client) = listening()
    inbox.last = 2
    state.wake()
    let next = state.nextCall()
    let due = try #require(next)
    let answer = inbox.answer(due.call, due.confirming)
    arrive(&state, inbox, [client])
    #expect(client.got == [1, 2])
    state.answered(answer, to: due.call) { _, _, sequence, _ in
      client.got.append(sequence)
      return true
    }
    let calls = run(&state, &inbox, [client])
    #expect(client.got == [1, 2] && calls == 0)
  }

  @Test func `another message under a number that was sent makes the feed look`() throws {
    var (state, inbox, client) = listening()
    state.arrived(MessageRecord(stored: Array("other".utf8)), 1) { _, _, _, _ in true }
    let next = state.nextCall()
    let due = try #require(next)
    #expect(due.call.wanted > 0 && due.call.after?.sequence == 1)
    state.failed()
    _ = run(&state, &inbox, [client])
    #expect(client.got == [1])
  }

  @Test func `what arrives beyond the window waits for an ack`() {
    var (state, inbox, client) = listening(windowLimit: 2)
    for _ in 0..<3 {
      inbox.last += 1
      arrive(&state, inbox, [client])
    }
    #expect(client.got == [1, 2])
    guard case .unconfirmed(let second) = state.find(2, for: ObjectIdentifier(client)) else {
      Issue.record("2 was sent")
      return
    }
    state.acknowledge(second)
    _ = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3, 4])
  }

  @Test func `a client that does not read gets what arrived when it does`() {
    var (state, inbox, client) = listening()
    client.reads = false
    for _ in 0..<3 {
      inbox.last += 1
      arrive(&state, inbox, [client])
    }
    #expect(client.got == [1, 2])
    client.reads = true
    state.readsAgain(ObjectIdentifier(client))
    _ = run(&state, &inbox, [client])
    #expect(client.got == [1, 2, 3, 4])
  }

  @Test(arguments: 0..<40)
  func `at random: each message once, in order, to each listener; nothing beyond a window`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var (state, inbox) = (FeedState(place: "p", windowLimit: 7), ModelInbox())
    var clients: [Client] = []
    var begins: [ObjectIdentifier: Int] = [:]
    for _ in 0..<400 {
      switch Int.random(in: 0..<13, using: &random) {
      case 0 where clients.count < 4:
        clients.append(Client())
        state.add(ObjectIdentifier(clients[clients.count - 1]))
        _ = run(&state, &inbox, clients)
        // Its first call took the acks of the others along.
        begins[ObjectIdentifier(clients[clients.count - 1])] = inbox.confirmed
      case 1...4:
        inbox.last += Int.random(in: 1...90, using: &random)
        state.wake()
      case 5...7:
        guard let client = clients.randomElement(using: &random), let last = client.got.last else { continue }
        if case .unconfirmed(let place) = state.find(last, for: ObjectIdentifier(client)) { state.acknowledge(place) }
      case 8, 9:
        // Now and then the notice is lost.
        inbox.last += 1
        if Int.random(in: 0..<4, using: &random) > 0 { arrive(&state, inbox, clients) }
      case 10:
        guard let due = state.nextCall() else { continue }
        let answer = inbox.answer(due.call, due.confirming)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          inbox.last += 1
          arrive(&state, inbox, clients)
        }
        state.answered(answer, to: due.call) { id, _, sequence, _ in
          clients.first { ObjectIdentifier($0) == id }?.got.append(sequence)
          return true
        }
      default: _ = run(&state, &inbox, clients)
      }
    }
    for client in clients {
      guard let begin = begins[ObjectIdentifier(client)] else { continue }
      let wrong = zip(client.got, (begin + 1)...).first { $0 != $1 }
      #expect(wrong == nil, "got and expected, where they begin to differ")
      #expect((client.got.last ?? begin) <= inbox.confirmed + 7)
    }
    // In the end everybody acknowledges, and everybody gets the rest.
    for _ in 0..<5000 where clients.contains(where: { ($0.got.last ?? 0) < inbox.last }) {
      for client in clients {
        guard let last = client.got.last else { continue }
        if case .unconfirmed(let place) = state.find(last, for: ObjectIdentifier(client)) { state.acknowledge(place) }
      }
      state.wake()
      _ = run(&state, &inbox, clients)
    }
    #expect(clients.allSatisfy { ($0.got.last ?? inbox.last) == inbox.last })
  }
}

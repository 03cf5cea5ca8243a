// Owns: proof of the order of replies, of what confirms a page, and of deadlines.
// Must never: need a socket or a clock: time is an argument.
// Runs on: any thread.
import ChatProtocol
import ChatState
import NIOCore
import Testing

@testable import ChatServer

@Suite struct ConnectionStateTests {
  private func time(_ milliseconds: UInt64) -> NIODeadline { .uptimeNanoseconds((1000 + milliseconds) * 1_000_000) }

  @Test func `replies leave in the order of their requests`() {
    var queue = ReplyQueue()
    let tickets = (0..<3).map { _ in queue.reserve(deadline: time(0)) }
    #expect(tickets == tickets.sorted() && queue.count == 3)
    let (last, second) = (queue.fulfill(tickets[2], .pong), queue.fulfill(tickets[1], .bye))
    #expect(last == .waits && second == .waits)
    let early = queue.next()
    #expect(early == nil)
    let again = queue.fulfill(tickets[1], .help)
    #expect(again == .isDropped)  // a place is filled once
    let first = queue.fulfill(tickets[0], .help)
    #expect(first == .isDue && queue.count == 2)
    let late = queue.fulfill(tickets[0], .pong)
    #expect(late == .isDropped)
    var order: [String] = []
    while let reply = queue.next() {
      var bytes: [UInt8] = []
      reply.encode(into: &bytes)
      order.append(String(decoding: bytes, as: UTF8.self))
    }
    #expect(order.count == 2 && order[0].contains("bye") && order[1].contains("pong"))
    #expect(queue.count == 0)
  }

  private func page(_ ids: [String], first: Int = 1) -> InboxPage {
    let records = ids.map { MessageRecord(stored: Array(#"{"from":"b","msg":"m","id":"\#($0)"}"#.utf8)) }
    return InboxPage(displayTo: JSONString("A"), firstSequence: first, records: records, hasMore: false)
  }

  @Test func `a page is confirmed by a line that began after it was written`() throws {
    let arini = try #require(AccountName("arini"))
    #expect(Delivery(page([]), of: arini, number: 1) == nil)
    var delivery = try #require(Delivery(page(["x-1", "x-2"], first: 7), of: arini, number: 1))
    #expect(!delivery.isWritten && !delivery.isConfirmed(byLineAt: 1000))
    delivery.written(received: 100)
    #expect(!delivery.isConfirmed(byLineAt: 99) && delivery.isConfirmed(byLineAt: 100))
    #expect(delivery.last.sequence == 8 && delivery.last.mark == Array(#""id":"x-2""#.utf8))
    #expect(delivery.mark(of: 7) == Array(#""id":"x-1""#.utf8))
    #expect(delivery.mark(of: 6) == nil && delivery.mark(of: 9) == nil)
  }

  @Test func `a line has arrived when its last byte has`() {
    var times = ArrivalTimes()
    func arrival(_ offset: Int, _ now: UInt64) -> NIODeadline { times.arrival(ofByteBefore: offset, now: time(now)) }
    times.note(received: 10, now: time(0))
    times.note(received: 20, now: time(5))  // within a grain of the first
    times.note(received: 30, now: time(100))
    #expect(arrival(8, 500) == time(0))
    #expect(arrival(20, 500) == time(0))
    #expect(arrival(25, 500) == time(100))
    times.restart(now: time(900))  // the client had not read its replies
    #expect(arrival(30, 950) == time(900))
    #expect(arrival(40, 960) == time(960))
  }
}

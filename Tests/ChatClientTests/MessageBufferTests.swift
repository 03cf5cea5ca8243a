// Owns: proof of what is confirmed when, and of what counts as a duplicate.
// Must never: open a socket.
// Runs on: any.
import ChatProtocol
import Testing

@testable import ChatClient

@Suite struct MessageBufferTests {
  private func message(_ seq: Int, id: String? = nil) -> IncomingMessage {
    IncomingMessage(
      sender: "a", senderName: "A", text: "\(seq)", id: id ?? "m\(seq)", seq: seq, at: "", isRedelivered: false)
  }

  @Test func aMessageIsConfirmedWhenTheNextOneIsAskedForAndNotBefore() {
    var buffer = MessageBuffer()
    #expect(buffer.arrived(message(1)) == .new)
    #expect(buffer.arrived(message(2)) == .new)
    let asked = buffer.wentOn()
    #expect(!asked)
    #expect(buffer.popFirst()?.seq == 1)
    #expect(buffer.unconfirmed == nil)
    let askedAgain = buffer.wentOn()
    #expect(askedAgain)
    #expect(buffer.unconfirmed?.line == "ack 1 m1")
    #expect(buffer.popFirst()?.seq == 2)
    #expect(buffer.unconfirmed?.seq == 1)
    #expect(buffer.popFirst() == nil)
  }

  @Test func oneConfirmationServesAllThatCameMeanwhile() {
    var buffer = MessageBuffer()
    for seq in 1...3 {
      _ = buffer.arrived(message(seq))
      _ = buffer.popFirst()
      _ = buffer.wentOn()
    }
    #expect(buffer.unconfirmed?.seq == 3)
    buffer.settled(.init(seq: 2, id: "m2"))
    #expect(buffer.unconfirmed?.seq == 3)
    buffer.settled(.init(seq: 3, id: "m3"))
    #expect(buffer.unconfirmed == nil)
  }

  @Test func aDuplicateIsNotHandedOutAgainWhereverTheFirstOneIs() {
    var buffer = MessageBuffer()
    for seq in 1...3 { _ = buffer.arrived(message(seq)) }
    _ = buffer.popFirst()
    _ = buffer.wentOn()
    buffer.settled(.init(seq: 1, id: "m1"))
    _ = buffer.popFirst()
    // 1 is confirmed, the consumer has 2, and 3 waits; after a reconnection all of them come again.
    for seq in 1...3 { #expect(buffer.arrived(message(seq)) == .duplicate) }
    #expect(buffer.unconfirmed?.line == "ack 1 m1")
    #expect(buffer.popFirst()?.seq == 3)
    #expect(buffer.popFirst() == nil)
  }

  @Test func aNewMessageWithAKnownNumberIsNew() {
    var buffer = MessageBuffer()
    _ = buffer.arrived(message(1, id: "before the store lost its last second"))
    _ = buffer.popFirst()
    _ = buffer.wentOn()
    #expect(buffer.arrived(message(1, id: "after")) == .new)
    #expect(buffer.arrived(message(2, id: "after")) == .new)
    _ = buffer.popFirst()
    _ = buffer.wentOn()
    #expect(buffer.unconfirmed?.line == "ack 1 after")
  }

  @Test(arguments: ["", "two words", "ünïcode", "a\u{7F}", String(repeating: "x", count: 129)])
  func anIDThatIsNoWordIsLeftOut(_ id: String) {
    #expect(MessageBuffer.Mark(seq: 7, id: id).line == "ack 7")
  }

  @Test func withoutAnIDNothingIsKnown() {
    var buffer = MessageBuffer()
    #expect(buffer.arrived(message(1, id: "")) == .new)
    #expect(buffer.arrived(message(1, id: "")) == .new)
  }

  @Test func aMessageShownAgainIsConfirmedWhenTheConfirmationAboveItIsRefused() {
    var buffer = MessageBuffer()
    for seq in 1...3 {
      _ = buffer.arrived(message(seq))
      _ = buffer.popFirst()
      _ = buffer.wentOn()
    }
    for seq in 1...2 { #expect(buffer.arrived(message(seq)) == .duplicate) }
    #expect(buffer.unconfirmed?.seq == 3)
    buffer.refused(.init(seq: 3, id: "m3"))
    #expect(buffer.unconfirmed?.line == "ack 2 m2")
    buffer.settled(.init(seq: 2, id: "m2"))
    #expect(buffer.unconfirmed == nil)
  }

  @Test func whatWasNotSeenInOneSessionIsNewInTheNext() {
    var buffer = MessageBuffer()
    for seq in 1...3 { _ = buffer.arrived(message(seq)) }
    for _ in 1...2 {
      _ = buffer.popFirst()
      _ = buffer.wentOn()
    }
    buffer.sessionEnded()
    #expect(buffer.popFirst() == nil)
    #expect(buffer.unconfirmed == nil)
    for seq in 1...2 { #expect(buffer.arrived(message(seq)) == .duplicate) }
    #expect(buffer.unconfirmed?.seq == 2)
    #expect(buffer.arrived(message(3)) == .new)
  }

  @Test func theBoundIsExact() {
    #expect(MessageBuffer.limit >= ProtocolLimits.largestPushWindow)
    var buffer = MessageBuffer()
    for seq in 1...MessageBuffer.limit { #expect(buffer.arrived(message(seq)) == .new) }
    let more = message(MessageBuffer.limit + 1)
    #expect(buffer.arrived(more) == .overflow)
    #expect(buffer.popFirst()?.seq == 1)
    #expect(buffer.arrived(more) == .new)
  }

  @Test func onlyTheLastOnesAreRemembered() {
    var buffer = MessageBuffer()
    for seq in 1...MessageBuffer.remembered + 1 {
      _ = buffer.arrived(message(seq))
      _ = buffer.popFirst()
    }
    #expect(buffer.arrived(message(2)) == .duplicate)
    #expect(buffer.arrived(message(1)) == .new)
  }
}

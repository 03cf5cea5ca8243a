// The writes that carry a page of messages: when the kernel took it, as a place among the bytes of the client.
// Never confirms a page: `Deliveries` says what does.
// On the event loop of the connection.

import ChatProtocol
import NIOCore
import TLS

extension ConnectionHandler {
  /// Only a write that carries messages needs to know when it is done, and what had arrived by then: a line that was in
  /// the kernel before was sent before the client saw the page, although it is read after it.
  func write(_ bytes: ByteBuffer, withPage number: Int) {
    guard let context else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    TCPInfo.read(from: context.channel) { before in
      let connection = bound.value
      guard let context = connection.context else { return }
      let promise = context.eventLoop.makePromise(of: Void.self)
      context.writeAndFlush(connection.wrapOutboundOut(bytes), promise: promise)
      // As a rule the kernel takes it all at once. Asking it afterwards would count a quick client's next line too.
      var isAtOnce = true
      promise.futureResult.assumeIsolated().whenSuccess {
        if isAtOnce { return connection.pageWasWritten(number, before) }
        TCPInfo.read(from: connection.context?.channel) { bound.value.pageWasWritten(number, $0) }
      }
      isAtOnce = false
    }
  }

  private func pageWasWritten(_ number: Int, _ info: TCPInfo?) {
    guard let info else { return }
    let received = info.receivedBytes - proxyHeaderBytes
    if meter == nil { return deliveries.written(number, received: max(framer.received, received)) }
    pageBeforeInput = (number, received)
    placePage()
  }

  /// Behind TLS and in a WebSocket a page has its place among the client's bytes when the content of all that had arrived before
  /// it has come. Perhaps some that arrived later has, too: it confirms nothing then, which is safe.
  func placePage() {
    guard let meter, let page = pageBeforeInput, peerHasEnded || meter.delivered >= page.bytes else { return }
    pageBeforeInput = nil
    deliveries.written(page.number, received: framer.received)
  }

  /// How a message is known again, if it was shown on this connection.
  func mark(of sequence: Int, shownTo user: AccountName) -> [UInt8]? { deliveries.mark(of: sequence, shownTo: user) }
}

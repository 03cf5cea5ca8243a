// The first moments of a TLS connection that we make: until the peer is verified, or why it is not.
// Never lets a handler behind it see an error of these moments: whoever waits for the handshake hears it.
// A channel handler on one event loop; it leaves when the handshake is done.

import Glibc
import NIOCore
import NIOSSL
import NIOTLS

/// Answers a promise once.
final class TLSHandshake: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let host: String
  private let timeout: TimeAmount
  private var done: EventLoopPromise<Void>?
  private var timer: Scheduled<Void>?

  init(host: String, timeout: TimeAmount, done: EventLoopPromise<Void>) {
    (self.host, self.timeout, self.done) = (host, timeout, done)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: timeout) {
      let (handshake, context) = bound.value
      handshake.fail(TLSFailure("no answer to the TLS handshake in time"), context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent, let done = take() {
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
      done.succeed()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if done == nil { return context.fireErrorCaught(error) }
    // It has not been verified, but what it says of itself explains why.
    let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
    fail(TLSFailure(error, host: host, certificate: certificate, now: time(nil)) ?? error, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(TLSFailure("the other side closed the connection during the TLS handshake"), context)
    context.fireChannelInactive()
  }

  private func fail(_ reason: any Error, _ context: ChannelHandlerContext) {
    guard let done = take() else { return }
    done.fail(reason)
    context.close(promise: nil)
  }

  private func take() -> EventLoopPromise<Void>? {
    timer?.cancel()
    defer { done = nil }
    return done
  }
}

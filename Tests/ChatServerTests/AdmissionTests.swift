// Owns: the count of connections, in all and of each address.
// Must never: open one.
// Runs on: swift-testing.
import ChatState
import Testing

@testable import ChatServer

@Suite struct AdmissionTests {
  private func admission(all: Int, perAddress: Int?) -> Admission {
    var limits = ClientLimits()
    (limits.connections, limits.connectionsPerAddress) = (all, perAddress)
    return Admission(limits)
  }

  @Test func `an address has its share, another one its own, and who leaves makes room`() {
    let admission = admission(all: 100, perAddress: 2)
    let one = LoginSource(address: "192.0.2.1")
    #expect(admission.enter(from: one) == nil)
    #expect(admission.enter(from: one) == nil)
    #expect(admission.enter(from: one) == .connectionsPerAddress)
    #expect(admission.enter(from: LoginSource(address: "192.0.2.2")) == nil)
    admission.leave(from: one)
    #expect(admission.enter(from: one) == nil)
    #expect(admission.enter(from: one) == .connectionsPerAddress)
  }

  @Test func `all addresses of one IPv6 subscriber are one`() {
    let admission = admission(all: 100, perAddress: 1)
    #expect(admission.enter(from: LoginSource(address: "2001:db8:1:2::1")) == nil)
    #expect(admission.enter(from: LoginSource(address: "2001:db8:1:2:ffff::2")) == .connectionsPerAddress)
    #expect(admission.enter(from: LoginSource(address: "2001:db8:1:3::1")) == nil)
  }

  @Test func `a refused connection does not count, neither for the node nor for its address`() {
    let admission = admission(all: 2, perAddress: 1)
    let one = LoginSource(address: "192.0.2.1")
    #expect(admission.enter(from: one) == nil)
    for _ in 0..<10 { #expect(admission.enter(from: one) == .connectionsPerAddress) }
    let two = LoginSource(address: "192.0.2.2")
    #expect(admission.enter(from: two) == nil)
    for _ in 0..<10 { #expect(admission.enter(from: LoginSource(address: "192.0.2.3")) == .connections) }
    admission.leave(from: two)
    #expect(admission.enter(from: two) == nil)
  }

  @Test func `behind a proxy the node counts at once, the address when it is known`() {
    let admission = admission(all: 2, perAddress: 1)
    let client = LoginSource(address: "203.0.113.7")
    #expect(admission.enter(from: nil) == nil)
    #expect(admission.enter(from: nil) == nil)
    #expect(admission.enter(from: nil) == .connections)
    #expect(admission.assign(client) == nil)
    #expect(admission.assign(client) == .connectionsPerAddress)
    admission.leave(from: nil)
    admission.leave(from: client)
    #expect(admission.enter(from: client) == nil)
  }
}

// Owns: that the ports which `kabar up` holds for its nodes are found again, and are nobody else's.
// Must never: look for ports where other tests do.
// Runs on: any thread.
import Glibc
import TestSupport
import Testing

@testable import Supervisor

@Suite struct PortReservationTests {
  /// Listens as a node of `kabar up` does, ends a connection from its side, and leaves it in TIME_WAIT.
  private static let node = """
    import socket, sys
    port = int(sys.argv[1])
    def bind(*options):
      s = socket.socket()
      for option in options: s.setsockopt(socket.SOL_SOCKET, option, 1)
      s.bind(("127.0.0.1", port)); s.listen()
      return s
    listener = bind(socket.SO_REUSEADDR, socket.SO_REUSEPORT)
    client = socket.create_connection(("127.0.0.1", port))
    listener.accept()[0].close(); client.recv(1); client.close(); listener.close()
    try: bind(socket.SO_REUSEADDR); print("anybody")
    except OSError: print("its node alone")
    """

  private func serve(_ port: Int) throws -> String {
    let folder = try TestFolder()
    let node = try TestProcess("python3", ["-c", Self.node, "\(port)"], output: "\(folder.path)/out")
    #expect(node.waitUntilExit() == 0, "\(node.text)")
    return node.text
  }

  @Test func `a node's port is held for it alone, and found again behind old connections`() throws {
    // Where no other test looks: a cluster of theirs could take the port while nobody holds it.
    let first = 15_000 + Int(getpid()) % 4000
    var held = try PortReservation.http(from: first, count: 1)
    let port = held[0].port
    #expect(try serve(port) == "its node alone\n")
    #expect(try PortReservation.http(from: port, count: 1)[0].port > port, "two clusters hold one port")
    held = []
    held = try PortReservation.http(from: port, count: 1)
    #expect(held[0].port == port)
    #expect(try serve(port) == "its node alone\n")
    withExtendedLifetime(held) {}
  }
}

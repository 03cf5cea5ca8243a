// Whether the kernel moves a connection that nobody has accepted when its listener closes.
// Never changes the setting: it is the machine's.
// Any thread.

import Glibc

/// `net.ipv4.tcp_migrate_req` (Linux 5.14, Documentation/networking/ip-sysctl.rst). Without it a connection that completes in the
/// microseconds between a node's last accept and the end of its listener is reset, though other nodes listen on the port.
package enum ConnectionMigration {
  /// How a machine gets it.
  package static let advice =
    "a connection that is just being made when a node stops may be refused; to have it moved to another node: "
    + "sysctl -w net.ipv4.tcp_migrate_req=1"

  /// Whether it is on; `nil` if the kernel does not say.
  package static var isOn: Bool? {
    guard let file = fopen("/proc/sys/net/ipv4/tcp_migrate_req", "re") else { return nil }
    defer { fclose(file) }
    let digit = fgetc(file)
    return digit == EOF ? nil : digit != Int32(UInt8(ascii: "0"))
  }
}

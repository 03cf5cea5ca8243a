// Says in a file at which port operators ask this node: a probe beside it, as in its container, finds it there.
// Never lets half a number be read.
// While the node begins; any thread.

import Glibc

enum PortFile {
  /// Replaces the file as a whole (rename(2)), by way of one of the same name with `.new` behind it.
  static func write(_ port: Int, to path: String) throws {
    let new = path + ".new"
    func failure() -> Node.CannotStart { Node.CannotStart("cannot write \(path): \(String(cString: strerror(errno)))") }
    guard let file = fopen(new, "we") else { throw failure() }
    let isWritten = fputs("\(port)\n", file) >= 0
    // What was only buffered is written here: a full disk is found now.
    guard fclose(file) == 0, isWritten, rename(new, path) == 0 else { throw failure() }
  }
}

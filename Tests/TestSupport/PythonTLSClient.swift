// Owns: a TLS client that nobody here wrote: Python's ssl module (OpenSSL), told what to do.
// Must never: share code with the server or with our client.
// Runs on: any thread; one test owns it.
import Foundation

/// One connection of a Python program: it logs in, sends lines, prints each reply, then ends in one of several ways.
public final class PythonTLSClient: Sendable {
  /// How the connection ends.
  public enum Ending: String, CaseIterable, Sendable {
    /// close_notify, waits for ours, closes.
    case unwrap
    /// close_notify and FIN at once.
    case notify
    /// FIN without a word of TLS, as a program does that just ends.
    case cut
    /// The process is killed.
    case kill
    /// A reset.
    case reset
    /// close_notify and, half a second later, the end, with the last reply unread in the kernel.
    case unread
    /// None: the connection stays until the process is ended, and sends a `ping` when told to.
    case stay
  }

  private let folder: TestFolder
  private let process: TestProcess

  /// Starts it. `lines` are sent one after the other, each when the reply before has been read.
  public init(port: Int, trusting authority: String, lines: [String], ending: Ending) throws {
    folder = try TestFolder()
    let arguments = ["-u", "-c", Self.program, "\(port)", authority, ending.rawValue, "\(folder.path)/go"] + lines
    process = try TestProcess("python3", arguments, output: "\(folder.path)/output")
  }

  /// What it has printed: a line for each reply.
  public var output: [String] { process.text.split(separator: "\n").map(String.init) }

  /// Waits for its end.
  public func wait() { process.waitUntilExit() }

  /// Lets one that stays send another line.
  public func goOn() { _ = FileManager.default.createFile(atPath: "\(folder.path)/go", contents: nil) }

  private static let program = """
    import os, socket, ssl, struct, sys, time
    port, authority, ending, go, lines = int(sys.argv[1]), *sys.argv[2:5], sys.argv[5:]
    context = ssl.create_default_context(cafile=authority)
    raw = socket.create_connection(("127.0.0.1", port), timeout=10)
    tls = context.wrap_socket(raw, server_hostname="localhost")
    buffer = b""
    def reply():
        global buffer
        while b"\\r\\n\\r\\n" not in buffer:
            got = tls.recv(65536)
            if not got: raise SystemExit("closed")
            buffer += got
        one, buffer = buffer.split(b"\\r\\n\\r\\n", 1)
        print(one.decode())
    for index, line in enumerate(lines):
        tls.sendall(line.encode() + b"\\r\\n")
        if ending == "unread" and index == len(lines) - 1: time.sleep(0.7)
        else: reply()
    if ending == "unwrap": tls.unwrap().close()
    if ending in ("notify", "unread"):
        tls.setblocking(False)
        try: tls.unwrap()
        except ssl.SSLError: pass
        if ending == "unread": time.sleep(0.5)
        tls.close()
    if ending == "cut": tls.close()
    if ending == "kill": os.kill(os.getpid(), 9)
    if ending == "reset":
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        tls.close()
    if ending == "stay":
        while not os.path.exists(go): time.sleep(0.02)
        tls.sendall(b"ping\\r\\n")
        reply()
        time.sleep(60)
    """
}

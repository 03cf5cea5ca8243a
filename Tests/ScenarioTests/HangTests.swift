// Owns: what becomes of a node of which one event loop hangs, and of one that is halted as a whole.
// Must never: look into the node: a debugger's means (ptrace(2)) hold one of its threads.
// Runs on: swift-testing.
import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct HangTests {
  /// Holds the thread of a node's last event loop for as long as this program runs.
  private static let holder = """
    import ctypes, os, sys, time
    pid = int(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
    names = {open(f"/proc/{pid}/task/{thread}/comm").read(): int(thread) for thread in os.listdir(f"/proc/{pid}/task")}
    thread = names[max(name for name in names if name.startswith("NIO-ELT-"))]
    # While it waits for work: with a lock of the allocator in its hand, all other threads would soon hang, too.
    while "poll" not in open(f"/proc/{pid}/task/{thread}/wchan").read(): time.sleep(0.01)
    for request in PTRACE_SEIZE, PTRACE_INTERRUPT:
      if libc.ptrace(request, thread, None, None) != 0: sys.exit(os.strerror(ctypes.get_errno()))
    print("held", flush=True)
    # Until it is dead: before its tracer knows, its parent can't.
    WALL = 0x40000000
    while os.WIFSTOPPED(os.waitpid(thread, WALL)[1]): pass
    """

  @Test func `a node of which one event loop hangs ends, and its clients find another one`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini", "lineker")
    // Swift would show first where each thread is, and the one that is held doesn't answer.
    let node = try await ChatNode(
      "a", redis: redis, options: ["--hang-timeout", "2"], environment: ["SWIFT_BACKTRACE": "enable=no"])
    let lineker = try node.login("lineker")
    let other = try await ChatNode("b", redis: redis, port: node.port)
    let folder = try TestFolder()
    let holding = ContinuousClock.now
    let holder = try TestProcess(
      "python3", ["-c", Self.holder, "\(node.process.pid)"], output: "\(folder.path)/held")
    #expect(await eventually { holder.text.contains("held") || !holder.isRunning })
    try #require(holder.text.contains("held"), "\(holder.text)")
    #expect(await eventually { !node.process.isRunning }, "\(node.log)")
    // Counted from the loop's last answer, which on a busy machine may be a while before it is held.
    #expect(ContinuousClock.now - holding > .seconds(1))
    #expect(node.process.waitUntilExit() == SIGABRT)
    let line = node.log.split(separator: "\n").first { $0.contains("level=critical") }
    #expect(line?.contains("an event loop hangs; this node ends, to be started anew") == true, "\(node.log)")
    #expect(line?.contains("loop=1") == true, "\(node.log)")
    #expect(try lineker.isClosedByServer())
    // The kernel gives every connection to the other node now.
    for _ in 0..<20 {
      let arini = try other.login("arini")
      #expect(try arini.request("send lineker still here").isOK)
    }
  }

  /// Starts a node as the first process of a PID namespace, as containers do, fills the pipe that it logs to, and holds a thread.
  private static let blockedHolder = """
    import os, subprocess, sys
    holder, words = sys.argv[1], sys.argv[2:]
    reading, writing = os.pipe()
    node = subprocess.Popen(["unshare", "-rpf", "--kill-child", *words], stderr=writing)
    text = ""
    while "msg=ready" not in text: text += os.read(reading, 65536).decode()
    # Another description of the same pipe: the node's own must block.
    filler = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
    try:
      while True: os.write(filler, b"x")
    except BlockingIOError: pass
    first = open(f"/proc/{node.pid}/task/{node.pid}/children").read().split()[0]
    sys.argv = ["holder", first]
    exec(holder)
    print("status", node.wait(), flush=True)
    """

  @Test func `a node that is the first process of its container ends, also if nobody reads its log`() async throws {
    let redis = try await RedisServer()
    let folder = try TestFolder()
    let port = try TCPSocket.freePort()
    let words = ["serve", "--port", "\(port)", "--redis", redis.url, "--web-port", "0", "--hang-timeout", "2"]
    let run = try TestProcess(
      "python3", ["-c", Self.blockedHolder, Self.holder, kabarProgram] + words, output: "\(folder.path)/out")
    #expect(await eventually(within: 60) { !run.isRunning })
    run.kill()
    #expect(run.text.contains("held") && run.text.contains("status \(128 + SIGABRT)"), "\(run.text)")
  }

  @Test func `a node that is halted as a whole goes on afterwards`() async throws {
    let redis = try await RedisServer()
    try await redis.addAccounts("arini")
    let node = try await ChatNode("a", redis: redis, options: ["--hang-timeout", "1"])
    let arini = try node.login("arini")
    for _ in 0..<3 {
      node.process.signal(SIGSTOP)
      try await Task.sleep(for: .seconds(1.5))
      node.process.signal(SIGCONT)
      try await Task.sleep(for: .seconds(0.3))
      #expect(try arini.request("ping").isOK, "\(node.log)")
    }
    #expect(node.process.terminate() == 0, "\(node.log)")
  }
}

// `kabar status --watch`: the page, drawn again each second on a terminal of its own.
// Never lets a Redis that is slow or away keep the person who wants to leave.
// One task reads Redis, one the keys; what is drawn last is behind a lock.

import ChatState
import NIOCore
import RedisClient
import Synchronization

struct StatusWatch {
  private static let period = Duration.seconds(1)
  /// So long the page may be old before it says why.
  private static let patience = TimeAmount.seconds(2)

  let address: RedisAddress
  let terminal: RawTerminal

  /// Returns when the person leaves; the terminal is then as it was.
  func run() async throws {
    let screen = StatusScreen(terminal)
    let signals = await terminal.begin { screen.draw() }
    screen.show { _, _ in ["asking \(address) …", "", "q: leave"] }
    do {
      try await CommandLineRedis.with(address, name: "kabar-status", acceptsReplica: true, timeout: Self.patience) {
        redis in
        await withTaskGroup { group in
          group.addTask { await refresh(redis, screen) }
          await readKeys(screen)
          group.cancelAll()
          // Ends a question that waits for its answer.
          await redis.close()
        }
      }
    } catch {
      terminal.end(signals)
      throw error
    }
    terminal.end(signals)
  }

  private func refresh(_ redis: RedisHandle, _ screen: StatusScreen) async {
    let (reader, judge) = (StatusReader(redis: redis), StatusJudge(redisCLI: address.inspectCommand))
    var replicas: Set<String> = []
    while !Task.isCancelled {
      let next = ContinuousClock.now + Self.period
      do {
        let facts = try await reader.facts()
        let page = StatusPage(facts: facts, warnings: judge.warnings(facts, knownReplicas: replicas))
        replicas.formUnion(facts.redis.replicas.map(\.address))
        screen.show { page.lines(columns: $0, rows: $1) }
      } catch {
        if Task.isCancelled { return }
        let now = WallClock.now()
        let reason = await CommandLineRedis.words(for: error, of: redis, at: address)
        let line = ChatTranscript.safe("warning: Redis could not be asked: \(reason)")
        screen.show { columns, rows in
          (["Kabar at \(now)"] + StatusText.wrap(line, max(20, columns - 1)) + ["", "q: leave"]).suffix(rows)
        }
      }
      try? await Task.sleep(until: next)
    }
  }

  /// Returns when the person leaves or the terminal is gone.
  private func readKeys(_ screen: StatusScreen) async {
    var decoder = KeyDecoder()
    while let keys = await terminal.keys(by: &decoder) {
      for key in keys {
        switch key {
        case .text("q"), .text("Q"), .interrupt, .endOfInput: return
        case .suspend:
          terminal.suspend()
          screen.draw()
        case .redraw: screen.draw()
        default: break
        }
      }
    }
  }
}

/// What stands on the terminal.
private final class StatusScreen: Sendable {
  private let terminal: RawTerminal
  /// Makes the page for a size.
  private let page = Mutex<@Sendable (_ columns: Int, _ rows: Int) -> [String]>({ _, _ in [] })

  init(_ terminal: RawTerminal) { self.terminal = terminal }

  func show(_ new: @escaping @Sendable (_ columns: Int, _ rows: Int) -> [String]) {
    page.withLock { $0 = new }
    draw()
  }

  /// Line by line over what stood there, so that nothing flickers; one write. Under the lock: two drawings don't mix.
  func draw() {
    page.withLock { page in
      let lines = page(terminal.columns, terminal.rows)
      _ = terminal.write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J")
    }
  }
}

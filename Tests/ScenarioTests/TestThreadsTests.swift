// Owns: proof that a test which blocks keeps no other from its deadlines.
// Must never: need a node.
// Runs on: any task.
import Glibc
import Testing

struct TestThreadsTests {
  @Test func `a task goes on while others wait in system calls`() async {
    await withTaskGroup(of: Duration.self) { group in
      for _ in 0..<10 {
        group.addTask {
          sleep(2)
          return .seconds(2)
        }
      }
      let start = ContinuousClock.now
      group.addTask { ContinuousClock.now - start }
      #expect(await group.min()! < .seconds(1))
    }
  }
}

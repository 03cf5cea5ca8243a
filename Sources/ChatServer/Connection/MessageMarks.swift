// How the messages of a page are known again, in one piece of memory.
// Never keeps a message: thousands of connections remember what they were shown last.
// Pure value; on the event loop of its connection.

import ChatProtocol

/// The marks of messages that follow each other (`MessageRecord.mark`).
struct MessageMarks {
  private var bytes: [UInt8] = []
  /// Where each mark ends in `bytes`.
  private var ends: [Int32] = []

  init(of records: [MessageRecord]) {
    ends.reserveCapacity(records.count)
    for record in records {
      record.appendMark(to: &bytes)
      ends.append(Int32(bytes.count))
    }
  }

  var count: Int { ends.count }

  subscript(index: Int) -> [UInt8] {
    Array(bytes[(index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])])
  }
}

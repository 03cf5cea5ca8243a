// Reads comma-separated values as RFC 4180 has them, without a header.
// Never guesses: a quote that does not end is an error.
// Pure function; any thread. (The packaged library wants a header row and all of Foundation.)

/// Records of a CSV text.
enum CSVRecords {
  /// The fields of one record and the line on which it begins.
  struct Record: Equatable {
    var line: Int
    var fields: [String]
  }

  /// `nil` if the text ends within quotes. Empty lines and a byte order mark are skipped.
  static func parse(_ text: String) -> [Record]? {
    var records: [Record] = []
    var record = Record(line: 1, fields: [])
    var field = String.UnicodeScalarView()
    var line = 1
    var isQuoted = false
    var wasQuote = false  // a quote inside quotes: the end, or the first half of a doubled one
    var wasReturn = false

    func endField() {
      record.fields.append(String(field))
      field.removeAll()
    }
    func endRecord() {
      endField()
      if record.fields != [""] { records.append(record) }
      record = Record(line: line, fields: [])
    }

    // Code points, not characters: a comma or a quote is one also where a combining mark joins it.
    let scalars = text.unicodeScalars
    for scalar in scalars.first == "\u{FEFF}" ? scalars.dropFirst() : scalars[...] {
      let endsReturn = wasReturn && scalar == "\n"
      wasReturn = scalar == "\r"
      if wasReturn || scalar == "\n" && !endsReturn { line += 1 }
      if isQuoted {
        if wasQuote, scalar != "\"" { isQuoted = false }
        if isQuoted {
          if scalar != "\"" || wasQuote { field.append(scalar) }
          wasQuote = scalar == "\"" && !wasQuote
          continue
        }
      }
      wasQuote = false
      switch scalar {
      case "\"" where field.isEmpty: isQuoted = true
      case ",": endField()
      case "\n" where endsReturn: record.line = line
      case "\n", "\r": endRecord()
      default: field.append(scalar)
      }
    }
    if isQuoted, !wasQuote { return nil }
    endRecord()
    return records
  }
}

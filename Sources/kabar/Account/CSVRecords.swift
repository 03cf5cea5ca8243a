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

  /// `nil` if the text ends within quotes. Empty lines are skipped.
  static func parse(_ text: String) -> [Record]? {
    var records: [Record] = []
    var record = Record(line: 1, fields: [])
    var field = ""
    var line = 1
    var isQuoted = false
    var wasQuote = false  // a quote inside quotes: the end, or the first half of a doubled one

    func endRecord() {
      record.fields.append(field)
      if record.fields != [""] { records.append(record) }
      field = ""
      record = Record(line: line, fields: [])
    }

    for character in text {
      if character.isNewline { line += 1 }
      if isQuoted {
        if wasQuote, character != "\"" { isQuoted = false }
        if isQuoted {
          if character != "\"" || wasQuote { field.append(character) }
          wasQuote = character == "\"" && !wasQuote
          continue
        }
      }
      wasQuote = false
      switch character {
      case "\"" where field.isEmpty: isQuoted = true
      case ",":
        record.fields.append(field)
        field = ""
      case _ where character.isNewline: endRecord()
      default: field.append(character)
      }
    }
    if isQuoted, !wasQuote { return nil }
    endRecord()
    return records
  }
}

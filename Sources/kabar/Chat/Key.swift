// Owns: the keys that line editing knows.
// Must never: name bytes; KeyDecoder does.
// Runs on: values.

/// One press of a key, or one paste.
package enum Key: Equatable, Sendable {
  /// What the key types; never a control character.
  case text(String)
  /// What a terminal says was pasted: may hold anything.
  case paste(String)
  case enter
  case left, right, up, down, home, end, wordLeft, wordRight
  case backspace, delete
  /// ctrl-k, ctrl-u, ctrl-w
  case killToEnd, killToStart, killWord
  /// ctrl-c, ctrl-d, ctrl-z, ctrl-l
  case interrupt, endOfInput, suspend, redraw
}

// Owns: where the fuzzer of lines starts from, and its dictionary.
// Must never: hold what only a generator can read.
// Runs on: any thread; values.

extension LineProperties {
  private static let token = "0f8fad5b-d9cb-469f-a165-70867728950e"

  /// The byte 1 stands for 1,024 letters, the byte 2 for 31 (`CutBytes.stretch`).
  private static let texts = [
    "auth arini hehe\r\n", "AUTH Arini  he he \n", "auth arini\r\n", "auth -x pw\r\n",
    "passwd old new\r\n", "passwd \"my \\\"old\\\" one\" \"a \\\\ b\"\r\n", "passwd \"old new\r\n",
    "passwd old \" x\"\r\n",
    "send lineker piye kabare?\r\n", "send \(token) lineker piye kabare? \r\n", "@id=a-1 send lineker é🙂 \u{A0}\r\n",
    "@id= send a b\r\n", "@id=x\r\n", "send\r\nsend a\r\nsend \(token)\r\nsend . x\r\n",
    "inbox\r\ninbox \(token)\r\ninbox x\r\ninbox \(token) x\r\n",
    "ack 7\nack \(token) 7 5c1d8a52\nack 0\nack -1\nack 9007199254740992\nack 9007199254740993\nack x\nack 1 2 3\n",
    "user_aktif\r\nlogout\r\nresume \(token)\r\nresume\r\nlisten\r\nunlisten\r\nping\r\nhelp\r\nquit\r\nping x\r\n",
    "watch *\r\nwatch a b.c d_e\r\nwatch * a\r\nwatch\r\nunwatch\r\nunwatch a\r\nwatch .\r\n",
    "\r\n\n \r\n\r\r\nping\r\r\n", "ping", "ping\r", "no such command\r\n", "send a b\tc\r\n", "send a \u{85}\r\n",
    // The bounds: name, tag, password, text, line.
    "send \u{2}y x\r\nsend \u{2}yy x\r\n", "@id=\u{2}\u{2}xy ping\r\n@id=\u{2}\u{2}xyz ping\r\n",
    "auth a \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}12345678\r\n",
    "auth a \u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}123456789\r\n",
    "send a \u{1}\u{1}\u{1}\u{1}\r\nsend a \u{1}\u{1}\u{1}\u{1}1\r\n",
    "\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\r\nping\r\n", "\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}1\nping\n",
  ]

  private static let broken: [[UInt8]] = [
    [0x80], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x28, 0xA1], [0xF8, 0x88],
  ]

  /// Every text at once and cut; broken UTF-8 in a message.
  static let seeds =
    texts.flatMap { text in
      [[], [1, 7, 64]].map { cuts in
        var input = CutBytes.input(text.utf8, cut: cuts)
        if text.utf8.contains(where: { (1...2).contains($0) }) { input[0] |= CutBytes.stretching }
        return input
      }
    }
    + broken.map { CutBytes.input(Array("send a x".utf8) + $0 + [13, 10]) }

  static let words = [
    "auth ", "passwd ", "send ", "inbox", "ack ", "user_aktif", "logout", "resume ", "listen", "unlisten", "watch ",
    "unwatch ", "ping", "help", "quit", "@id=", token, "\r\n", "\n", "\\\"", "\"", " ", "*", "9007199254740992",
    "\u{85}", "é", "🙂",
  ]
}

// Owns: where the fuzzer of replies starts from, and its dictionary.
// Must never: hold what only a generator can read.
// Runs on: any thread; values.

extension ReplyProperties {
  private static let texts = [
    "+OK\r\n", "+\r\n", "-ERR no such thing\r\n", "-LOADING\r\n", ":0\r\n", ":-42\r\n", ":9223372036854775807\r\n",
    ":-9223372036854775808\r\n", ":9223372036854775808\r\n", ":01\r\n", ":+1\r\n", ":-0\r\n", ":4x\r\n", ":\r\n",
    "$-1\r\n", "$0\r\n\r\n", "$7\r\na\r\n\0$1b\r\n", "$5\r\npiyé\r\n", "$-2\r\n", "$1000\r\nx",
    "$999999999999999999999\r\n",
    "$9223372036854775807\r\nx", "$2\r\nabc\r\n", "*-1\r\n", "*0\r\n", "*3\r\n$-1\r\n*-1\r\n-ERR in\r\n",
    "*3\r\n*2\r\n:1\r\n*1\r\n+x\r\n*0\r\n$1\r\nz\r\n", "*6\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n", "*7\r\n:1\r\n",
    "*1000000000\r\n", "*-2\r\n", "*9223372036854775807\r\n", "*1\r\n*1000000000\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    "hello\r\n", "\r\n", "+a\rb\r\n", "_\r\n", "%1\r\n+a\r\n:1\r\n", "+OK\r\n:1\r\n$1\r\nx\r\n*1\r\n+y\r\n-E\r\n",
    // 128 bytes are allowed: one reply that just fits, one that does not.
    "$121\r\n" + String(repeating: "x", count: 121) + "\r\n", "$122\r\n" + String(repeating: "x", count: 122) + "\r\n",
  ]

  /// Every text at once, and cut.
  static let seeds = texts.map { CutBytes.input($0.utf8) } + texts.map { CutBytes.input($0.utf8, cut: [1, 2, 5]) }

  static let words = [
    "\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "*1\r\n", "*2\r\n", "*6\r\n", "*7\r\n", "$0\r\n\r\n", "$1\r\nx\r\n",
    ":1\r\n",
    "+OK\r\n", "-ERR x\r\n", "9223372036854775807", "-9223372036854775808", "1000000000", "4294967297",
  ]
}

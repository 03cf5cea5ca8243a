// Owns: the table of Redis addresses, good and bad.
// Must never: resolve a name.
// Runs on: any thread.
import TLS
import Testing

@testable import RedisClient

@Suite struct RedisAddressTests {
  @Test(arguments: [
    ("redis://127.0.0.1:6390", "127.0.0.1", 6390, 0), ("redis://db.example", "db.example", 6379, 0),
    ("redis://db.example:7000/2", "db.example", 7000, 2), ("redis://db/", "db", 6379, 0),
    ("redis://[::1]:6390/3", "::1", 6390, 3), ("redis://[fe80::1]", "fe80::1", 6379, 0),
    ("redis://db:65535", "db", 65535, 0), ("redis://db:1", "db", 1, 0),
  ])
  func `reads host, port and database`(text: String, host: String, port: Int, database: Int) throws {
    let address = try RedisAddress(text)
    #expect(address.endpoint == .tcp(host: host, port: port))
    #expect(address.database == database)
    #expect(address.user == nil && address.password == nil)
    #expect(try RedisAddress(address.description) == address)
  }

  @Test(arguments: [
    ("kabar:s3cret", "kabar", "s3cret"), (":s3cret", nil, "s3cret"), (":", nil, ""), ("k:p@ss:word", "k", "p@ss:word"),
    ("k%3Ab:p%2Fw%40%25", "k:b", "p/w@%"), (":%C3%A9%c3%a9", nil, "éé"),
  ])
  func `reads the login`(login: String, user: String?, password: String) throws {
    let address = try RedisAddress("redis://\(login)@db:7000/1")
    #expect(address.endpoint == .tcp(host: "db", port: 7000))
    #expect(address.user == user)
    #expect(address.password == password)
    #expect(address.description == "redis://db:7000/1")
  }

  @Test func `reads an address with TLS`() throws {
    let address = try RedisAddress("rediss://kabar:pw@db.example/3")
    #expect(address.endpoint == .tcp(host: "db.example", port: 6379))
    #expect(address.tls == ClientTLS() && address.password == "pw")
    #expect(address.description == "rediss://db.example:6379/3")
    var known = address
    known.tls = ClientTLS(trusted: "/ca", certificate: "/crt", key: "/key")
    #expect(
      known.inspectCommand == "redis-cli -h db.example -p 6379 --tls --cacert /ca --cert /crt --key /key --user kabar"
        + " --askpass -n 3")
  }

  @Test func `reads a socket file`() throws {
    let address = try RedisAddress("unix:///run/redis.sock")
    #expect(address.endpoint == .unix(path: "/run/redis.sock"))
    #expect(address.description == "unix:///run/redis.sock")
    #expect(RedisAddress(host: "h", port: 9).endpoint == .tcp(host: "h", port: 9))
  }

  @Test(arguments: [
    "", "db", "db:6379", "http://db", "rediss:/db", "rediss://", "redis:/db", "redis://", "redis:///1", "redis://:6379",
    "redis://db:0", "redis://db:65536", "redis://db:", "redis://db:x", "redis://db:-1", "redis://db/x", "redis://db/-1",
    "redis://[::1", "redis://[::1]6379", "redis://[]:1", "redis://::1", "redis://::1:6379", "redis://fe80::1",
    "unix://run/redis.sock", "unix://",
  ])
  func `refuses anything else`(text: String) {
    #expect(throws: RedisAddress.Invalid.self) { try RedisAddress(text) }
  }

  @Test(arguments: [
    "redis://s3cret@db", "redis://u:s3cret@", "redis://u:s3cret@db:x", "redis://u:s3cret%@db", "redis://u:s3cret%4@db",
    "redis://u:s3cret%zz@db", "redis://u:s3cret%+5@db", "redis://u:s3cret%FF@db", "redis://u:s3/cret@db",
    "redis://u:s3cret@db/x",
    "redis:u:s3cret@db", "unix://u:s3cret@db",
  ])
  func `an error keeps the password`(text: String) {
    #expect {
      try RedisAddress(text)
    } throws: { error in
      let words = "\(error)"
      return error is RedisAddress.Invalid && words.count > 10 && !words.contains("s3") && !words.contains("cret")
    }
  }

  @Test(arguments: [
    ("redis://127.0.0.1:6390", "redis-cli -h 127.0.0.1 -p 6390"),
    ("redis://db.example", "redis-cli -h db.example -p 6379"),
    ("redis://db.example:7000/2", "redis-cli -h db.example -p 7000 -n 2"),
    ("redis://:s3cret@db:7000/0", "redis-cli -h db -p 7000 --askpass"),
    ("redis://kabar:p@ss:word@db:7000", "redis-cli -h db -p 7000 --user kabar --askpass"),
    ("redis://[::1]:6390", "redis-cli -h ::1 -p 6390"),
    ("unix:///run/redis.sock", "redis-cli -s /run/redis.sock"),
  ])
  func `names the command that looks inside, without the password`(text: String, command: String) throws {
    #expect(try RedisAddress(text).inspectCommand == command)
  }
}

// Owns: proof that passwords are stored as the standards say.
// Must never: take a full hash's time: costs are small, but for the standard's own vectors.
// Runs on: any thread.
import ChatState
import Testing

@Suite struct PasswordHashTests {
  /// The test vectors of RFC 7914, section 12, in PHC string form (the fourth takes a gigabyte).
  @Test(
    arguments: [
      (
        "",
        "$scrypt$ln=4,r=1,p=1$$d9ZXYjhleyA7GcpCwYoEl/FrSETjB0ro39/6P+3iFEL80Aad7QlI+DJqdToPyB8X6NPg+y4NNijPNeIMONGJBg"
      ),
      (
        "password",
        "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfo"
          + "swGQA"
      ),
      (
        "pleaseletmein",
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A"
          + "1lHkDfzwF7RVdYhw"
      ),
    ])
  func `the vectors of RFC 7914`(password: String, stored: String) throws {
    let hash = try #require(PasswordHash(stored))
    #expect(hash.matches(password))
    #expect(!hash.matches(password + "x"))
    #expect(hash.description == stored)
  }

  @Test(arguments: ["hehe", "é", "e\u{301}", "🙂 \" \\ $", String(repeating: "p", count: 256)])
  func `a new hash is read back and matches`(password: String) throws {
    let cost = try #require(PasswordHash.Cost(checking: 2))
    let hash = try PasswordHash(password: password, cost: cost)
    #expect(hash.description.hasPrefix("$scrypt$ln=2,r=8,p=1$"))
    #expect(hash.description.wholeMatch(of: /\$scrypt\$ln=2,r=8,p=1\$[A-Za-z0-9+\/]{22}\$[A-Za-z0-9+\/]{43}/) != nil)
    let read = try #require(PasswordHash(hash.description))
    #expect(read.description == hash.description && read.cost == cost)
    #expect(read.matches(password) && !read.matches(password + " ") && !read.matches(""))
    #expect(try PasswordHash(password: password, cost: cost).description != hash.description, "each has its own salt")
  }

  @Test func `bytes decide, not letters`() throws {
    let hash = try PasswordHash(password: "é", cost: #require(PasswordHash.Cost(checking: 1)))
    #expect(!hash.matches("e\u{301}"))
  }

  private static let salt = "AAAAAAAAAAAAAAAAAAAAAA"
  private static let digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

  @Test(
    arguments: [
      "", "$", "$$$$", "hehe", "scrypt$ln=4,r=8,p=1$\(salt)$\(digest)", "$argon2id$ln=4,r=8,p=1$\(salt)$\(digest)",
      "$scrypt$ln=4,r=8,p=1$\(salt)", "$scrypt$ln=4,r=8,p=1$\(salt)$\(digest)$",
      "x$scrypt$ln=4,r=8,p=1$\(salt)$\(digest)",
      "$scrypt$ln=4,r=8,p=1$\(salt)$", "$scrypt$ln=4,r=8,p=1$\(salt)$AAAAAAAAAAAAAAAAAAAA",  // 15 bytes
      "$scrypt$ln=4,r=8,p=1$!$\(digest)", "$scrypt$ln=4,r=8,p=1$\(salt)$A*AAAAAAAAAAAAAAAAAAAAAAAA",
      "$scrypt$ln=4,r=8,p=1$A$\(digest)", "$scrypt$ln=4,r=8,p=1$\(salt)$\(digest)\n",
      "$scrypt$$\(salt)$\(digest)", "$scrypt$ln=4,r=8$\(salt)$\(digest)", "$scrypt$r=8,p=1$\(salt)$\(digest)",
      "$scrypt$ln=x,r=8,p=1$\(salt)$\(digest)", "$scrypt$ln,r=8,p=1$\(salt)$\(digest)",
      "$scrypt$ln=4=4,r=8,p=1$\(salt)$\(digest)",
    ])
  func `what is no such string is refused`(text: String) {
    #expect(PasswordHash(text) == nil)
  }

  @Test(
    arguments: [
      ("ln=1,r=8,p=1", true), ("ln=20,r=8,p=1", true), ("ln=0,r=8,p=1", false), ("ln=21,r=8,p=1", false),
      ("ln=-1,r=8,p=1", false), ("ln=63,r=8,p=1", false), ("ln=64,r=8,p=1", false),
      ("ln=99999999999999999999,r=8,p=1", false), ("ln=4,r=1,p=1", true), ("ln=4,r=32,p=1", true),
      ("ln=4,r=0,p=1", false), ("ln=4,r=33,p=1", false), ("ln=4,r=8,p=16", true), ("ln=4,r=8,p=0", false),
      ("ln=4,r=8,p=17", false),
      // Each within its bounds, together gigabytes and minutes; and outside scrypt's own domain.
      ("ln=20,r=32,p=16", false), ("ln=20,r=9,p=1", false), ("ln=20,r=8,p=2", false), ("ln=16,r=8,p=16", true),
      ("ln=16,r=1,p=1", false), ("ln=15,r=1,p=1", true),
    ])
  func `parameters within their bounds`(parameters: String, isTaken: Bool) {
    #expect((PasswordHash("$scrypt$\(parameters)$\(Self.salt)$\(Self.digest)") != nil) == isTaken)
  }

  @Test func `costs of new hashes`() {
    #expect(PasswordHash.Cost.standard.log2n == 15)
    #expect(PasswordHash.Cost(checking: 0) == nil && PasswordHash.Cost(checking: 21) == nil)
    #expect(PasswordHash.Cost(checking: 1) != nil && PasswordHash.Cost(checking: 20) != nil)
    #expect(PasswordHash.Cost(checking: 15, blockSize: 16, parallelism: 2) != nil)
    #expect(
      PasswordHash.Cost(checking: 20, blockSize: 9) == nil && PasswordHash.Cost(checking: 16, blockSize: 1) == nil)
    #expect(PasswordHash.ofNobody(cost: .standard).cost == .standard)
  }
}

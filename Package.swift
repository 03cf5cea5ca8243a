// swift-tools-version: 6.2
// Layers are targets: an arrow that is not in this file does not compile.
//   kabar → ChatServer → ChatState → RedisClient → CHiredis;   ChatProtocol below all;   ChatClient beside the server.
//   TLS below RedisClient, ChatServer and ChatClient: the one place that knows the TLS library.
//   kabar → Supervisor → CProcess: `kabar up` knows processes, not chat.
import PackageDescription

var strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// Set by deploy/fuzz alone, to libFuzzer's library. Our own code is instrumented, not what it builds on: so coverage counts
// what is fuzzed, and BoringSSL, which is not, stays quick to build.
let libFuzzer = Context.environment["KABAR_FUZZ"]
if libFuzzer != nil { strict.append(.unsafeFlags(["-sanitize=address,fuzzer"])) }

let package = Package(
  name: "kabar",
  products: [
    .executable(name: "kabar", targets: ["kabar"]),
    .library(name: "ChatClient", targets: ["ChatClient"]),
  ],
  dependencies: [
    // Sockets, event loops, buffers: everything on the path of a message.
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
    // The page compressed, by NIO's own handler for it.
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
    // TLS for clients and for Redis: BoringSSL in a channel handler, so the loops and the sockets stay NIO's.
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
    // scrypt, SHA-256 and secure random numbers: cryptography is never our own.
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
    // Ring buffers (Deque) for every first-in-first-out queue, ordered sets.
    .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    // The command line: parsing, --help, completions.
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
    // The file of settings: YAML with the line of each value, for errors that name it.
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    // Signals and orderly shutdown of the node process.
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    // Latency of the load generator: percentiles over many orders of magnitude at a fixed relative error.
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", exact: "0.2.0"),
    // Logging with levels and metadata, behind the ecosystem's common interface.
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CHiredis", pkgConfig: "hiredis",
      providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
    .target(name: "ChatProtocol", swiftSettings: strict),
    .target(
      name: "TLS",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: strict),
    .target(
      name: "RedisClient",
      dependencies: [
        "CHiredis", "TLS",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .target(
      name: "ChatState",
      dependencies: [
        "ChatProtocol", "RedisClient",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
      ],
      resources: [
        // Each script is a file; the build embeds it as bytes.
        .embedInCode("Accounts/account_add.lua"),
        .embedInCode("Accounts/account_disable.lua"),
        .embedInCode("Accounts/account_enable.lua"),
        .embedInCode("Accounts/account_replace_password.lua"),
        .embedInCode("Accounts/account_set_password.lua"),
        .embedInCode("Accounts/login_attempt.lua"),
        .embedInCode("Blocks/block_enforce.lua"),
        .embedInCode("Blocks/block_lift.lua"),
        .embedInCode("Blocks/block_list.lua"),
        .embedInCode("Check/active_recount.lua"),
        .embedInCode("Check/inbox_mend.lua"),
        .embedInCode("Check/inbox_slice.lua"),
        .embedInCode("Check/node_forget.lua"),
        .embedInCode("Inboxes/inbox_advance.lua"),
        .embedInCode("Inboxes/inbox_append.lua"),
        .embedInCode("Inboxes/inbox_deliver.lua"),
        .embedInCode("Inboxes/inbox_shown.lua"),
        .embedInCode("Presence/node_remove.lua"),
        .embedInCode("Presence/node_renew.lua"),
        .embedInCode("Presence/presence_announce.lua"),
        .embedInCode("Presence/presence_set.lua"),
        .embedInCode("Sessions/session_end.lua"),
        .embedInCode("Sessions/session_index.lua"),
        .embedInCode("Sessions/session_open.lua"),
        .embedInCode("Sessions/session_use.lua"),
      ], swiftSettings: strict),
    // What browsers load: each file of a page is a file here; the build embeds it as bytes.
    .target(
      name: "WebPages",
      resources: [
        .embedInCode("Chat/icon.svg"),
        .embedInCode("Chat/index.html"),
        .embedInCode("Chat/style.css"),
        .embedInCode("Chat/app.js"),
        .embedInCode("Chat/connection.js"),
        .embedInCode("Chat/history.js"),
        .embedInCode("Chat/links.js"),
        .embedInCode("Chat/sending.js"),
        .embedInCode("Chat/texts.js"),
        .embedInCode("Chat/view.js"),
        .embedInCode("colours.css"),
        .embedInCode("Cluster/cluster.css"),
        .embedInCode("Cluster/cluster.html"),
        .embedInCode("Cluster/cluster.js"),
      ], swiftSettings: strict),
    .target(
      name: "ChatServer",
      dependencies: [
        "ChatProtocol", "ChatState", "RedisClient", "TLS", "WebPages",
        .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .target(
      name: "ChatClient",
      dependencies: [
        "ChatProtocol", "TLS",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .systemLibrary(name: "CProcess"),
    .target(name: "Supervisor", dependencies: ["CProcess"], swiftSettings: strict),
    // Load, and what it cost: `kabar bench`. Knows the two wires, not how a cluster is started.
    .target(
      name: "Bench",
      dependencies: [
        "ChatProtocol", "ChatState", "RedisClient",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "kabar",
      dependencies: [
        "Bench", "ChatClient", "ChatServer", "ChatState", "RedisClient", "ChatProtocol", "Supervisor", "TLS",
        "WebPages",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    // What the tests share: real servers, plain clients.
    .target(name: "TestSupport", dependencies: ["CProcess"], path: "Tests/TestSupport", swiftSettings: strict),
    // Faults against a whole cluster, and the check that nothing was lost: `deploy/chaos`.
    .executableTarget(
      name: "chaos",
      dependencies: [
        "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tests/Chaos", swiftSettings: strict),
    // Attacks on a whole cluster, with people beside them who just use it: `deploy/attack`.
    .systemLibrary(name: "CEpoll", path: "Tests/CEpoll"),
    .executableTarget(
      name: "attack",
      dependencies: [
        "CEpoll", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "DequeModule", package: "swift-collections"),
      ], path: "Tests/Attack", swiftSettings: strict),
    .testTarget(
      name: "AttackTests",
      dependencies: [
        "attack", "kabar", "TestSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    // What holds for any bytes that strangers send: the ordinary tests run it over the seeds, `deploy/fuzz` over millions.
    .target(
      name: "Fuzz",
      dependencies: [
        "ChatProtocol", "ChatServer", "ChatState", "RedisClient", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"), .product(name: "NIOWebSocket", package: "swift-nio"),
      ], path: "Tests/Fuzz", swiftSettings: strict),
    .testTarget(name: "FuzzTests", dependencies: ["Fuzz"], swiftSettings: strict),
    .testTarget(name: "ChaosTests", dependencies: ["chaos", "kabar", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "ChatProtocolTests", dependencies: ["ChatProtocol", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "BenchTests",
      dependencies: [
        "Bench", "kabar", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "TLSTests",
      dependencies: [
        "TLS", .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "RedisClientTests",
      dependencies: [
        "CHiredis", "RedisClient", "TLS", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .testTarget(
      name: "ChatStateTests",
      dependencies: [
        "ChatState", "ChatProtocol", "RedisClient", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .testTarget(
      name: "ChatServerTests",
      dependencies: [
        "ChatServer", "ChatState", "ChatProtocol", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "KabarTests",
      dependencies: [
        "kabar", "ChatProtocol", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"),
      ], swiftSettings: strict),
    // Threads for tests that block. All tests are one program, and this goes with it.
    .target(name: "CTestThreads", path: "Tests/CTestThreads"),
    .testTarget(
      name: "ScenarioTests", dependencies: ["CTestThreads", "ChatClient", "ChatProtocol", "TestSupport", "kabar"],
      resources: [.embedInCode("rolling_restart.py")], swiftSettings: strict),
    .testTarget(
      name: "CheckTests", dependencies: ["ChatState", "RedisClient", "TestSupport", "kabar"], swiftSettings: strict),
    .testTarget(name: "StatusTests", dependencies: ["ChatProtocol", "TestSupport", "kabar"], swiftSettings: strict),
    .testTarget(name: "SupervisorTests", dependencies: ["Supervisor", "TestSupport", "kabar"], swiftSettings: strict),
    .testTarget(
      name: "ChatClientTests",
      dependencies: [
        "ChatClient", "TestSupport", "kabar",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
  ]
)

if let libFuzzer {
  package.targets.append(
    .executableTarget(
      name: "fuzzer", dependencies: ["Fuzz"], path: "Tests/Fuzzer", swiftSettings: strict,
      linkerSettings: [.unsafeFlags(["-sanitize=address", libFuzzer, "-lstdc++"])]))
}

// Tests as in a debug build, whatever they test: an object lives to the end of its scope (a test's nodes end with theirs), and they
// are quicker to build.
for target in package.targets where target.type == .test || target.name == "TestSupport" {
  target.swiftSettings?.append(.unsafeFlags(["-Onone"], .when(configuration: .release)))
}

// Owns: a program that behaves towards the supervisor like a node: it says READY=1 and ends on SIGINT and SIGTERM.
// Must never: need more than Debian's essential packages (perl-base).
// Runs on: as a process of its own.

/// The stand-in. It takes `serve`'s options and appends lines to the file KABAR_TEST_LOG: `NAME started ANSWER`,
/// `NAME ready`, `NAME stopping ANSWER` (SIGINT), `NAME draining ANSWER` (SIGTERM), `NAME says more` (SIGUSR1), where ANSWER is what the Redis named by KABAR_REDIS said to PING.
enum StandInNode {
  /// Behaviours, chosen by the variable KABAR_TEST_NODE.
  enum Behaviour: String {
    case normal
    /// Never says that it is ready.
    case silent
    /// Ignores both.
    case stubborn
    /// Ends with status 7 at once.
    case broken
  }

  static let script = #"""
    #!/usr/bin/perl
    use strict; use warnings; use Socket; use IO::Socket::INET;
    my %option; for (1 .. $#ARGV) { $option{$1} = $ARGV[$_] if $ARGV[$_ - 1] =~ /^--(.*)/ }
    my ($name, $mode) = ($option{node}, $ENV{KABAR_TEST_NODE});
    sub note { open(my $log, '>>', $ENV{KABAR_TEST_LOG}) or die; syswrite($log, "$name @_\n"); close $log }
    sub redis {
      my ($host, $port) = $ENV{KABAR_REDIS} =~ m{^redis://([^:]+):(\d+)$} or return 'no-url';
      my $redis = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or return 'no-redis';
      print $redis "PING\r\n"; my $answer = <$redis>; return $answer =~ s/\s+$//r;
    }
    if ($mode eq 'broken') { print STDERR "$name: cannot work like this\n"; exit 7 }
    sub ending { my ($word) = @_; return $mode eq 'stubborn' ? 'IGNORE' : sub { note($word, redis()); exit 0 } }
    ($SIG{INT}, $SIG{TERM}) = (ending('stopping'), ending('draining'));
    $SIG{USR1} = sub { note('says more') };
    note('started', redis());
    select(undef, undef, undef, 0.2);
    if ($mode ne 'silent') {
      note('ready');
      socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die;
      send($socket, "STATUS=serving\nREADY=1", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die "no NOTIFY_SOCKET: $!";
    }
    sleep 1 while 1;
    """#
}

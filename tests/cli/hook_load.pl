#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# hook_load.pl SOCKET QUESTIONS [PER-SECOND]: many hooks at once, as a busy site has them. Several
# clients ask, each one question after another, and check each answer against what it must be. Prints
# how many were right; exits 1 where one was wrong, lost or cut short. PER-SECOND: keep this pace.
use strict;
use warnings;
use IO::Socket::UNIX;
use Time::HiRes qw(time sleep);

my ($path, $questions, $pace) = @ARGV;
my $clients = 16;
$SIG{PIPE} = 'IGNORE';

sub field { return pack('N', length $_[0]) . $_[0] }

sub domain {
    my ($n, $type) = @_;
    return sprintf "<domain type='%s'><name>load%d</name>"
        . "<uuid>6c6f6164-0000-4000-8000-%012d</uuid><memory unit='KiB'>1024</memory><vcpu>1</vcpu>"
        . "<os><type arch='i686'>hvm</type></os><devices><graphics type='vnc' passwd='hunter2'/></devices>"
        . "</domain>", $type, $n, $n;
}

# host, driver, operation; then the status, and what the sentence begins with.
my @kinds = (
    ['kvm1', 'qemu',    'prepare', 0, ''],
    ['kvm1', 'qemu',    'start',   0, ''],
    ['kvm1', 'qemu',    'started', 0, ''],
    ['kvm2', 'qemu',    'start',   1, 'host kvm2 is in maintenance'],
    ['kvm1', 'qemu',    'release', 0, ''],
    ['kvm2', 'qemu',    'stopped', 0, ''],
    ['kvm2', 'qemu',    'migrate', 1, 'host kvm2 is in maintenance'],
    ['kvm1', 'qemu',    'migrate', 0, ''],
    ['kvm1', 'lxc',     'start',   0, ''],
    ['kvm1', 'qemu',    'release', 0, ''],
    ['kvm2', 'network', 'start',   0, ''],
    ['kvm2', 'libxl',   'prepare', 1, 'host kvm2 is in maintenance'],
);

# "" where the answer is right.
sub ask {
    my ($n, $client) = @_;
    my ($host, $driver, $operation, $status, $sentence) = @{$kinds[$n % @kinds]};
    my $socket = IO::Socket::UNIX->new(Peer => $path) or return "no connection: $!";
    my $input = $driver eq 'network' ? '<hookData/>' : domain($client, $driver);
    my $frame = 'DROVHK01' . pack('N', 7);
    $frame .= field($_) for $host, $driver, "load$client", $operation, 'begin', '-', $input;
    for (my $sent = 0; $sent < length $frame;) {
        my $more = syswrite($socket, $frame, length($frame) - $sent, $sent);
        return "cannot send: $!" unless $more;
        $sent += $more;
    }
    my $answer = '';
    1 while sysread($socket, $answer, 65536, length $answer);
    return 'no whole answer' if length $answer < 20;
    my ($magic, $said, $length) = unpack('a8NN', $answer);
    my $text = substr $answer, 16, $length;
    return "answered $said \"$text\"" if $magic ne 'DROVHK01' || $said != $status;
    return "said \"$text\"" if index($text, $sentence) != 0;
    return length $answer == 20 + $length ? '' : 'more than an answer';
}

pipe(my $reader, my $writer) or die "pipe: $!";
my $begin = time;
for my $client (0 .. $clients - 1) {
    next if fork;
    close $reader;
    my ($right, $wrong) = (0, '');
    for (my $n = $client; $n < $questions; $n += $clients) {
        if ($pace) {
            my $wait = $begin + $n / $pace - time;
            sleep $wait if $wait > 0;
        }
        # Each client has a VM of its own, and goes through all kinds of questions with it.
        my $problem = ask(($n - $client) / $clients, $client);
        $right++ if $problem eq '';
        $wrong ||= "question $n: $problem" if $problem ne '';
    }
    syswrite $writer, "$right $wrong\n";
    exit 0;
}
close $writer;
my ($right, @wrong) = (0);
while (<$reader>) {
    chomp;
    my ($n, $problem) = split / /, $_, 2;
    $right += $n;
    push @wrong, $problem if $problem;
}
print "$right of $questions answered as they must be\n";
print "$_\n" for @wrong;
exit($right == $questions && !@wrong ? 0 : 1);
